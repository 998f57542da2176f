import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install, type Installation } from '../kit/installation.ts';
import type { Ended, Program } from '../kit/program.ts';
import { eventually } from '../kit/stack/stack.ts';

/**
 * The real program with secrets that are easy to recognise, at the most talkative level, through all that usually spills
 * them: failures of both sides, forged requests, addresses with tokens in them, mistakes in the config.
 */
const secrets = { appSecret: 'cnry+app/secret==1%', verifyToken: 'cnry verify&token=2"', accessToken: 'EAAcnry+access/token=3.4_5~x' };
/** What people write is no secret, but has no place there either. */
const CONTENT = 'cnry-what-a-person-wrote';
const SIGNATURE = 'c0de'.repeat(16);
const FORGED = 'cnry-token-of-somebody-else';

const patience = 60_000;
let bridge: Installation;
let daemon: Program;
let hidden: readonly string[];
let settled = false;

beforeAll(async () => {
  bridge = await install(secrets, '--set', 'delivery.status_events=true');
  const sealKey = readFileSync(join(bridge.dir, 'seal.key'), 'utf8').trim();
  hidden = [...Object.values(secrets), bridge.registration.as_token, bridge.registration.hs_token, bridge.puppets.as_token, bridge.puppets.hs_token, sealKey, CONTENT, SIGNATURE, FORGED];
  daemon = bridge.start('start');
  await eventually('the daemon', async () => (await fetch(`${bridge.adminUrl}/live`).catch(() => null))?.ok, patience);
}, patience);
afterAll(async () => bridge[Symbol.asyncDispose]());

/** The first secret that stands in a text, in any notation; undefined where none does. */
function spilt(text: string, but: readonly string[] = []): string | undefined {
  return hidden.filter((secret) => !but.includes(secret)).find((secret) => [
    secret, encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1), JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('base64url'),
  ].some((form) => text.includes(form)));
}

const both = ({ stdout, stderr }: Ended): string => stdout + stderr;

/** Messages both ways, then everything that fails and everybody who forges. */
async function live(): Promise<void> {
  if (settled) return;
  settled = true;
  const bob = bridge.sandbox.person('31611111111', { name: 'Bob' });
  bob.sendText(CONTENT);
  const room = await eventually('a portal', () => [...bridge.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content['name'] === 'Bob'))?.id, patience);
  const admin = bridge.homeserver.user('admin');
  // By the token for double puppets.
  await eventually('the owner in the room', () => bridge.homeserver.membership(room, '@admin:fake.test') === 'join', patience);
  admin.send(room, CONTENT);
  await eventually('the answer', () => bridge.sandbox.messages.some(({ from }) => from === 'business'), patience);

  // The homeserver fails, and says it with what we sent.
  const said = { errcode: 'M_UNKNOWN', error: `no ${bridge.registration.as_token}` };
  const fail = (status: number, body: object): void => void bridge.homeserver.faults.add({ match: 'PUT .*/send/', times: 1, status, body });
  fail(401, { ...said, errcode: 'M_UNKNOWN_TOKEN' });
  bob.sendText(`${CONTENT} 2`);
  await eventually('the refused token in the log', () => daemon.stdout().includes('M_UNKNOWN_TOKEN'), patience);
  fail(500, said);
  bob.sendText(`${CONTENT} 3`);
  await eventually('the message after the failures', () => JSON.stringify(bridge.homeserver.eventsOf(room, 'm.room.message')).includes(`${CONTENT} 3`), patience);
  // So does the network.
  bridge.sandbox.faults.http500 = 1;
  admin.send(room, `${CONTENT} 4`);
  await eventually('a failure', () => daemon.stdout().includes('500'), patience);
  bridge.sandbox.faults.http500 = 0;
  bridge.sandbox.faults.expireToken = true;
  admin.send(room, `${CONTENT} 5`);
  bob.sendUnsupported();
  await forge();
}

