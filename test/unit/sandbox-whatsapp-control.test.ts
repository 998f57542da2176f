import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anna, bench, idOf, send, type Bench, type Json } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
beforeEach(async () => { it_ = await bench(); });
afterEach(async () => it_.close());

async function post(path: string, body: Json, headers: Record<string, string> = {}): Promise<{ status: number; body: Json }> {
  const answer = await fetch(`${it_.sandbox.url}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const get = async <T>(path: string): Promise<T> => (await fetch(`${it_.sandbox.url}/_sandbox/${path}`)).json() as Promise<T>;

describe('the control API', () => {
  it('acts as a person, and lists what was said', async () => {
    await post('people', { waId: anna, name: 'Anna' });
    const acts: Json[] = [
      { action: 'text', text: 'hello' },
      { action: 'media', kind: 'document', data: Buffer.from('x').toString('base64'), mime: 'text/plain', filename: 'a.txt' },
      { action: 'location', latitude: 1, longitude: 2 },
      { action: 'contacts', contacts: [{ name: { formatted_name: 'B' } }] },
      { action: 'order', content: { catalog_id: '1', product_items: [] } },
      { action: 'referral', text: 'x', referral: {} },
      { action: 'unsupported' },
      { action: 'raw', type: 'request_welcome', content: {} },
    ];
    for (const act of acts) expect((await post(`people/${anna}/send`, act)).body).toEqual({ id: expect.stringContaining('wamid.') });
    const sent = idOf(await send(it_.sandbox, { text: { body: 'answer' } }));
    for (const act of [{ action: 'react', messageId: sent, emoji: '👍' }, { action: 'read' }, { action: 'changeNumber', waId: '31600000008' }]) {
      expect((await post(`people/${anna}/send`, act)).status).toBe(200);
    }
    const listed = await get<Json[]>('messages?from=business');
    expect(listed).toMatchObject([{ id: sent, reactions: { person: '👍' }, status: 'read', seq: acts.length + 1 }]);
    expect(await get<Json[]>(`messages?person=31600000008&after=${acts.length}&from=person`)).toHaveLength(2);
    expect(await get('state')).toMatchObject({ people: [{ key: anna, waId: '31600000008' }] });
  });

  it('refuses what it does not know', async () => {
    await post('people', { waId: anna });
    const refused = [
      await post('people', { waId: 'anna' }), await post(`people/${anna}/send`, { action: 'dance' }), await post(`people/${anna}/send`, { action: 'text', text: 'x', colour: 1 }),
      await post(`people/${anna}/send`, { action: 'edit', messageId: 'none', text: 'x' }), await post('faults', { duplicate: 2 }), await post('faults', { colour: 1 }),
    ];
    expect(refused.map((one) => one.status)).toEqual(refused.map(() => 400));
    expect((await post('people/1/send', { action: 'read' })).status).toBe(404);
    expect((await post('people', { waId: anna }, { origin: 'http://example.org' })).status).toBe(403);
  });

  it('sets faults', async () => {
    expect((await post('faults', { duplicate: 0.5, lateStatus: { fraction: 1, ms: 5 } })).body).toMatchObject({ duplicate: 0.5, reorder: 0 });
    expect(it_.sandbox.faults).toMatchObject({ duplicate: 0.5, lateStatus: { fraction: 1, ms: 5 } });
  });

  it('tells what happens as it happens', async () => {
    const stream = (await fetch(`${it_.sandbox.url}/_sandbox/events`)).body;
    const reader = stream?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain(': open');
    const id = it_.sandbox.person(anna).sendText('hello');
    let text = '';
    while (!text.includes(id)) text += (await reader?.read())?.value ?? '';
    expect(text).toContain('"kind":"person"');
    await reader?.cancel();
  });

  it('serves the page, with a strict policy and no other source', async () => {
    for (const path of ['/', '/page/page.js', '/page/style.css', '/page/thread.js', '/page/menu.js', '/page/voice.js']) {
      const answer = await fetch(it_.sandbox.url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      const text = await answer.text();
      expect(text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|(?:src|href)="https?:/);
    }
  });
});

describe('the sandbox as its own process', () => {
  it('prints its url and ends when told to', async () => {
    const child = spawn(process.execPath, ['src/sandbox/whatsapp/main.ts', '--clock-scale', '{"pair":10}'], { env: { ...process.env, WHATSAPP_SANDBOX_ACCESS_TOKEN: 'from environment', NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    expect((await fetch(`${url}/v23.0/me`, { headers: { authorization: 'Bearer from environment' } })).status).toBe(200);
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });
});
