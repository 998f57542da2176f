import type { Content } from '../../../src/model/content.ts';
import type { ConversationRef, MatrixEvent, PersonRef } from '../../../src/model/events.ts';
import { plain } from '../../../src/model/richtext.ts';
import { ALICE } from '../model/core.ts';
import { BOT, type FakeRoom } from '../model/homeserver.ts';
import type { FakeMessage, FakeNetwork } from '../model/network.ts';
import { marksIn } from '../model/seen.ts';
import type { World } from '../model/world.ts';
import { type CrossOp, MATRIX } from './script.ts';

/** A message and what became of it at its source: each version and part carries a mark of its own. */
export interface CrossSaid {
  readonly n: number;
  /** Which of the conversations it was said in, or `MATRIX`. */
  readonly where: number;
  /** The network's id, or the event's. */
  readonly id: string;
  readonly by: PersonRef | null;
  /** Newest last. `key`: what it reaches the store under. */
  readonly versions: { readonly key: string; readonly parts: number }[];
  deleted: string | null;
}

export interface Side {
  readonly network: FakeNetwork;
  readonly chat: ConversationRef;
}

const group = (id: string): ConversationRef => ({ id, scope: '', kind: 'group', perAccount: false, title: `Group ${id}` });
/** It finds its way into every text made of the message. */
const mark = (where: number, n: number, part: number, version: number): string => `${where === MATRIX ? 'm' : 'n'}${n}.${part}v${version};`;

/** Acts out a script in one room that is linked to four conversations on three networks. */
export class CrossPlay {
  readonly world: World;
  readonly sides: readonly Side[];
  readonly said: CrossSaid[] = [];
  room!: FakeRoom;
  #count = 0;

  constructor(world: World) {
    this.world = world;
    const [one, two, three] = world.networks as readonly [FakeNetwork, FakeNetwork, FakeNetwork];
    this.sides = [{ network: one, chat: group('g1') }, { network: one, chat: group('g2') }, { network: two, chat: group('g1') }, { network: three, chat: group('g1') }];
    for (const { network, chat } of this.sides) network.chats.set(chat.id, chat);
  }

  /** The room, before the weather matters. */
  async prelude(): Promise<void> {
    const { homeserver } = this.world;
    await this.world.pass(10);
    this.room = homeserver.createRoom(ALICE);
    homeserver.setMember(this.room, ALICE, BOT, 'invite');
    await this.world.pass(2_000);
    for (const [n, { network, chat }] of this.sides.entries()) {
      homeserver.say(this.room, ALICE, 'm.room.message', { msgtype: 'm.text', body: n === 0 ? `link ${network.id} ${chat.id} here` : `!bridge link ${network.id} ${chat.id}` });
      await this.world.pass(1_000);
    }
    if (this.world.store.counts().portals !== this.sides.length) throw new Error(`The room could not be linked. ${JSON.stringify(this.room.timeline.map(({ content }) => content['body']))}`);
    this.world.calm(false);
  }

  async run(script: readonly CrossOp[]): Promise<void> {
    for (const op of script) {
      await this.world.pass(op.gap);
      await this.#act(op);
    }
  }

