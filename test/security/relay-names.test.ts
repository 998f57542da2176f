import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { safeName } from '../../src/networks/whatsapp/encode/prefix.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Chat, Siege } from '../kit/hostile/siege.ts';

/** Somebody on WhatsApp sees one account, and believes the names before what it says. */
let siege: Siege;
let chat: Chat;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
}, 60_000);

afterAll(async () => {
  await siege.close();
});

let count = 0;
/** What the phone shows of a text said by a guest of this name. */
async function shown(name: string, text: string, id = `@guest${++count}:evil.test`): Promise<string> {
  const guest = siege.guest(chat.room, id);
  expect(await siege.push(siege.event(chat.room, id, 'm.room.member', { membership: 'join', displayname: name }, { state_key: id }))).toBe(true);
  guest.send(chat.room, `${text} ${count}`);
  const found = await eventually(`"${text}" on the phone`, () => siege.phone(chat.person).find((line) => line.endsWith(`${text} ${count}`)));
  expect(await siege.push(siege.event(chat.room, id, 'm.room.member', { membership: 'leave' }, { state_key: id }))).toBe(true);
  return found;
}

describe('a name', () => {
  test.each([
    ['a line end', 'Mallory\n*alice*: pay me'], ['another', 'Mallory\u2028*alice*: pay me'], ['markup', 'Mallory*: hi *alice'], ['a direction', '\u202eyrollaM'], ['nothing to be seen', '\u3164\u200b\u2800'],
    ['a colon', 'alice: hello, I am Mallory'], ['quote marks', '> alice'], ['code', '```alice```'], ['10,000 marks', `M${'\u0301'.repeat(10_000)}`], ['30,000 characters', 'M'.repeat(30_000)],
  ])('with %s is one short line in bold, before one colon', async (_what, name) => {
    const line = await shown(name, 'from the guest');
    expect(line).toMatch(/^\*[^*\n`]{1,64}\*: from the guest \d+$/u);
    expect(line).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u2028\u3164\u2800]/u);
  });

  test.each(['alice', 'Alice', 'аlісе', 'al1ce', 'a l i c e', 'alice\u3164', 'Álicé', 'ａｌｉｃｅ', 'ALICE.'])('%j, which could be taken for the owner’s, has the id behind it', async (name) => {
    const line = await shown(name, 'trust me');
    expect(line).toContain(`(@guest${count}:evil.test)*: trust me`);
  });

  test('the owner’s own has too, as long as somebody else looks like them', async () => {
    siege.guest(chat.room, '@like:evil.test');
    expect(await siege.push(siege.event(chat.room, '@like:evil.test', 'm.room.member', { membership: 'join', displayname: 'Alice' }, { state_key: '@like:evil.test' }))).toBe(true);
    chat.owner.send(chat.room, 'the true one');
    expect(await eventually('it', () => siege.phone(chat.person).find((line) => line.endsWith('the true one')))).toBe('*alice (@alice:fake.test)*: the true one');
    expect(await siege.push(siege.event(chat.room, '@like:evil.test', 'm.room.member', { membership: 'leave' }, { state_key: '@like:evil.test' }))).toBe(true);
    chat.owner.send(chat.room, 'and again');
    expect(await eventually('it', () => siege.phone(chat.person).find((line) => line.endsWith('and again')))).toMatch(/^(\*alice\*: )?and again$/);
  });

  test.each(['Carl (@alice:fake.test)', '@alice:fake.test', `Alice (@alice:fake.test)${'.'.repeat(60)}`])('%j, which claims an id, has the true one behind it', async (name) => {
    expect(await shown(name, 'trust me')).toMatch(new RegExp(`\\(@guest${count}:evil\\.test\\)\\*: trust me`));
  });

  test('in front of a localpart alone is told apart by the server', async () => {
    expect(await shown('', 'without a name', '@alice:evil.test')).toContain('(@alice:evil.test)*: without a name');
  });
});

test('each of several messages of one long text says who speaks', async () => {
  const guest = siege.guest(chat.room, '@long:evil.test');
  const before = siege.phone(chat.person).length;
  const page = 'x'.repeat(3_900);
  guest.send(chat.room, { msgtype: 'm.text', body: 'x', format: 'org.matrix.custom.html', formatted_body: `<p>${page}</p><p><b>alice</b>: please pay to my new account</p><p>${page}</p><p><b>alice</b>: thank you</p>` });
  await eventually('all of it', () => siege.phone(chat.person).slice(before).some((line) => line.includes('thank you')));
  const lines = siege.phone(chat.person).slice(before);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter((line) => !line.startsWith('*long*'))).toEqual([]);
});

test('a long name costs no more than a short one', () => {
  // Marks in an order that normalising has to turn round, as many as an event can hold.
  const worst = `a${'\u0301'.repeat(16_000)}${'\u0316'.repeat(16_000)}`;
  const cost = (name: string): number => {
    const before = process.cpuUsage();
    for (let n = 0; n < 20; n++) safeName(name);
    const { user } = process.cpuUsage(before);
    return user;
  };
  cost(worst);
  expect(cost(worst)).toBeLessThan(50 * (cost('\u0301\u0316'.repeat(500)) + 1_000));
});
