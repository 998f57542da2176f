import { keyOf } from '../bridge/keys.ts';
import type { UserId } from '../model/ids.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';

/** What is held beside the store. */
interface Beside {
  readonly accounts: readonly { readonly id: string; readonly network: { readonly name: string }; readonly settings: { readonly owners: readonly string[] } }[];
}

/** The document about a Matrix user; of their accounts what they are, and nothing that they were given to keep. */
export function documentOf(user: UserId, held: object, { accounts }: Beside): object {
  return {
    about: user, made: new Date().toISOString(),
    accounts: accounts.filter(({ settings }) => settings.owners.includes(user)).map(({ id, network }) => ({ id, network: network.name })),
    held,
  };
}

/** All that the bridge holds about whoever asks, as a file in a room that nobody else reads. Permission: user. */
export async function exportMe(context: Pick<ActionContext, 'store' | 'homeserver' | 'sender' | 'room' | 'accounts' | 'wake'>): Promise<string> {
  const { store, homeserver, sender, room, accounts } = context;
  const isPrivate = store.room(room)?.kind === 'management' && store.room(room)?.encrypted === false && store.everMembers(room).every(({ user }) => user === sender || user === homeserver.bot);
  if (!isPrivate) throw new Mistake('That is for you alone: say export-me in a room with nobody but you and me, where nobody else has been. Start a new chat with me if there is none.');
  const bytes = Buffer.from(`${JSON.stringify(documentOf(sender, await store.exportUser(sender), { accounts }), null, 2)}\n`);
  if (bytes.length > await homeserver.uploadLimit()) throw new Mistake('It is larger than what the homeserver takes as a file. Ask the administrator for it: drawbridge privacy export, with your user id.');
  const name = `drawbridge-export-${new Date().toISOString().slice(0, 10)}.json`;
  const mxc = await homeserver.upload(homeserver.bot, { bytes: once(bytes), mime: 'application/json', name, size: bytes.length });
  context.wake(await store.apply([{ do: 'send', row: {
    lane: `out:r${room}`, key: keyOf('export', room, mxc), room,
    task: { to: 'matrix', kind: 'message', as: null, type: 'm.room.message', content: { msgtype: 'm.file', body: name, filename: name, url: mxc, info: { mimetype: 'application/json', size: bytes.length }, 'm.mentions': {} } },
  } }]));
  return 'This file has all that I hold about you: your rooms and names, which of your messages and reactions are which on the networks, and what of yours waits or was not delivered. Remove it here once you have saved it.';
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