  async #act(op: CrossOp): Promise<void> {
    const { world } = this;
    switch (op.do) {
      case 'says': return this.#says(op);
      case 'edits': return this.#edits(op.which, op.parts);
      case 'deletes': return this.#deletes(op.which);
      case 'reacts': return op.where === MATRIX ? this.#aliceReacts(op.which, op.emoji) : this.#reacts(this.sides[op.where] as Side, op.who, op.which, op.emoji);
      case 'process dies': return world.life.dieAfter(op.after);
      case 'orderly restart': return world.restart();
      case 'disk full':
        world.life.busy = op.commands;
        return;
      case 'homeserver restarts':
        world.homeserver.stop();
        return void world.clock.sleep(op.after).then(() => world.homeserver.start());
      case 'network away': {
        const network = world.networks[op.which] as FakeNetwork;
        network[op.how] = true;
        return void world.clock.sleep(op.for).then(() => {
          network[op.how] = false;
        });
      }
    }
  }

  #pick<T>(list: readonly T[], which: number): T | undefined {
    return list[which % Math.max(list.length, 1)];
  }

  /** Ids are the same on each network: nothing may be told by them alone. */
  #person(who: number): PersonRef {
    return { id: `3${who + 1}`, scope: '', name: `P3${who + 1}` };
  }

  #content(where: number, n: number, version: number, parts: number, media: boolean): Content[] {
    return Array.from({ length: parts }, (_, part): Content => {
      const text = plain(mark(where, n, part, version));
      return media && part === 0 ? { kind: 'image', media: { source: { network: `handle-${n}` }, name: 'photo.png' }, caption: text } : { kind: 'text', text };
    });
  }

  #body(n: number, version: number, parts: number): string {
    return Array.from({ length: parts }, (_, part) => mark(MATRIX, n, part, version)).join('|');
  }

  /** Messages of people in the room, and of ghosts. */
  events(): readonly MatrixEvent[] {
    return this.room.timeline.filter(({ type, event_id: id, sender, content }) => type === 'm.room.message' && sender !== BOT && content['m.new_content'] === undefined
      && !this.room.redacted.has(id) && marksIn(String(content['body'])).length > 0);
  }

  #messages({ network, chat }: Side): readonly FakeMessage[] {
    return network.messages.filter((each) => each.conversation === chat.id && !each.deleted && !each.failed);
  }

  #says({ where, who, parts, reply, media }: Extract<CrossOp, { do: 'says' }>): void {
    const n = this.#count++;
    const side = this.sides[where];
    if (side !== undefined) {
      const by = this.#person(who);
      const answered = reply === null ? undefined : this.#pick(this.#messages(side), reply);
      const id = side.network.say(side.chat, by, this.#content(where, n, 0, parts, media), answered?.id);
      this.said.push({ n, where, id, by, versions: [{ key: this.world.keyOf(side.network.id, `message ${id}`), parts }], deleted: null });
      return;
    }
    const answered = reply === null ? undefined : this.#pick(this.events(), reply);
    const relates = answered === undefined ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: answered.event_id } } };
    const content = media ? { msgtype: 'm.image', url: `mxc://test/file${n}`, filename: 'photo.png', body: mark(MATRIX, n, 0, 0), ...relates } : { msgtype: 'm.text', body: this.#body(n, 0, parts), ...relates };
    const id = this.world.homeserver.say(this.room, ALICE, 'm.room.message', content);
    this.said.push({ n, where, id, by: null, versions: [{ key: id, parts: media ? 1 : parts }], deleted: null });
  }

  #edits(which: number, parts: number): void {
    const said = this.#pick(this.said.filter(({ deleted }) => deleted === null), which);
    if (said === undefined) return;
    const version = said.versions.length;
    const side = this.sides[said.where];
    const message = side?.network.message(said.id);
    if (side === undefined) {
      const body = this.#body(said.n, version, parts);
      const key = this.world.homeserver.say(this.room, ALICE, 'm.room.message', {
        msgtype: 'm.text', body: `* ${body}`, 'm.new_content': { msgtype: 'm.text', body }, 'm.relates_to': { rel_type: 'm.replace', event_id: said.id },
      });
      said.versions.push({ key, parts });
    } else if (message !== undefined && said.by !== null) {
      said.versions.push({ key: this.world.keyOf(side.network.id, side.network.edit(message, side.chat, said.by, this.#content(said.where, said.n, version, parts, false))), parts });
    }
  }

  #deletes(which: number): void {
    const said = this.#pick(this.said.filter(({ deleted }) => deleted === null), which);
    if (said === undefined) return;
    const side = this.sides[said.where];
    const message = side?.network.message(said.id);
    if (side === undefined) said.deleted = this.world.homeserver.redact(this.room, ALICE, said.id);
    else if (message !== undefined && said.by !== null) said.deleted = this.world.keyOf(side.network.id, side.network.remove(message, side.chat, said.by));
  }

  #reacts(side: Side, who: number, which: number, emoji: string | null): void {
    const message = this.#pick(this.#messages(side), which);
    if (message !== undefined) side.network.react(message, side.chat, this.#person(who), emoji);
  }

  /** Without an emoji she takes one back. */
  #aliceReacts(which: number, emoji: string | null): void {
    const own = this.room.timeline.filter(({ type, sender, event_id: id }) => type === 'm.reaction' && sender === ALICE && !this.room.redacted.has(id));
    if (emoji === null) {
      const gone = this.#pick(own, which);
      if (gone !== undefined) this.world.homeserver.redact(this.room, ALICE, gone.event_id);
      return;
    }
    const target = this.#pick(this.events(), which)?.event_id;
    const relates = { rel_type: 'm.annotation', event_id: target, key: emoji };
    // A homeserver takes the same annotation of one person only once.
    if (target === undefined || own.some(({ content }) => JSON.stringify(content['m.relates_to']) === JSON.stringify(relates))) return;
    this.world.homeserver.say(this.room, ALICE, 'm.reaction', { 'm.relates_to': relates });
  }
}
