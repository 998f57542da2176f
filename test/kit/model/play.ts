import type { Content } from '../../../src/model/content.ts';
import type { ConversationRef, PersonRef } from '../../../src/model/events.ts';
import { plain } from '../../../src/model/richtext.ts';
import { ALICE, MALLORY } from './core.ts';
import { BOT, type FakeRoom } from './homeserver.ts';
import { directChat, type FakeMessage } from './network.ts';
import type { Op } from './script.ts';
import type { World } from './world.ts';

/** A message and what became of it at its source: each version and part carries a mark of its own. */
export interface Said {
  readonly n: number;
  readonly side: 'network' | 'matrix';
  /** The network's id, or the event's. */
  readonly id: string;
  /** The chat or the room. */
  readonly place: string;
  readonly by: string;
  /** Newest last. `key`: what it reaches the store under. */
  readonly versions: { readonly key: string; readonly parts: number }[];
  readonly replyTo: Said | null;
  /** What the deletion reaches the store under. */
  deleted: string | null;
}

export interface Reaction {
  readonly side: 'network' | 'matrix';
  readonly key: string;
  readonly by: string;
  readonly target: string;
  readonly emoji: string | null;
  removedBy: string | null;
}

/** The mark of one part of one version of a message: it finds its way into every text made of it. */
const mark = (side: Said['side'], n: number, part: number, version: number): string => `${side === 'network' ? 'n' : 'm'}${n}.${part}v${version};`;

interface Person {
  readonly name: string;
  /** Every id they have had. */
  readonly ids: string[];
  ref: PersonRef;
  chat: ConversationRef;
}

const GROUP: ConversationRef = { id: 'group', scope: '', kind: 'group', perAccount: false, title: 'Group' };

/** Acts out a script in a world, and remembers what was said. */
export class Play {
  readonly world: World;
  readonly said: Said[] = [];
  readonly reactions: Reaction[] = [];
  readonly commands: string[] = [];
  /** Somebody had things sent again. */
  retried = false;
  readonly people: readonly Person[] = ['31', '32'].map((id) => ({ name: `P${id}`, ids: [id], ref: { id, scope: '', name: `P${id}` }, chat: directChat(id) }));
  #management: FakeRoom | null = null;
  #count = 0;

  constructor(world: World) {
    this.world = world;
    for (const { chat } of this.people) world.network.chats.set(chat.id, chat);
    world.network.chats.set(GROUP.id, GROUP);
  }

  /** Two portals and the room with the bot, before the weather matters. */
  async prelude(): Promise<void> {
    const { homeserver, network } = this.world;
    await this.world.pass(10);
    this.#management = homeserver.createRoom(ALICE);
    homeserver.setMember(this.#management, ALICE, BOT, 'invite');
    this.#networkSays(0, false, 1, null, false);
    await this.world.pass(2_000);
    this.#networkSays(1, true, 1, null, false);
    await this.world.pass(4_000);
    for (const room of this.#portals()) homeserver.setMember(room, BOT, MALLORY, 'join');
    network.messages.length = 0;
    this.said.length = 0;
    this.world.calm(false);
  }

  async run(script: readonly Op[]): Promise<void> {
    for (const op of script) {
      await this.world.pass(op.gap);
      await this.#act(op);
    }
  }

  async #act(op: Op): Promise<void> {
    const { world } = this;
    switch (op.do) {
      case 'network says': return this.#networkSays(op.who, op.group, op.parts, op.reply, op.media);
      case 'own app says': return this.#ownAppSays(op.who);
      case 'network edits': return this.#networkEdits(op.which, op.parts);
      case 'network deletes': return this.#networkDeletes(op.which);
      case 'network reacts': return this.#networkReacts(op.who, op.which, op.emoji);
      case 'number changes': return this.#numberChanges(op.who);
      case 'matrix says': return this.#matrixSays(op.room, op.parts, op.reply, op.media);
      case 'stranger says': return this.#strangerSays(op.room);
      case 'matrix edits': return this.#matrixEdits(op.which, op.parts);
      case 'matrix redacts': return this.#matrixRedacts(op.which);
      case 'matrix reacts': return this.#matrixReacts(op.room, op.which, op.emoji);
      case 'matrix takes a reaction back': return this.#matrixTakesBack(op.which);
      case 'command': return this.#command(op.text);
      case 'process dies': return world.life.dieAfter(op.after);
      case 'orderly restart': return world.restart();
      case 'disk full':
        world.life.busy = op.commands;
        return;
      case 'homeserver restarts':
        world.homeserver.stop();
        return void world.clock.sleep(op.after).then(() => world.homeserver.start());
      case 'network away':
        world.network[op.how] = true;
        return void world.clock.sleep(op.for).then(() => {
          world.network[op.how] = false;
        });
    }
  }

  #portals(): readonly FakeRoom[] {
    return this.world.aliceRooms().filter((room) => room !== this.#management);
  }

  #pick<T>(list: readonly T[], which: number): T | undefined {
    return list[which % Math.max(list.length, 1)];
  }

