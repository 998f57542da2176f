import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConversationRef } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { ALICE } from '../kit/model/core.ts';
import { BOT } from '../kit/model/homeserver.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

// The rooms that stand for conversations: what they begin with, and how people come into them.

const DIRECT: ConversationRef = { id: BOB.id, scope: '', kind: 'direct', perAccount: true };

let stage: Stage;

function open(...given: ConstructorParameters<typeof Stage>): Stage {
  stage = new Stage(...given);
  return stage;
}

afterEach(async () => {
  await stage.close();
});

const membershipOf = (user: string): unknown[] => stage.events('m.room.member').filter(({ state_key: key }) => key === user).map(({ sender, content }) => ({ sender, ...content }));
const said = (): string[] => stage.events('m.room.message').map(({ sender, content }) => `${sender === BOT ? 'bot' : 'ghost'}: ${String(content.body)}`);

describe('an invitation', () => {
  test('to a direct chat comes from its person, and says that it is direct', async () => {
    open();
    await stage.take(stage.message('m1', 'hello', { conversation: DIRECT }));
    const [invite] = membershipOf(ALICE);
    expect(invite).toMatchObject({ membership: 'invite', is_direct: true, sender: stage.saying('hello').sender });
  });

  test('to a group comes from the bot', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    const [invite] = membershipOf(ALICE);
    expect(invite).toMatchObject({ membership: 'invite', sender: BOT });
    expect(invite).not.toHaveProperty('is_direct');
  });
});

describe('what the administrator says of privacy', () => {
  const privacyNotice = 'Read by {network} through {account}, at {server}; {nothing} else.';
  const notice = 'bot: Read by Fake through fake/app/one, at test; {nothing} else.';

  test('is the first that is said in a room, before what made it', async () => {
    open({}, {}, [], { privacyNotice });
    await stage.take(stage.message('m1', 'hello'), stage.message('m2', 'more'));
    expect(said()).toEqual([notice, 'ghost: hello', 'ghost: more']);
  });

  test('is said before the past too', async () => {
    const event = { type: 'message', id: 'h1' as RemoteId, conversation: CHAT, sender: BOB, time: 1_000, parts: [{ kind: 'text', text: plain('long ago') }], historical: true } as const;
    open({ history: () => ({ items: [{ key: 'h1', event }] }) }, { backfill: 10 }, [], { privacyNotice });
    await stage.take(stage.message('m1', 'hello'));
    expect(said()).toEqual([notice, 'ghost: long ago', 'ghost: hello']);
  });

  test('is said once, wherever the process dies', async () => {
    let edge = 0;
    for (let died = true; died; edge += 1) {
      if (edge > 0) await stage.close();
      open({}, {}, [], { privacyNotice });
      await stage.pass(100);
      const event = stage.message('m1', 'hello', { conversation: DIRECT });
      stage.dieAfter(edge);
      void stage.network.take(event).catch(() => {});
      await stage.pass(4_000);
      died = stage.deaths > 0;
      if (died) await stage.take(event);
      await stage.pass(4_000);
      expect([edge, ...said()]).toEqual([edge, notice, 'ghost: hello']);
    }
    expect(edge).toBeGreaterThan(20);
  }, 120_000);
});
