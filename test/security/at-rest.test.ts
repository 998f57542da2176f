import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CapturedLog } from '../kit/captured-log.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Chat, Siege } from '../kit/hostile/siege.ts';
import { pending, rows } from '../kit/invariants/database.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { type SampleKind, Samples } from '../kit/talk/samples.ts';

/** What people wrote, called their files and keep in their phone books: in its room, and nowhere else. */
const CANARY = 'cnry-';
let siege: Siege;
let chat: Chat;
let samples: Samples;
let log: CapturedLog;

beforeAll(async () => {
  log = new CapturedLog();
  siege = await Siege.lay({ withoutDaemon: true, delivery: { target_wait: '300ms', media_wait: '300ms', max_block: '1s', settle_wait: '300ms', status_events: true } });
  // What a converter was working on when the program was killed.
  await mkdir(join(siege.stack.dir, 'data', 'work', 'work-left'), { recursive: true, mode: 0o700 });
  await writeFile(join(siege.stack.dir, 'data', 'work', 'work-left', 'in'), `${CANARY}left`);
  await siege.stack.start();
  chat = await siege.chat('Bob', '31611111111');
  samples = await Samples.make();
}, 60_000);

afterAll(async () => {
  await siege.close();
  log.end();
});

/** Everything below the folder of the config but the config itself, as bytes. */
async function onDisk(): Promise<{ readonly name: string; readonly bytes: Buffer }[]> {
  // What a converter works in may be gone while it is looked at.
  const within = async (name: string): Promise<string[]> => (await readdir(join(siege.stack.dir, name)).catch(() => [])).map((one) => join(name, one));
  const top = await within('');
  const names = [...top, ...(await Promise.all(['data', join('data', 'spool'), join('data', 'work')].map(within))).flat()];
  const inWork = (await Promise.all(names.filter((name) => name.startsWith(join('data', 'work', 'work-'))).map(within))).flat();
  names.push(...inWork);
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(siege.stack.dir, name)).catch(() => Buffer.alloc(0)) })));
  return files.filter(({ name }) => !name.endsWith('.yaml'));
}

/** Where a canary stands, in any notation. */
function places(files: readonly { readonly name: string; readonly bytes: Buffer }[]): string[] {
  const forms = [CANARY, CANARY.toUpperCase(), Buffer.from(CANARY, 'utf16le').toString('latin1'), Buffer.from(CANARY).toString('hex'), Buffer.from(`${CANARY}x`).toString('base64').slice(0, 6)];
  return files.filter(({ bytes }) => {
    const text = bytes.toString('latin1');
    return forms.some((form) => text.includes(form));
  }).map(({ name }) => name);
}

const KINDS: readonly SampleKind[] = ['image', 'video', 'audio', 'voice', 'file', 'sticker'];

function fromPhone(): void {
  const { person } = chat;
  const said = person.sendText(`${CANARY}text *bold*`);
  person.reply(said, `${CANARY}answer`);
  person.edit(said, `${CANARY}edited`);
  person.sendLocation({ latitude: 1, longitude: 2, name: `${CANARY}place`, address: `${CANARY}street` });
  person.sendContacts([{ name: { formatted_name: `${CANARY}friend` }, phones: [{ phone: `${CANARY}number` }], emails: [{ email: `${CANARY}mail` }] }]);
  person.order({ catalog_id: '1', text: `${CANARY}note`, product_items: [{ product_retailer_id: `${CANARY}soup`, quantity: 1, item_price: 1, currency: 'EUR' }] });
  person.referral(`${CANARY}question`, { source_url: `https://x.test/${CANARY}`, source_type: 'ad', headline: `${CANARY}headline` });
  person.sendInteractive({ type: 'nfm_reply', nfm_reply: { name: 'flow', body: `${CANARY}body`, response_json: JSON.stringify({ answer: `${CANARY}secret` }) } });
  person.sendRaw('unknown_kind', { words: `${CANARY}words` });
  person.sendUnsupported();
}