async function forge(): Promise<void> {
  const hook = `${bridge.publicUrl}/webhooks/whatsapp/main`;
  const asUrl = bridge.homeserverListener;
  const answers = await Promise.all([
    fetch(hook, { method: 'POST', headers: { 'x-hub-signature-256': `sha256=${SIGNATURE}` }, body: JSON.stringify({ text: CONTENT }) }),
    fetch(hook, { method: 'POST', headers: { 'x-hub-signature-256': `sha256=${SIGNATURE}`, authorization: `Bearer ${secrets.accessToken}` }, body: '{' }),
    fetch(`${hook}?${new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.verify_token': FORGED, 'hub.challenge': '1' }).toString()}`),
    fetch(`${hook}?${new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.verify_token': secrets.verifyToken }).toString()}`),
    fetch(`${asUrl}/_matrix/app/v1/transactions/1`, { method: 'PUT', headers: { authorization: `Bearer ${FORGED}` }, body: '{}' }),
    fetch(`${asUrl}/_matrix/app/v1/transactions/1?access_token=${bridge.registration.hs_token}`, { method: 'PUT', headers: { authorization: `Bearer ${FORGED}` }, body: '{}' }),
    fetch(`${asUrl}/_matrix/app/v1/users/%40x%3Afake.test?access_token=${FORGED}`),
    fetch(`${asUrl}/_matrix/app/v1/nothing?access_token=${bridge.registration.hs_token}`),
  ]);
  for (const answer of answers) {
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(spilt(await answer.text())).toBeUndefined();
  }
}

describe('no secret and nothing that was written', () => {
  test('in the log at its most talkative, whatever fails', async () => {
    await live();
    await eventually('the account is noticed as broken', () => daemon.stdout().includes('190'), patience);
    const log = daemon.stdout() + daemon.stderr();
    expect(log.split('\n').length).toBeGreaterThan(5);
    expect(spilt(log)).toBeUndefined();
  }, 2 * patience);

  test('in the metrics', async () => {
    await live();
    const metrics = await (await fetch(`${bridge.adminUrl}/metrics`)).text();
    expect(metrics).toContain('bridge_messages_total');
    expect(spilt(metrics)).toBeUndefined();
  }, patience);

  test('in a room, but for what people wrote', async () => {
    await live();
    const events = [...bridge.homeserver.rooms.values()].flatMap(({ timeline }) => timeline);
    expect(spilt(JSON.stringify(events), [CONTENT])).toBeUndefined();
  }, patience);

  test('in what doctor says, for people and for programs, well and ill', async () => {
    await live();
    const ill = { errcode: 'M_UNKNOWN_TOKEN', error: `no ${bridge.registration.as_token}` };
    bridge.homeserver.faults.add({ match: '/account/whoami', status: 401, body: ill });
    bridge.homeserver.faults.add({ match: '/ping', status: 502, body: ill });
    for (const flags of [[], ['--json'], ['--debug']]) {
      const asked = await bridge.run('doctor', ...flags);
      expect(asked.code).toBe(1);
      expect(asked.stdout).toContain('M_UNKNOWN_TOKEN');
      expect(spilt(both(asked))).toBeUndefined();
    }
    bridge.homeserver.faults.clear();
  }, patience);

  test('on disk in clear', async () => {
    await live();
    const files = ['drawbridge.db', 'drawbridge.db-wal'].map((name) => readFileSync(join(bridge.dir, name), 'latin1')).join('');
    expect(spilt(files)).toBeUndefined();
  }, patience);

  test('in what any command says of a config or a registration with mistakes', async () => {
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    const file = join(bridge.dir, 'config.yaml');
    const good = readFileSync(file, 'utf8');
    const { as_token: asToken } = bridge.registration;
    const spoil: readonly ((text: string) => string)[] = [
      (text) => text.replace('app_secret: ${WHATSAPP_MAIN_APP_SECRET}', `app_secret: [${JSON.stringify(secrets.appSecret)}]`),
      (text) => text.replace('seal_key: file:seal.key', 'seal_key: "${WHATSAPP_MAIN_ACCOUNTS_MAIN_ACCESS_TOKEN}"'),
      (text) => text.replace('level: debug', 'level: ${WHATSAPP_MAIN_APP_SECRET}'),
      (text) => text.replace('url: http://127.0.0.1', `url: http://drawbridge:${asToken}@127.0.0.1`),
      (text) => `${text}\nbroken: &${asToken} {\n`,
    ];
    for (const change of spoil) {
      writeFileSync(file, change(good));
      expect(readFileSync(file, 'utf8')).not.toBe(good);
      const commands = [['doctor'], ['doctor', '--json'], ['start', '--debug'], ['init', '--yes', '--no-doctor']];
      for (const asked of await Promise.all(commands.map((args) => bridge.run(...args)))) {
        expect(both(asked)).toMatch(/config\.yaml:\d+:\d+: |DB-1006: /);
        expect(spilt(both(asked))).toBeUndefined();
      }
    }
    writeFileSync(file, good);
    writeFileSync(join(bridge.dir, 'registration.yaml'), `id: drawbridge\nas_token: [${asToken}]\nhs_token: ${bridge.registration.hs_token}\n`);
    for (const command of ['doctor', 'start', 'register']) expect(spilt(both(await bridge.run(command)))).toBeUndefined();
  }, 3 * patience);
});
