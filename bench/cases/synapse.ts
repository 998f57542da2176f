import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MatrixClient } from '../../src/demo/matrix/client.ts';
import { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { bridged } from '../../test/kit/synapse/bridged.ts';
import { ownSynapse } from '../../test/kit/synapse/shared.ts';
import { byTurns, type Figures, rowsOf, type Table } from '../measure.ts';

const conversations = 20;
const each = 10;

interface Chat {
  readonly person: PersonHandle;
  readonly room: string;
}

/** Whether the bridge keeps a real homeserver as busy as it can be: messages through it, over what Synapse alone takes. */
export async function synapse(rounds: number): Promise<Table> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'));
  const own = await ownSynapse(dir, 1);
  const [slot] = own.slots;
  if (slot === undefined) throw new Error('no registration');
  const account = await own.synapse.register('alice');
  const alice = new MatrixUser(own.synapse.url, account.userId, account.accessToken);
  const bridge = await bridged(own.synapse, slot, { owners: [alice], clockScale: { pair: 1_000_000, throughput: 1_000_000 } });
  try {
    await bridge.start();
    const chats: Chat[] = [];
    for (let n = 0; n < conversations; n++) chats.push(await bridge.meet(alice, String(31_600_000_000 + n), { name: `Person ${n}` }));
    const service = new MatrixClient(own.synapse.url, slot.asToken);
    const through = (): Promise<Figures> => throughBridge(alice, chats);
    const direct = (): Promise<Figures> => sentAlone(service, alice, chats);
    await through();
    await direct();
    return {
      title: 'On a real Synapse', ours: 'through the bridge', theirs: 'Synapse alone', rows: rowsOf(await byTurns(rounds, through, direct), [
        { what: `network → Matrix, ${conversations} conversations`, unit: '/s', figure: 'perSecond', more: true },
      ]),
      notes: [
        `Both bring ${each} texts into each of ${conversations} rooms, one after the other in a room and all rooms beside each other, until one client has seen them all.`,
        'Alone: the bridge’s own account and token, nothing between. 1 would mean that the bridge costs nothing.',
      ],
    };
  } finally {
    await alice.close();
    await bridge.close();
    await own.synapse.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

let said = 0;

async function throughBridge(alice: MatrixUser, chats: readonly Chat[]): Promise<Figures> {
  return timed(alice, chats, async ({ person }, text) => void person.sendText(text));
}

async function sentAlone(service: MatrixClient, alice: MatrixUser, chats: readonly Chat[]): Promise<Figures> {
  return timed(alice, chats, async ({ room }, text) => {
    await service.put(`/rooms/${encodeURIComponent(room)}/send/m.room.message/bench${said}-${encodeURIComponent(text)}`, { msgtype: 'm.text', body: text });
  });
}

async function timed(alice: MatrixUser, chats: readonly Chat[], say: (chat: Chat, text: string) => Promise<void>): Promise<Figures> {
  const started = performance.now();
  await Promise.all(chats.map(async (chat) => {
    let last = '';
    for (let n = 0; n < each; n++) {
      last = `Message ${said++}, as long as what people write to each other.`;
      await say(chat, last);
    }
    await alice.waitForText(chat.room, last, { timeout: 120_000 });
  }));
  return { perSecond: (chats.length * each) / ((performance.now() - started) / 1000) };
}