async function filesFromPhone(): Promise<void> {
  for (const kind of KINDS) {
    const { bytes, mime, extension } = samples.of(kind, `${CANARY}bytes`);
    await chat.person.sendMedia(kind === 'file' ? 'document' : kind === 'voice' ? 'audio' : kind, bytes, { mime, caption: `${CANARY}caption`, filename: `${CANARY}name.${extension}`, ...(kind === 'voice' ? { voice: true } : {}) });
  }
}

function fromMatrix(): void {
  const { room, owner } = chat;
  const said = owner.send(room, `${CANARY}out`);
  owner.send(room, { msgtype: 'm.text', body: `* ${CANARY}fixed`, 'm.new_content': { msgtype: 'm.text', body: `${CANARY}fixed` }, 'm.relates_to': { rel_type: 'm.replace', event_id: said } });
  owner.send(room, { msgtype: 'm.location', body: 'x', geo_uri: 'geo:1,2', 'org.matrix.msc3488.location': { uri: 'geo:1,2', description: `${CANARY}spot` } });
  for (const kind of KINDS.filter((one) => one !== 'sticker')) {
    const { bytes, mime, extension } = samples.of(kind, `${CANARY}sent`);
    const url = siege.stack.homeserver.addMedia(bytes, mime, `${CANARY}upload.${extension}`);
    owner.send(room, { msgtype: { image: 'm.image', video: 'm.video', audio: 'm.audio', voice: 'm.audio', file: 'm.file', sticker: '' }[kind], body: `${CANARY}words`, filename: `${CANARY}file.${extension}`, url, info: { mimetype: mime, size: bytes.length } });
  }
}

/** Both sides fail in every way there is, with content in hand. */
async function failures(): Promise<void> {
  const { homeserver, graph } = siege.stack;
  const undo = [
    graph.add({ match: /POST .*\/messages/, times: 2, answer: { status: 500, body: 'no' } }), graph.add({ match: /POST .*\/messages/, times: 1, reset: 'after' }),
    graph.add({ match: /POST .*\/messages/, times: 1, answer: { status: 400, body: { error: { code: 131009, message: 'no' } } } }), graph.add({ match: /GET .*\/\d+\?/, times: 2, answer: { status: 500, body: 'no' } }),
    homeserver.faults.add({ match: 'PUT .*/send/', times: 2, status: 500, body: { errcode: 'M_UNKNOWN' } }), homeserver.faults.add({ match: 'PUT .*/send/', times: 1, reset: 'after' }),
    homeserver.faults.add({ match: 'PUT .*/send/', times: 2, status: 400, body: { errcode: 'M_BAD_JSON', error: 'no' } }), homeserver.faults.add({ match: 'media/', times: 3, reset: 'half' }),
  ];
  fromPhone();
  fromMatrix();
  await filesFromPhone();
  await quiet(siege.stack, 100_000);
  for (const one of undo) one();
  homeserver.faults.clear();
  graph.clear();
}

/** What is kept because it could not be handled. */
async function kept(): Promise<void> {
  const strange = JSON.parse(JSON.stringify(siege.change({ messages: [{ id: 'wamid.strange', from: '31600000000', type: 'text', text: { body: `${CANARY}kept` } }] })).replaceAll(siege.stack.app.phoneNumberId, '999999')) as object;
  expect((await siege.post(strange)).status).toBe(200);
  expect((await siege.post(siege.change({ state_sync: [{ type: 'contact', contact: { full_name: `${CANARY}contact`, phone_number: '1' } }] }, 'smb_app_state_sync'))).status).toBe(200);
  expect((await siege.post(siege.change({ words: `${CANARY}unknown` }, 'a_field_nobody_knows'))).status).toBe(200);
  expect((await siege.post(`{"${CANARY}`)).text).not.toContain(CANARY);
  expect((await siege.post(JSON.stringify(strange), { 'x-hub-signature-256': 'x' })).text).not.toContain(CANARY);
  await siege.push(siege.event(chat.room, chat.owner.id, 'm.room.message', { msgtype: 'm.text', body: `${CANARY}bad` }, { sender: 5 }));
  await siege.put({ to_device: [{ type: 'm.x', sender: '@a:b', content: { body: `${CANARY}device` } }], events: [] });
}

