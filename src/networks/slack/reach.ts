import { Rejected } from '../../model/errors.ts';
import type { Created, Found, FoundPage, Invited, Named, Reach, Target } from '../network.ts';
import { at, defined, flag, list, str } from '../shared/json.ts';
import type { SlackApi } from './api.ts';
import type { Directory } from './directory.ts';
import { directChat, isChannel, isUser, personOf, sharedChat } from './ids.ts';

interface ReachOptions {
  readonly api: SlackApi;
  readonly directory: Directory;
  /** The workspace. */
  readonly scope: string;
  /** The account's own user. */
  readonly self: string;
  readonly now: () => number;
  /** Tells the account's health of what a call ends in. */
  readonly watched: <T>(call: () => Promise<T>) => Promise<T>;
}

const PAGE = 200;
/** What a list was is remembered for this long: Slack lets a workspace be listed twenty times a minute. */
const KEPT_MS = 5 * 60_000;
/** Where nobody fits, the list is fetched anew once it is so old: somebody may have come. */
const STALE_MS = 30_000;
/** Of a larger workspace only so many are looked through. */
const MOST_PAGES = 15;
const MOST_FOUND = 50;
/** docs.slack.dev/reference/methods/conversations.create#naming */
const MAX_NAME = 80;
const EMAIL = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/;

type List = 'people' | 'channels';

/** Looking for people and channels, and making and changing channels (docs.slack.dev/reference/methods: users.*, conversations.*). */
export class SlackReach implements Reach {
  readonly #options: ReachOptions;
  readonly #kept = new Map<List, { readonly items: readonly Found[]; readonly at: number }>();

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  contacts(after?: string): Promise<FoundPage> {
    return this.#page('people', after);
  }

  conversations(after?: string): Promise<FoundPage> {
    return this.#page('channels', after);
  }

