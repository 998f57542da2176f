/**
 * Voice messages as WhatsApp has them: Opus in Ogg. Some browsers record Opus only in WebM; its packets are then put into
 * Ogg pages (RFC 3533, RFC 7845) without touching the sound.
 */
export class VoiceRecorder {
  #recorder = null;
  #chunks = [];

  get active() {
    return this.#recorder !== null;
  }

  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const type = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus'].find((one) => MediaRecorder.isTypeSupported(one));
    this.#chunks = [];
    this.#recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 24_000 });
    this.#recorder.ondataavailable = ({ data }) => this.#chunks.push(data);
    this.#recorder.start();
  }

  /** The recording as a blob of type `audio/ogg; codecs=opus`. */
  async stop() {
    const recorder = this.#recorder;
    this.#recorder = null;
    const ended = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.stop();
    await ended;
    recorder.stream.getTracks().forEach((track) => track.stop());
    const bytes = new Uint8Array(await new Blob(this.#chunks).arrayBuffer());
    const ogg = recorder.mimeType.startsWith('audio/ogg') ? bytes : oggFromWebm(bytes);
    return new Blob([ogg], { type: 'audio/ogg; codecs=opus' });
  }
}

const containers = new Set([0x18538067, 0x1654ae6b, 0xae, 0x1f43b675, 0xa0]);
const codecPrivate = 0x63a2;
const simpleBlock = 0xa3;
const block = 0xa1;

/** The Opus head and packets of a WebM file (RFC 8794, RFC 9559). */
function readWebm(bytes) {
  const found = { head: null, packets: [] };
  let at = 0;
  const vint = (keepMarker) => {
    const length = Math.clz32(bytes[at]) - 23;
    let value = keepMarker ? bytes[at] : bytes[at] & (0xff >> length);
    let unknown = value === 0xff >> length;
    for (let index = 1; index < length; index += 1) {
      unknown &&= bytes[at + index] === 0xff;
      value = value * 256 + bytes[at + index];
    }
    at += length;
    return { value, unknown: unknown && !keepMarker };
  };
  while (at < bytes.length) {
    const id = vint(true).value;
    const size = vint(false);
    if (containers.has(id)) continue;
    if (size.unknown) throw new Error('the recording cannot be read');
    const content = bytes.subarray(at, at + size.value);
    if (id === codecPrivate) found.head = content;
    // One byte of track number, two of time, one of flags; a recorder of one track uses no lacing.
    if (id === simpleBlock || id === block) found.packets.push(content.subarray(4));
    at += size.value;
  }
  if (!found.head) throw new Error('the recording is not Opus');
  return found;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function page(packet, { flags, granule, serial, sequence }) {
  const lacing = [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255];
  const bytes = new Uint8Array(27 + lacing.length + packet.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  bytes[26] = lacing.length;
  bytes.set(lacing, 27);
  bytes.set(packet, 27 + lacing.length);
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 0xff];
  view.setUint32(22, crc >>> 0, true);
  return bytes;
}

/** Samples at 48 kHz in a packet, by its first bytes (RFC 6716, section 3.1). */
function samples(packet) {
  const config = packet[0] >> 3;
  const frame = config < 12 ? [480, 960, 1920, 2880][config & 3] : config < 16 ? [480, 960][config & 1] : [120, 240, 480, 960][config & 3];
  const code = packet[0] & 3;
  return frame * (code === 0 ? 1 : code === 3 ? packet[1] & 63 : 2);
}

function oggFromWebm(bytes) {
  const { head, packets } = readWebm(bytes);
  const serial = 1;
  const vendor = new TextEncoder().encode('sandbox');
  const tags = Uint8Array.from([...new TextEncoder().encode('OpusTags'), vendor.length, 0, 0, 0, ...vendor, 0, 0, 0, 0]);
  const pages = [page(head, { flags: 2, granule: 0, serial, sequence: 0 }), page(tags, { flags: 0, granule: 0, serial, sequence: 1 })];
  let granule = 0;
  packets.forEach((packet, index) => {
    granule += samples(packet);
    pages.push(page(packet, { flags: index === packets.length - 1 ? 4 : 0, granule, serial, sequence: index + 2 }));
  });
  const whole = new Uint8Array(pages.reduce((total, one) => total + one.length, 0));
  let at = 0;
  for (const one of pages) {
    whole.set(one, at);
    at += one.length;
  }
  return whole;
}