describe('what people wrote', () => {
  test('stands nowhere on disk while it is on its way, nor after', async () => {
    const watching = { on: true, seen: new Set<string>(), looks: 0 };
    const watch = (async () => {
      while (watching.on) {
        for (const name of places(await onDisk())) watching.seen.add(name);
        watching.looks += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    fromPhone();
    await filesFromPhone();
    fromMatrix();
    await quiet(siege.stack, 100_000);
    await failures();
    await kept();
    await siege.alive(chat);
    watching.on = false;
    await watch;
    expect(watching.looks).toBeGreaterThan(5);
    // A converter works on clear files; each is gone when its work is done.
    expect([...watching.seen].filter((name) => !name.startsWith(join('data', 'work')))).toEqual([]);
    expect(places(await onDisk())).toEqual([]);
  }, 240_000);

  test('arrived, so that there was something to find', () => {
    const events = JSON.stringify([...siege.stack.homeserver.rooms.values()]);
    const words = ['text', 'answer', 'place', 'friend', 'soup', 'headline', 'secret', 'caption', 'name.pdf'];
    expect(words.filter((word) => !events.includes(`${CANARY}${word}`))).toEqual([]);
    expect(JSON.stringify(siege.stack.sandbox.messages)).toContain(`${CANARY}out`);
  });

  test('is wiped once it is settled: nothing sealed is left either, but of what is kept on purpose', async () => {
    await eventually('rest', () => Object.values(pending(siege.stack.database)).every((count) => count === 0) || pending(siege.stack.database).inbox === 1);
    const found = (sql: string): unknown[] => rows(siege.stack.database, sql);
    expect(found("SELECT seq, kind, state FROM outbox WHERE body IS NOT NULL AND state NOT IN ('dead', 'asked')")).toEqual([]);
    expect(found("SELECT source FROM inbox WHERE body IS NOT NULL AND state <> 'dead'")).toEqual([{ source: 'to-device' }]);
    expect(found('SELECT id FROM media WHERE body IS NOT NULL')).toEqual([]);
    // A send that a status settled later, or that was given up: its file goes with the next look at what may be forgotten.
    const named = new Set(found('SELECT spool FROM media UNION SELECT spool FROM outbox').map((row) => (row as { spool: unknown }).spool));
    expect((await readdir(join(siege.stack.dir, 'data', 'spool'))).filter((name) => !named.has(name))).toEqual([]);
    expect((await readdir(join(siege.stack.dir, 'data', 'work')))).toEqual([]);
  });

  test('is in no line of the log, at its most talkative', () => {
    expect(log.text.split('\n').length).toBeGreaterThan(10);
    expect(log.text.split('\n').filter((line) => line.includes(CANARY)).map((line) => line.slice(0, 500))).toEqual([]);
  });

  test('is in no metric and no answer about health', async () => {
    for (const path of ['/metrics', '/ready', '/live']) expect(await (await fetch(`${siege.stack.adminUrl}${path}`)).text()).not.toContain(CANARY);
  });

  test('stands in no file after a stop', async () => {
    await siege.stack.stop();
    expect(places(await onDisk())).toEqual([]);
  });
});

test('what is at rest is readable for nobody but its owner', async () => {
  for (const name of ['data', 'drawbridge.db', join('data', 'spool'), join('data', 'work')]) {
    expect([name, ((await stat(join(siege.stack.dir, name))).mode & 0o077).toString(8)]).toEqual([name, '0']);
  }
});
