import type { FastifyInstance } from 'fastify';
import type { PersonHandle } from './person.ts';
import { type Message, Refused, type Room, type User, type World } from './state.ts';

export interface ControlParts {
  readonly world: World;
  readonly account: User;
  readonly person: (username: string, name?: string) => PersonHandle;
  readonly in: (room: Room) => readonly Message[];
}

/** What the page does as a person; no part of Rocket.Chat. */
export function controlRoutes(app: FastifyInstance, { world, account, person, in: inRoom }: ControlParts): void {
  app.get('/sandbox/events', (_request, reply) => world.feed.serve(reply));
  app.get('/sandbox/people', async () => ({ account: { username: account.username, name: account.name }, people: [...world.users.values()].filter((user) => user !== account).map(({ username, name }) => ({ username, name })) }));
  app.get('/sandbox/rooms/:username', async (request) => {
    const { user } = person((request.params as { username: string }).username);
    const rooms = [...world.rooms.values()].filter(({ members }) => members.includes(user._id)).sort((one, other) => Number(other.lm ?? 0) - Number(one.lm ?? 0));
    return { rooms: rooms.map((room) => {
      const other = room.members.map((uid) => world.users.get(uid)).find((each) => each !== user);
      const last = inRoom(room).at(-1);
      return { id: room._id, type: room.t, title: room.t === 'd' ? (other?.name ?? user.name) : (room.fname ?? room.name), last: last?.msg ?? '', archived: room.archived === true };
    }) };
  });
  app.get('/sandbox/messages/:rid', async (request) => {
    const room = world.rooms.get((request.params as { rid: string }).rid);
    return { messages: room === undefined ? [] : inRoom(room).slice(-200) };
  });
  app.get('/sandbox/file/:id', async (request, reply) => {
    const upload = world.uploads.get((request.params as { id: string }).id);
    return upload === undefined ? reply.code(404).send() : reply.headers({ 'content-type': upload.type, 'content-disposition': /^(?:image|audio|video)\//.test(upload.type) ? 'inline' : 'attachment', 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' }).send(upload.bytes);
  });
  app.post('/sandbox/do/:username/:what', async (request, reply) => {
    const { username, what } = request.params as { username: string; what: string };
    const given = what === 'file' ? (request.query as Record<string, string>) : (JSON.parse(String(request.body)) as Record<string, string>);
    const who = person(username, given['name']);
    const text = (key: string): string => given[key] ?? '';
    const room = (): Room => {
      const found = world.rooms.get(text('room'));
      if (found === undefined) throw new Refused('error-invalid-room', 'There is no such room.');
      return found;
    };
    try {
      switch (what) {
        case 'make': return { ok: true };
        case 'direct': return { ok: true, room: who.direct(account)._id };
        case 'room': return { ok: true, room: who.createRoom(text('title'), [account], 'p')._id };
        case 'text': return { ok: true, id: who.sendText(room(), text('text'), { ...(text('reply') === '' ? {} : { reply: text('reply') }), ...(text('thread') === '' ? {} : { thread: text('thread') }) })._id };
        case 'file': return { ok: true, id: who.sendFile(room(), { name: text('file'), mime: request.headers['x-file-type'] as string || 'application/octet-stream', bytes: request.body as Buffer, ...(text('caption') === '' ? {} : { caption: text('caption') }) })._id };
        case 'edit': who.edit(text('id'), text('text')); return { ok: true };
        case 'remove': who.remove(text('id')); return { ok: true };
        case 'react': who.react(text('id'), text('emoji')); return { ok: true };
        case 'unreact': who.unreact(text('id'), text('emoji')); return { ok: true };
        case 'pin': who.pin(text('id')); return { ok: true };
        case 'typing': who.typing(room(), text('active') !== ''); return { ok: true };
        case 'topic': who.setTopic(room(), text('text')); return { ok: true };
        case 'rename': who.rename(room(), text('title')); return { ok: true };
        case 'leave': who.leave(room()); return { ok: true };
        default: return await reply.code(404).send({ error: 'There is nothing like that to do.' });
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return reply.code(400).send({ error: error.message });
    }
  });
}
