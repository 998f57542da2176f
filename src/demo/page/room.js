import { said } from './dom.js';

/** One room as one account sees it: state, and a timeline in which edits, reactions and redactions have done their work. */
export class Room {
  /** Event id to `{ event, content, edited, redacted, reactions, status, version }`, in the order they came. */
  items = new Map();
  /** `type|state_key` to content. */
  #state = new Map();
  /** Edits, reactions and redactions whose target has not come. */
  #waiting = new Map();
  /** Reaction's event id to its target's. */
  #reactions = new Map();
  /** User id to the id of the last event they read. */
  receipts = new Map();
  typing = [];
  unread = 0;
  lastTime = 0;

  constructor(id, me) {
    this.id = id;
    this.me = me;
  }

  apply({ state, timeline, ephemeral, unread_notifications: counts }) {
    each(state?.events, (event) => this.#setState(event));
    each(timeline?.events, (event) => this.#add(event));
    each(ephemeral?.events, (event) => this.#ephemeral(event));
    if (counts?.notification_count !== undefined) this.unread = counts.notification_count;
  }

  state(type, key = '') {
    return this.#state.get(`${type}|${key}`);
  }

  /** User ids of everybody else who is here or invited. */
  others() {
    return [...this.#state].filter(([key, content]) => key.startsWith('m.room.member|') && ['join', 'invite'].includes(content.membership))
      .map(([key]) => key.slice('m.room.member|'.length)).filter((user) => user !== this.me);
  }

  member(user) {
    const content = this.state('m.room.member', user);
    return { name: said(content?.displayname) || user.split(':')[0].slice(1), avatar: content?.avatar_url };
  }

  get name() {
    const named = said(this.state('m.room.name')?.name);
    return named || this.others().map((user) => this.member(user).name).slice(0, 3).join(', ') || 'Empty room';
  }

  /** Names of the networks that this room is bridged to, by its `m.bridge` state (MSC2346). */
  get networks() {
    const bridges = [...this.#state].filter(([key]) => /^(uk\.half-shot\.bridge|m\.bridge)\|/.test(key));
    return [...new Set(bridges.map(([, content]) => said(content.protocol?.displayname) || said(content.protocol?.id)).filter(Boolean))];
  }

  get last() {
    return [...this.items.values()].at(-1);
  }

  #setState(event) {
    this.#state.set(`${event.type}|${event.state_key}`, event.content);
    // Names and avatars stand beside messages that are drawn already.
    if (event.type === 'm.room.member') for (const item of this.items.values()) if (item.event.sender === event.state_key) item.version += 1;
  }

  #add(event) {
    this.lastTime = Math.max(this.lastTime, event.origin_server_ts);
    if (event.type === 'm.room.redaction') return this.#redact(event.redacts ?? event.content.redacts, event);
    const relation = event.content['m.relates_to'];
    if (event.type === 'm.reaction') return this.#react(event, relation);
    if (event.type === 'm.room.message' && relation?.rel_type === 'm.replace') return this.#edit(event, relation.event_id);
    if (event.type === 'com.beeper.message_send_status') return this.#status(event, relation?.event_id);
    const before = event.state_key === undefined ? undefined : (event.unsigned?.prev_content ?? this.state(event.type, event.state_key));
    if (event.state_key !== undefined) this.#setState(event);
    const redacted = event.unsigned?.redacted_because !== undefined;
    this.items.set(event.event_id, { event, before, content: event.content, edited: false, redacted, reactions: new Map(), status: null, version: 0 });
    for (const late of this.#waiting.get(event.event_id) ?? []) this.#add(late);
    this.#waiting.delete(event.event_id);
  }

  /** The item, or undefined after the event was put aside until it comes. */
  #target(id, event) {
    const item = this.items.get(id);
    if (item) {
      item.version += 1;
      return item;
    }
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), event]);
    return undefined;
  }

  #react(event, relation) {
    if (relation?.rel_type !== 'm.annotation') return;
    const item = this.#target(relation.event_id, event);
    if (!item) return;
    this.#reactions.set(event.event_id, relation.event_id);
    item.reactions.set(event.event_id, { key: String(relation.key), sender: event.sender });
  }

  #edit(event, id) {
    const item = this.#target(id, event);
    // Only the author's edits count (client-server API, "Event replacements").
    if (!item || item.event.sender !== event.sender || item.redacted) return;
    item.content = { ...event.content['m.new_content'], 'm.relates_to': item.content['m.relates_to'] };
    item.edited = true;
  }

  #status(event, id) {
    const item = this.#target(id, event);
    if (item) item.status = event.content;
  }

  #redact(id, event) {
    if (this.#reactions.has(id)) {
      const item = this.items.get(this.#reactions.get(id));
      item.reactions.delete(id);
      item.version += 1;
      return;
    }
    const item = this.#target(id, event);
    if (!item) return;
    item.redacted = true;
    item.content = {};
  }

  #ephemeral(event) {
    if (event.type === 'm.typing') this.typing = event.content.user_ids.filter((user) => user !== this.me);
    if (event.type !== 'm.receipt') return;
    for (const [id, kinds] of Object.entries(event.content)) {
      for (const user of Object.keys(kinds['m.read'] ?? {})) this.receipts.set(user, id);
    }
  }
}

/** Anybody can put anything into an event: one that makes no sense must not keep the others from being seen. */
function each(events, take) {
  for (const event of events ?? []) {
    try {
      take(event);
    } catch (error) {
      console.debug('An event was left out.', error);
    }
  }
}