  #person(who: number): Person {
    return this.people[who] as Person;
  }

  #parts(side: Said['side'], n: number, version: number, parts: number, media: boolean): Content[] {
    return Array.from({ length: parts }, (_, part): Content => {
      const text = plain(mark(side, n, part, version));
      return media && part === 0 ? { kind: 'image', media: { source: { network: `handle-${n}` }, name: 'photo.png' }, caption: text } : { kind: 'text', text };
    });
  }

  #networkSays(who: number, group: boolean, parts: number, reply: number | null, media: boolean): void {
    const { name, ref, chat } = this.#person(who);
    const place = group ? GROUP : chat;
    const n = this.#count++;
    const answered = reply === null ? undefined : this.#pick(this.world.network.messages.filter((each) => each.conversation === place.id && !each.deleted), reply);
    const id = this.world.network.say(place, ref, this.#parts('network', n, 0, parts, media), answered?.id);
    const replyTo = this.said.find((each) => each.id === answered?.id) ?? null;
    this.said.push({ n, side: 'network', id, place: place.id, by: name, versions: [{ key: `message ${id}`, parts }], replyTo, deleted: null });
  }

  #ownAppSays(who: number): void {
    const { chat } = this.#person(who);
    const n = this.#count++;
    const id = this.world.network.say(chat, { id: 'self', scope: '', isSelf: true }, this.#parts('network', n, 0, 1, false));
    this.said.push({ n, side: 'network', id, place: chat.id, by: 'self', versions: [{ key: `message ${id}`, parts: 1 }], replyTo: null, deleted: null });
  }

  /** What a person of the network may still change, with the message there. */
  #theirs(which: number): { said: Said; message: FakeMessage; person: Person; place: ConversationRef } | null {
    const said = this.#pick(this.said.filter((each) => each.side === 'network' && each.deleted === null && each.by !== 'self'), which);
    const message = said === undefined ? undefined : this.world.network.message(said.id);
    const person = this.people.find(({ name }) => name === said?.by);
    if (said === undefined || message === undefined || person === undefined) return null;
    return { said, message, person, place: said.place === GROUP.id ? GROUP : person.chat };
  }

  #networkEdits(which: number, parts: number): void {
    const found = this.#theirs(which);
    if (found === null) return;
    const { said, message, person, place } = found;
    const content = this.#parts('network', said.n, said.versions.length, parts, false);
    said.versions.push({ key: this.world.network.edit(message, place, person.ref, content), parts });
  }

  #networkDeletes(which: number): void {
    const found = this.#theirs(which);
    if (found !== null) found.said.deleted = this.world.network.remove(found.message, found.place, found.person.ref);
  }

  #networkReacts(who: number, which: number, emoji: string | null): void {
    const person = this.#person(who);
    const place = which % 2 === 0 ? person.chat : GROUP;
    const message = this.#pick(this.world.network.messages.filter((each) => each.conversation === place.id && !each.deleted && !each.failed), which);
    if (message === undefined) return;
    const key = this.world.network.react(message, place, person.ref, emoji);
    this.reactions.push({ side: 'network', key, by: person.name, target: message.id, emoji, removedBy: null });
  }

  /** Somebody has a new number; the network says so, and both are one person from then on. */
  #numberChanges(who: number): void {
    const person = this.#person(who);
    const { id } = person.ref;
    const fresh = `${id}0`;
    person.ref = { ...person.ref, id: fresh };
    person.ids.push(fresh);
    // Filed under the first number still; the bridge is told of the new one.
    this.world.network.chats.set(fresh, this.world.network.chats.get(id) ?? person.chat);
    person.chat = directChat(fresh);
    this.world.network.post(`alias ${id} ${fresh}`, { type: 'identity.alias', scope: '', from: id, to: fresh, time: this.world.clock.now() });
  }

  #matrixSays(which: number, parts: number, reply: number | null, media: boolean): void {
    const room = this.#pick(this.#portals(), which);
    if (room === undefined) return;
    const n = this.#count++;
    const answered = reply === null ? undefined : this.#pick(room.timeline.filter(({ type, event_id: id, sender }) => type === 'm.room.message' && sender !== BOT && !room.redacted.has(id)), reply);
    const relates = answered === undefined ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: answered.event_id } } };
    const content = media
      ? { msgtype: 'm.image', url: `mxc://test/file${n}`, filename: 'photo.png', body: mark('matrix', n, 0, 0), ...relates }
      : { msgtype: 'm.text', body: this.#body(n, 0, parts), ...relates };
    const id = this.world.homeserver.say(room, ALICE, 'm.room.message', content);
    const replyTo = this.said.find((each) => each.id === answered?.event_id) ?? null;
    this.said.push({ n, side: 'matrix', id, place: room.id, by: ALICE, versions: [{ key: id, parts: media ? 1 : parts }], replyTo, deleted: null });
  }

  #body(n: number, version: number, parts: number): string {
    return Array.from({ length: parts }, (_, part) => mark('matrix', n, part, version)).join('|');
  }

  #strangerSays(which: number): void {
    const room = this.#pick(this.#portals().filter(({ members }) => members.get(MALLORY) === 'join'), which);
    if (room === undefined) return;
    const n = this.#count++;
    const id = this.world.homeserver.say(room, MALLORY, 'm.room.message', { msgtype: 'm.text', body: this.#body(n, 0, 1) });
    this.said.push({ n, side: 'matrix', id, place: room.id, by: MALLORY, versions: [{ key: id, parts: 1 }], replyTo: null, deleted: null });
  }

  #ours(which: number): { said: Said; room: FakeRoom } | null {
    const said = this.#pick(this.said.filter((each) => each.by === ALICE && each.deleted === null), which);
    const room = this.world.aliceRooms().find(({ id }) => id === said?.place);
    return said === undefined || room === undefined ? null : { said, room };
  }

  #matrixEdits(which: number, parts: number): void {
    const found = this.#ours(which);
    if (found === null) return;
    const { said, room } = found;
    const body = this.#body(said.n, said.versions.length, parts);
    const key = this.world.homeserver.say(room, ALICE, 'm.room.message', {
      msgtype: 'm.text', body: `* ${body}`, 'm.new_content': { msgtype: 'm.text', body }, 'm.relates_to': { rel_type: 'm.replace', event_id: said.id },
    });
    said.versions.push({ key, parts });
  }

  #matrixRedacts(which: number): void {
    const found = this.#ours(which);
    if (found !== null) found.said.deleted = this.world.homeserver.redact(found.room, ALICE, found.said.id);
  }

  #matrixReacts(which: number, message: number, emoji: string): void {
    const room = this.#pick(this.#portals(), which);
    const target = room === undefined ? undefined : this.#pick(room.timeline.filter(({ type, event_id: id, sender, content }) =>
      type === 'm.room.message' && sender !== BOT && sender !== MALLORY && content.msgtype !== 'm.notice' && content['m.new_content'] === undefined && !room.redacted.has(id)), message);
    if (room === undefined || target === undefined) return;
    // A homeserver takes the same annotation of one person only once.
    if (this.reactions.some((each) => each.side === 'matrix' && each.target === target.event_id && each.emoji === emoji && each.removedBy === null)) return;
    const key = this.world.homeserver.say(room, ALICE, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: target.event_id, key: emoji } });
    this.reactions.push({ side: 'matrix', key, by: ALICE, target: target.event_id, emoji, removedBy: null });
  }

  #matrixTakesBack(which: number): void {
    const reaction = this.#pick(this.reactions.filter((each) => each.side === 'matrix' && each.removedBy === null), which);
    const room = this.world.aliceRooms().find(({ timeline }) => timeline.some(({ event_id: id }) => id === reaction?.key));
    if (reaction !== undefined && room !== undefined) reaction.removedBy = this.world.homeserver.redact(room, ALICE, reaction.key);
  }

  #command(text: string): void {
    if (this.#management?.members.get(BOT) !== 'join') return;
    if (text.startsWith('retry')) this.retried = true;
    this.commands.push(this.world.homeserver.say(this.#management, ALICE, 'm.room.message', { msgtype: 'm.text', body: text }));
  }
}
