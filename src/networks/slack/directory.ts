import { AccountBroken, DeliveryError, Rejected } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import { at, defined, isFields, list, str, type Fields } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import type { SlackApi } from './api.ts';
import { isUser, personOf, pictureOf } from './ids.ts';

const MOST = 5_000;
/** What an event shows is not held up for longer by the names in it. */
const WAIT_MS = 2_000;
const NAMED = /<#([CG][A-Z0-9]+)(?:\|)?>|"channel_id":"([CG][A-Z0-9]+)"|"usergroup_id":"(S[A-Z0-9]+)"|<!subteam\^(S[A-Z0-9]+)>/g;

/** Names of what events only name by id: channels, groups of people, who a direct chat is with. In memory; asked for once. */
export class Directory {
  readonly #api: SlackApi;
  readonly #scope: string;
  readonly #self: string;
  readonly #partners = new Recent<string>(MOST);
  readonly #channels = new Recent<string>(MOST);
  readonly #asking = new Map<string, Promise<void>>();
  #groups: ReadonlyMap<string, string> | null = null;
  #emoji: ReadonlySet<string> | null = null;

  constructor(api: SlackApi, scope: string, self: string) {
    this.#api = api;
    this.#scope = scope;
    this.#self = self;
  }

  readonly partner = (channel: string): string | undefined => this.#partners.get(channel);
  readonly channelName = (channel: string): string | undefined => this.#channels.get(channel);
  readonly groupName = (group: string): string | undefined => this.#groups?.get(group);
  readonly hasEmoji = (name: string): boolean => this.#emoji?.has(name) ?? false;

  /** Of a conversation object that came by. */
  note(conversation: unknown): void {
    const id = str(conversation, 'id');
    if (id === undefined) return;
    const user = str(conversation, 'user');
    const name = str(conversation, 'name');
    if (id.startsWith('D') && user !== undefined) this.#partners.set(id, user);
    else if (name !== undefined && at(conversation, 'is_mpim') !== true) this.#channels.set(id, name);
  }

  notePartner(channel: string, user: string): void {
    if (channel.startsWith('D') && user !== this.#self && isUser(user)) this.#partners.set(channel, user);
  }

  renamed(channel: string, name: string): void {
    this.#channels.set(channel, name);
  }

  /** Finds out what an event names, for a moment at most; what does not come stays an id. */
  async learn(event: unknown): Promise<void> {
    const wanted: Promise<void>[] = [];
    const channel = str(event, 'channel') ?? str(event, 'item', 'channel') ?? str(event, 'channel_id') ?? str(event, 'item', 'message', 'channel');
    if (channel?.startsWith('D') === true && !this.#partners.has(channel)) {
      const author = str(event, 'user') ?? str(event, 'message', 'user');
      if (author !== undefined && str(event, 'type') === 'message' && author !== this.#self && isUser(author)) this.notePartner(channel, author);
      else wanted.push(this.#conversation(channel));
    }
    const text = JSON.stringify(event) ?? '';
    let groups = false;
    for (const [, bare, inBlock, group, bareGroup] of text.matchAll(NAMED)) {
      const id = bare ?? inBlock;
      if (id !== undefined && !this.#channels.has(id) && wanted.length < 10) wanted.push(this.#conversation(id));
      groups ||= (group ?? bareGroup) !== undefined;
    }
    if (groups && this.#groups === null) wanted.push(this.#once('groups', () => this.#loadGroups()));
    if (wanted.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([Promise.all(wanted), patience]);
    clearTimeout(timer);
  }

  /** Which names of emoji are the workspace's own. Without the scope for it there are none. */
  async loadEmoji(): Promise<void> {
    const answer = await this.#api.call('emoji.list').catch((error: unknown) => quiet(error));
    const found = at(answer, 'emoji');
    this.#emoji = new Set(isFields(found) ? Object.keys(found) : []);
  }

  /** Null: there is no such person, or nobody may look. A name that a bot took for one message says nothing of the bot. */
  async person(id: string): Promise<PersonRef | null> {
    try {
      if (id.startsWith('D')) {
        await this.#conversation(id);
        const partner = this.#partners.get(id);
        const found = partner === undefined ? null : await this.person(partner);
        return found === null ? null : { ...found, aliases: [id] };
      }
      if (/^B[A-Z0-9]+$/.test(id)) return this.#bot(id, await this.#api.call('bots.info', { bot: id }));
      if (!isUser(id)) return null;
      const user = at(await this.#api.call('users.info', { user: id }), 'user');
      const found = personOf(user, this.#scope, id);
      return { ...found, avatar: found.avatar ?? null };
    } catch (error) {
      if (error instanceof Rejected) return null;
      throw error;
    }
  }

  #bot(id: string, answer: Fields): PersonRef {
    const bot = at(answer, 'bot');
    return defined({ id, scope: this.#scope, name: str(bot, 'name'), avatar: pictureOf(at(bot, 'icons')), isBot: true as const });
  }

  #conversation(id: string): Promise<void> {
    return this.#once(id, async () => {
      this.note(at(await this.#api.call('conversations.info', { channel: id }), 'channel'));
      // One that cannot be named is not asked for again with every message.
      if (!id.startsWith('D') && !this.#channels.has(id)) this.#channels.set(id, id);
    }, () => (id.startsWith('D') ? undefined : this.#channels.set(id, id)));
  }

  async #loadGroups(): Promise<void> {
    const answer = await this.#api.call('usergroups.list', { include_disabled: true });
    this.#groups = new Map(list(answer, 'usergroups').flatMap((group) => {
      const id = str(group, 'id');
      const handle = str(group, 'handle') ?? str(group, 'name');
      return id === undefined || handle === undefined ? [] : [[id, handle] as const];
    }));
  }

  /** Never rejects. */
  #once(key: string, load: () => Promise<void>, failed: () => unknown = () => (this.#groups = new Map())): Promise<void> {
    const known = this.#asking.get(key);
    if (known !== undefined) return known;
    const asking = load().catch((error: unknown) => {
      // A missing scope stays missing: there is no asking again until the next start.
      if (error instanceof Rejected || error instanceof AccountBroken) failed();
      else quiet(error);
    }).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }
}

/** Names are worth a question and no more: what it ends in concerns nobody. */
function quiet(error: unknown): undefined {
  if (error instanceof DeliveryError) return undefined;
  throw error;
}
