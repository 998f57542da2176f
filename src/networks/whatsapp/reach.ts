import { Rejected } from '../../model/errors.ts';
import type { Created, Found, FoundPage, Invited, Named, Reach, Target } from '../network.ts';
import { defined, str } from '../shared/json.ts';
import type { WhatsAppApi } from './api.ts';
import { groupChat, isBsuid } from './ids.ts';

interface ReachOptions {
  readonly api: WhatsAppApi;
  /** The WhatsApp business account. */
  readonly scope: string;
  readonly watched: <T>(call: () => Promise<T>) => Promise<T>;
}

/** …/whatsapp/cloud-api/groups/reference#create-group: of `subject`. */
const MAX_SUBJECT = 128;

/** Groups that the business makes (…/whatsapp/cloud-api/groups/reference). People have a link to come in, and no other way. */
export class WhatsAppReach implements Reach {
  readonly #options: ReachOptions;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  async conversations(after?: string): Promise<FoundPage> {
    const { api, scope, watched } = this.#options;
    const { groups, next } = await watched(() => api.groups(after));
    const items = groups.flatMap((group): readonly Found[] => {
      const id = str(group, 'id');
      return id === undefined ? [] : [{ conversation: defined({ ...groupChat(id, scope), title: str(group, 'subject') }) }];
    });
    return { items, ...(next === undefined ? {} : { next }) };
  }

  /** The answer names no group: a webhook does, with the link by which people come in, and the administrators are told it. */
  async create({ title, people }: { readonly title: string | null; readonly people: readonly Named[] }): Promise<Created> {
    if (title === null) throw new Rejected('A group on WhatsApp needs a title.', 'no_subject');
    await this.#options.watched(() => this.#options.api.createGroup(subject(title)));
    return { conversation: null, refused: people.map(({ ids: [id = ''] }) => ({ id, reason: 'WhatsApp lets nobody be put into a group: they come in by its link, which the administrators are told.' })) };
  }

  async invite(conversation: Target): Promise<Invited> {
    return { refused: [], link: await this.#options.watched(() => this.#options.api.inviteLink(groupOf(conversation))) };
  }

  async kick(conversation: Target, { ids }: Named): Promise<void> {
    const user = ids.find((id) => !isBsuid(id)) ?? ids[0];
    if (user === undefined) throw new Rejected('WhatsApp does not know this person.', 'no_user');
    await this.#options.watched(() => this.#options.api.removeFromGroup(groupOf(conversation), user));
  }

  async setTitle(conversation: Target, title: string): Promise<void> {
    await this.#options.watched(() => this.#options.api.renameGroup(groupOf(conversation), subject(title)));
  }
}

function subject(title: string): string {
  const text = [...title.trim()].slice(0, MAX_SUBJECT).join('');
  if (text === '') throw new Rejected('A group on WhatsApp needs a title.', 'no_subject');
  return text;
}

function groupOf({ id, kind }: Target): string {
  if (kind === 'direct') throw new Rejected('A chat of two on WhatsApp stays one of two.', 'direct');
  return id;
}
