import { MatrixError } from '../../../src/demo/matrix/client.ts';
import type { MatrixUser } from '../../../src/demo/matrix/user.ts';
import { eventually } from '../stack/stack.ts';
import { sharedSynapse } from '../synapse/shared.ts';
import { type MatrixSide, patience } from './side.ts';

export interface SynapseSide extends MatrixSide {
  /** Alice and her client. */
  readonly user: MatrixUser;
}

/** The Synapse that all test files of a run share, Alice's own account there, and a registration that nobody else has. */
export const onSynapse = async (): Promise<SynapseSide> => {
  const synapse = await sharedSynapse();
  const [slot, alice] = await Promise.all([synapse.claimBridge(), synapse.user('alice')]);
  const entering = new Map<string, Promise<void>>();
  const rooms = async (): Promise<readonly string[]> => {
    for (const room of alice.invitations()) if (!entering.has(room)) entering.set(room, alice.join(room).finally(() => entering.delete(room)));
    await Promise.all(entering.values());
    return alice.rooms();
  };
  const named = (room: string, name: string): boolean => alice.events(room).findLast(({ type }) => type === 'm.room.name')?.content['name'] === name;
  return {
    user: alice,
    config: {
      homeserver: { url: synapse.url, domain: synapse.serverName }, registration: slot.registrationFile,
      bridge: { bot: slot.senderLocalpart, ghost_prefix: slot.prefix, privacy_notice: '' },
    },
    listen: `127.0.0.1:${slot.port}`, serverName: synapse.serverName, alice: alice.id, bot: `@${slot.senderLocalpart}:${synapse.serverName}`,
    isGhost: (user) => user.startsWith(`@${slot.prefix}`),
    room: (name) => eventually(`a room called ${name}`, async () => (await rooms()).find((room) => named(room, name)), patience),
    rooms,
    events: (room, wanted) => alice.events(room).filter(({ type }) => wanted === undefined || type === wanted),
    async make() {
      const bot = `@${slot.senderLocalpart}:${synapse.serverName}`;
      const room = await alice.createRoom({ invite: [bot] });
      await alice.waitForEvent(room, ({ sender, content }) => sender === bot && String(content['body']).includes('help'));
      return room;
    },
    send: (room, content, type = 'm.room.message') => alice.send(room, type, typeof content === 'string' ? { msgtype: 'm.text', body: content } : content),
    redact: (room, event) => alice.redact(room, event),
    setState: (room, type, content) => alice.setState(room, type, content),
    upload: (bytes, mime, name) => alice.client.upload(name, mime, bytes),
    async download(mxc) {
      try {
        return Buffer.from((await alice.client.download(mxc)).bytes);
      } catch (error) {
        if (error instanceof MatrixError && error.status === 404) return null;
        throw error;
      }
    },
    close: () => synapse.close(),
  };
};