  /** Slack has no search for this, so what it lists is looked through. */
  async search(query: string): Promise<readonly Found[]> {
    const wanted = query.toLowerCase().replace(/^[@#]/, '');
    const rank = (one: Found): number => {
      const names = namesOf(one);
      return names.includes(wanted) ? 0 : names.some((name) => name.startsWith(wanted)) ? 1 : names.some((name) => name.includes(wanted)) ? 2 : 3;
    };
    const ranked = await this.#looked(['people', 'channels'], (all) => all.map((one) => ({ one, place: rank(one) })).filter(({ place }) => place < 3));
    return ranked.sort((left, right) => left.place - right.place).slice(0, MOST_FOUND).map(({ one }) => one);
  }

  async resolve(input: string): Promise<Found | null> {
    const text = input.trim();
    if (EMAIL.test(text.replace(/^mailto:/, ''))) return this.#byEmail(text.replace(/^mailto:/, ''));
    const id = idIn(text);
    if (id !== undefined) return isUser(id) ? this.#byId(id) : this.#channel(id);
    const [sign, name] = [text.charAt(0), text.toLowerCase().replace(/^[@#]/, '')];
    if (name === '' || /\s{2}|[<>]/.test(name) || name.length > MAX_NAME) throw new Rejected(FORM, 'bad_id');
    const found = await this.#looked([sign === '#' ? 'channels' : 'people'], (all) => all.filter((one) => namesOf(one).includes(name)));
    if (found.length > 1) throw new Rejected(`There are several of that name: ${found.slice(0, 5).map(({ person, conversation }) => person?.id ?? conversation.id).join(', ')}. Give the id of one.`, 'ambiguous');
    return found[0] ?? null;
  }

  /** With a title a private channel, else a direct message of several. */
  async create({ title, people }: { readonly title: string | null; readonly people: readonly Named[] }): Promise<Created> {
    const { api, scope } = this.#options;
    const users = people.map(userOf);
    if (title === null) {
      if (users.length < 2) throw new Rejected('A direct message of several needs two people or more; a channel needs a title.', 'too_few');
      const id = str(await this.#call('conversations.open', { users: users.join(',') }), 'channel', 'id');
      if (id === undefined) throw new Rejected('Slack opened no conversation.', 'channel_not_found');
      return { conversation: sharedChat(id, 'mpim', scope), refused: [] };
    }
    const answer = await this.#options.watched(() => api.call('conversations.create', { name: channelName(title), is_private: true }, { sending: true }));
    const channel = at(answer, 'channel');
    const id = str(channel, 'id');
    if (id === undefined) throw new Rejected('Slack made the channel without saying which it is.', 'no_channel');
    this.#kept.delete('channels');
    this.#options.directory.note(channel);
    return { conversation: defined({ ...sharedChat(id, undefined, scope), title: str(channel, 'name') }), refused: await this.#bringIn(id, users) };
  }

  async invite(conversation: Target, people: readonly Named[]): Promise<Invited> {
    return { refused: await this.#bringIn(channelOf(conversation), people.map(userOf)) };
  }

  async kick(conversation: Target, person: Named): Promise<void> {
    await this.#done('conversations.kick', { channel: channelOf(conversation), user: userOf(person) }, ['not_in_channel', 'user_not_in_channel']);
  }

  async leave(conversation: Target): Promise<void> {
    await this.#done('conversations.leave', { channel: channelOf(conversation) }, ['not_in_channel']);
  }

  async setTitle(conversation: Target, title: string): Promise<void> {
    await this.#call('conversations.rename', { channel: channelOf(conversation), name: channelName(title) });
    this.#kept.delete('channels');
  }

  async #bringIn(channel: string, users: readonly string[]): Promise<Invited['refused']> {
    const refused: { id: string; reason: string }[] = [];
    for (const user of users) {
      try {
        await this.#done('conversations.invite', { channel, users: user }, ['already_in_channel']);
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        refused.push({ id: user, reason: error.message });
      }
    }
    return refused;
  }

  async #byEmail(email: string): Promise<Found | null> {
    const user = await this.#orNull(() => this.#call('users.lookupByEmail', { email }), ['users_not_found', 'user_not_found']);
    return user === null ? null : this.#person(at(user, 'user'));
  }

  async #byId(id: string): Promise<Found | null> {
    const user = await this.#orNull(() => this.#call('users.info', { user: id }), ['user_not_found', 'users_not_found', 'user_not_visible']);
    return user === null ? null : this.#person(at(user, 'user'));
  }

  async #channel(id: string): Promise<Found | null> {
    const found = await this.#orNull(() => this.#call('conversations.info', { channel: id }), ['channel_not_found']);
    return found === null ? null : (this.#conversation(at(found, 'channel')) ?? null);
  }

  async #page(which: List, cursor?: string): Promise<FoundPage> {
    const answer = which === 'people' ? await this.#call('users.list', { limit: PAGE, cursor })
      : await this.#call('conversations.list', { types: 'public_channel,private_channel,mpim', exclude_archived: true, limit: PAGE, cursor });
    const items = which === 'people' ? list(answer, 'members').flatMap((each) => this.#listed(each)) : list(answer, 'channels').flatMap((each) => this.#conversation(each) ?? []);
    const next = str(answer, 'response_metadata', 'next_cursor');
    return { items, ...(next === undefined ? {} : { next }) };
  }

  async #looked<T>(lists: readonly List[], look: (all: readonly Found[]) => T[]): Promise<T[]> {
    for (const age of [KEPT_MS, STALE_MS]) {
      const all: Found[] = [];
      for (const which of lists) all.push(...await this.#all(which, age));
      const found = look(all);
      if (found.length > 0) return found;
    }
    return [];
  }

  async #all(which: List, age: number): Promise<readonly Found[]> {
    const { now } = this.#options;
    const kept = this.#kept.get(which);
    if (kept !== undefined && kept.at + age > now()) return kept.items;
    const items: Found[] = [];
    let after: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { items: found, next } = await this.#page(which, after);
      items.push(...found);
      if (next === undefined || next === after) break;
      after = next;
    }
    this.#kept.set(which, { items, at: now() });
    return items;
  }

  /** Whoever was removed stays in the list, and so do Slack itself and we. */
  #listed(user: unknown): readonly Found[] {
    const id = str(user, 'id');
    if (id === undefined || !isUser(id) || flag(user, 'deleted') || id === 'USLACKBOT' || id === this.#options.self) return [];
    return [this.#person(user)];
  }

  #person(user: unknown): Found {
    const { scope } = this.#options;
    const person = personOf(user, scope);
    return { person, conversation: { ...directChat('', person.id, scope), aliases: [] } };
  }

  #conversation(channel: unknown): Found | undefined {
    const id = str(channel, 'id');
    if (id === undefined || !isChannel(id) || id.startsWith('D')) return undefined;
    const mpim = flag(channel, 'is_mpim');
    return { conversation: defined({ ...sharedChat(id, mpim ? 'mpim' : 'channel', this.#options.scope), title: mpim ? str(channel, 'purpose', 'value') : str(channel, 'name'), topic: str(channel, 'topic', 'value') }) };
  }

  #call(method: string, args: Readonly<Record<string, unknown>>): ReturnType<SlackApi['call']> {
    return this.#options.watched(() => this.#options.api.call(method, args));
  }

  async #done(method: string, args: Readonly<Record<string, unknown>>, fine: readonly string[]): Promise<void> {
    await this.#orNull(() => this.#call(method, args), fine);
  }

  async #orNull<T>(call: () => Promise<T>, codes: readonly string[]): Promise<T | null> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Rejected && codes.includes(error.code)) return null;
      throw error;
    }
  }
}

export const FORM = 'Give a person’s id, like U0123ABCD (profile > "Copy member ID"), e-mail address or @name; or a channel’s id, like C0123ABCD (channel details, at the very end), or #name; or a link to either.';

/** `U0123ABCD`, `<@U0123ABCD>`, `https://team.slack.com/team/U0123ABCD`, `https://app.slack.com/client/T…/C…`, `…/archives/C…`. */
export function idIn(text: string): string | undefined {
  return /(?:^|[/@#<])([UWCG][A-Z0-9]{4,})(?=$|[|>/?])/.exec(text.trim())?.[1];
}

/** Lower case, without spaces and signs (docs.slack.dev/reference/methods/conversations.create#naming). @throws Rejected where nothing is left */
function channelName(title: string): string {
  const name = title.toLowerCase().replaceAll(/[^\p{L}\p{N}_]+/gu, '-').slice(0, MAX_NAME).replaceAll(/^-+|-+$/g, '');
  if (name === '') throw new Rejected('A channel’s name needs a letter or a digit.', 'invalid_name_required');
  return name;
}

function namesOf({ person, conversation }: Found): readonly string[] {
  return [person?.name, person?.username, conversation.title].flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
}

function userOf({ ids }: Named): string {
  const id = ids.find(isUser);
  if (id === undefined) throw new Rejected('Slack does not know this person.', 'user_not_found');
  return id;
}

function channelOf({ id, aliases }: Target): string {
  const found = [id, ...aliases].find((one) => isChannel(one) && !one.startsWith('D'));
  if (found === undefined) throw new Rejected('A direct chat of Slack stays one of two.', 'method_not_supported_for_channel_type');
  return found;
}
