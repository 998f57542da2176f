import { createReadStream } from 'node:fs';
import { errorCode } from '../config/error-code.ts';
import { CodedError } from '../model/errors.ts';
import type { NetworkEvent } from '../model/events.ts';
import { NotThisNetwork } from '../networks/network.ts';
import { bodiesIn } from './capture.ts';
import type { Network, Webhook } from '../networks/network.ts';

/** What the bridge would make of a captured webhook body. */
export interface Inspection {
  readonly events: readonly NetworkEvent[];
  readonly unsupported: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * The bytes of a captured body: those of a file, or of standard input where it is called `-`. No more is read than one
 * body can have, and a little, so that its size is seen.
 * @throws CodedError DB-1008 where the file cannot be read
 */
export async function readBody(file: string, stdin: AsyncIterable<Uint8Array>, network: Network): Promise<Uint8Array> {
  const enough = Math.max(0, ...readers(network).map(({ maxBody }) => maxBody)) + 1;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of file === '-' ? stdin : createReadStream(file, { end: enough - 1 }) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= enough) break;
    }
  } catch (error) {
    throw new CodedError('DB-1008', `${file === '-' ? 'Standard input' : file} cannot be read (${errorCode(error)}).`, 'Name a file that holds the raw body, or - for standard input.', { cause: error });
  }
  return Buffer.concat(chunks);
}

/**
 * Decodes a body as the daemon would, without signature, config or homeserver. Where it is none, but a tool's record of one
 * or several, those are decoded.
 * What has no counterpart is listed under `unsupported`; a message of which only some parts have none is in both lists.
 * @throws CodedError DB-4001 where the body is not this network's
 */
export function inspect(network: Network, raw: Uint8Array): Inspection {
  const hooks = readers(network);
  const refusals: string[] = [];
  for (const hook of hooks) {
    const found = attempt(hook, raw);
    if (found.ok) return found.inspection;
    refusals.push(found.reason);
    const recorded = fromRecord(hook, raw);
    if (recorded !== null) return recorded;
  }
  const reason = [...new Set(refusals)].join('; ') || 'this network sends no webhooks';
  throw new CodedError('DB-4001', `This is no webhook body of ${network.name}: ${reason}.`,
    `Give the raw body of one POST from ${network.name}, unchanged, as it stood in the request.`);
}

type Reader = Pick<Webhook, 'maxBody' | 'split' | 'decode'>;
/** A capture of frames or answers may hold many of them. */
const MAX_CAPTURE = 64 * 1024 * 1024;

/** What was captured may be a webhook's body, or what the adapter hears in another way. */
function readers({ webhooks, capture }: Network): readonly Reader[] {
  return [...(capture === undefined ? [] : [{ ...capture, maxBody: MAX_CAPTURE }]), ...webhooks.filter(({ method }) => method === 'POST')];
}

type Attempt = { readonly ok: true; readonly inspection: Inspection } | { readonly ok: false; readonly reason: string };

/** Null unless at least one of the bodies in it is understood; of the others it is said that they are not. */
function fromRecord(hook: Reader, raw: Uint8Array): Inspection | null {
  const found = bodiesIn(raw, hook.maxBody).map((body) => attempt(hook, body));
  if (!found.some(({ ok }) => ok)) return null;
  const all = found.map((each, index) => each.ok ? each.inspection : { events: [], unsupported: [{ what: `body ${index + 1}`, reason: `It is no webhook body of this network: ${each.reason}.` }] });
  return { events: all.flatMap(({ events }) => events), unsupported: all.flatMap(({ unsupported }) => unsupported) };
}

function attempt(hook: Reader, raw: Uint8Array): Attempt {
  if (raw.byteLength === 0) return { ok: false, reason: 'it is empty' };
  if (raw.byteLength > hook.maxBody) return { ok: false, reason: `it is larger than ${hook.maxBody} bytes, the most that a body may have` };
  let pieces: readonly unknown[];
  try {
    pieces = hook.split(raw);
  } catch (error) {
    if (error instanceof NotThisNetwork || error instanceof SyntaxError) return { ok: false, reason: withoutStop(error.message) };
    throw error;
  }
  const events: NetworkEvent[] = [];
  const unsupported: { what: string; reason: string }[] = [];
  const broken: string[] = [];
  for (const piece of pieces) {
    try {
      for (const { items } of hook.decode(piece)) for (const { event } of items) sort(event, events, unsupported);
    } catch (error) {
      // The daemon keeps such a piece as it came and goes on with the others; so does this.
      broken.push(withoutStop(error instanceof Error ? error.message : String(error)));
    }
  }
  if (broken.length > 0 && broken.length === pieces.length) return { ok: false, reason: broken.join('; ') };
  return { ok: true, inspection: { events, unsupported: [...unsupported, ...broken.map((reason) => ({ what: 'undecodable', reason }))] } };
}

function sort(event: NetworkEvent, events: NetworkEvent[], unsupported: { what: string; reason: string }[]): void {
  if (event.type === 'unsupported') {
    unsupported.push({ what: event.what, reason: event.reason });
    return;
  }
  const parts = event.type === 'message' || event.type === 'edit' ? event.parts : [];
  const lost = parts.filter((part) => part.kind === 'unsupported');
  unsupported.push(...lost.map(({ what, reason }) => ({ what, reason })));
  if (lost.length === 0 || lost.length < parts.length) events.push(event);
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}
