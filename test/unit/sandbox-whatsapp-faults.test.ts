import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anna, bench, errorOf, idOf, send, type Bench, type Json } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
beforeEach(async () => { it_ = await bench({ seed: 7 }); });
afterEach(async () => it_.close());

const texts = (): unknown[] => it_.receiver.messages.map((message) => (message['text'] as Json | undefined)?.['body']);
const numbers = Array.from({ length: 30 }, (_, index) => String(index));

async function sayAll(): Promise<void> {
  const person = it_.sandbox.person(anna);
  for (const text of numbers) person.sendText(text);
  await it_.receiver.until(() => numbers.every((text) => texts().includes(text)));
}

describe('faults of webhooks', () => {
  it('are none unless set', async () => {
    await sayAll();
    expect(texts()).toEqual(numbers);
  });

  it('duplicate', async () => {
    it_.sandbox.faults.duplicate = 1;
    await sayAll();
    await it_.receiver.until(() => texts().length === numbers.length * 2);
    const bodies = it_.receiver.received.map(({ raw }) => raw);
    expect(new Set(bodies).size).toBe(numbers.length);
  });

  it('reorder, and lose nothing', async () => {
    it_.sandbox.faults.reorder = 0.3;
    await sayAll();
    expect(texts()).not.toEqual(numbers);
    expect(texts().toSorted((one, other) => Number(one) - Number(other))).toEqual(numbers);
  });

  it('are the same for the same seed', async () => {
    const run = async (): Promise<unknown[]> => {
      const other = await bench({ seed: 42 });
      other.sandbox.faults.acceptThenReset = 0.5;
      other.sandbox.person(anna).sendText('hello');
      const outcomes: unknown[] = [];
      for (let count = 0; count < 10; count += 1) outcomes.push(await send(other.sandbox, { text: { body: 'x' } }).then(() => 'answered', () => 'reset'));
      await other.close();
      return outcomes;
    };
    const first = await run();
    expect(new Set(first).size).toBe(2);
    expect(await run()).toEqual(first);
  });

  it('batch several people, in order, several entries and changes to a post', async () => {
    it_.sandbox.faults.batch = 10;
    const bea = it_.sandbox.person('31600000002');
    bea.sendText('bea');
    await sayAll();
    await it_.receiver.until(() => texts().length === numbers.length + 1);
    expect(it_.receiver.received.length).toBeLessThan(numbers.length / 2);
    expect(texts()).toEqual(['bea', ...numbers]);
  });

  it('put something malformed beside the good', async () => {
    Object.assign(it_.sandbox.faults, { batch: 5, badItem: 1 });
    const person = it_.sandbox.person(anna);
    for (const text of numbers) person.sendText(text);
    const good = (): Json[] => it_.receiver.messages.filter((one) => numbers.includes(String((one?.['text'] as Json | null | undefined)?.['body'])));
    await it_.receiver.until(() => good().length === numbers.length);
    expect(it_.receiver.messages.length).toBeGreaterThan(numbers.length);
  });

  it('drop, delay or withhold statuses', async () => {
    const person = it_.sandbox.person(anna);
    person.sendText('hello');
    it_.sandbox.faults.neverConfirm = true;
    const never = idOf(await send(it_.sandbox, { text: { body: 'never' } }));
    await person.waitFor((message) => message.status === 'delivered');
    it_.sandbox.faults.neverConfirm = false;
    it_.sandbox.faults.dropStatus = 1;
    const dropped = idOf(await send(it_.sandbox, { text: { body: 'dropped' } }));
    await person.waitFor((message) => message.id === dropped && message.status === 'delivered');
    Object.assign(it_.sandbox.faults, { dropStatus: 0, lateStatus: { fraction: 1, ms: 100 } });
    const late = idOf(await send(it_.sandbox, { text: { body: 'late' } }));
    await it_.receiver.until(() => it_.receiver.statuses.some((one) => one['id'] === late));
    expect(it_.receiver.statuses.filter((one) => one['id'] === never || one['id'] === dropped)).toEqual([]);
  });
});

describe('faults of the API', () => {
  beforeEach(() => { it_.sandbox.person(anna).sendText('hello'); });

  it('accept, and reset the connection', async () => {
    it_.sandbox.faults.acceptThenReset = 1;
    await expect(send(it_.sandbox, { text: { body: 'x' }, biz_opaque_callback_data: 'k' })).rejects.toThrow('fetch failed');
    expect(it_.sandbox.person(anna).inbox).toHaveLength(1);
    await it_.receiver.until(() => it_.receiver.statuses.some((one) => one['biz_opaque_callback_data'] === 'k'));
  });

  it('refuse without doing anything', async () => {
    it_.sandbox.faults.rateLimit = 1;
    expect(errorOf(await send(it_.sandbox, { text: { body: 'x' } })).code).toBe(130429);
    Object.assign(it_.sandbox.faults, { rateLimit: 0, http500: 1 });
    const broken = await send(it_.sandbox, { text: { body: 'x' } });
    expect([broken.status, errorOf(broken).code]).toEqual([500, 131000]);
    expect(it_.sandbox.person(anna).inbox).toEqual([]);
  });

  it('answer late, so that statuses come first', async () => {
    it_.sandbox.faults.slowMs = 300;
    let answered = false;
    const sending = send(it_.sandbox, { text: { body: 'x' } }).then((answer) => { answered = true; return answer; });
    await it_.receiver.until(() => it_.receiver.statuses.length > 0);
    expect(answered).toBe(false);
    expect((await sending).status).toBe(200);
  });

  it('fail every message with a chosen code', async () => {
    it_.sandbox.faults.failCode = 131049;
    const id = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    const status = await it_.receiver.until(() => it_.receiver.statuses.find((one) => one['id'] === id));
    expect(status).toMatchObject({ status: 'failed', errors: [{ code: 131049 }] });
  });
});
