import { createHmac } from 'node:crypto';
import { AccountBroken, Rejected, Uncertain } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { GraphClient } from '../meta-graph/client.ts';
import type { ConnectOptions } from '../network.ts';
import { segment } from '../shared/http.ts';
import { at, defined, list, parseJson, str, type Fields } from '../shared/json.ts';
import { multipart } from '../shared/multipart.ts';
import { tidy } from '../shared/tidy.ts';
import { hex, type Handle } from './decode/media.ts';
import { explain } from './errors.ts';
import { Intact } from './intact.ts';
import type { WhatsAppAccount, WhatsAppApp } from './settings.ts';

export interface Subscribed {
  readonly id: string;
  readonly name: string;
  readonly url?: string;
}

const NO_SUCH_NODE = /^(?:33|803|100\/33)$/;

/** The calls of the Cloud API (github.com/facebook/openapi, business-messaging-api) for one phone number. */
export class WhatsAppApi {
  readonly #graph: GraphClient;
  readonly #number: string;
  readonly #waba: string;
  readonly #token: string;
  readonly #appSecret: string;
  readonly #intact = new Intact();

  constructor(app: WhatsAppApp, account: WhatsAppAccount, options: Pick<ConnectOptions, 'answered' | 'answerTimeoutMs'> = {}) {
    this.#graph = new GraphClient({
      url: app.graph_url, version: app.api_version, token: account.access_token, explain,
      ...(options.answered && { answered: options.answered }), ...(options.answerTimeoutMs !== undefined && { answerMs: options.answerTimeoutMs }),
    });
    this.#number = account.phone_number_id;
    this.#waba = account.waba_id;
    this.#token = account.access_token;
    this.#appSecret = app.app_secret;
  }

  /** POST `/{phone_number_id}/messages`; 200 means taken, not delivered. The answer's `contacts` may name the person anew. */
  async send(body: Fields): Promise<{ readonly id: string; readonly ids: readonly string[] }> {
    const answer = await ofNumber(this.#graph.post(`${segment(this.#number)}/messages`, { messaging_product: 'whatsapp', ...body }, true));
    const id = str(list(answer, 'messages')[0], 'id');
    if (id === undefined) throw new Uncertain('WhatsApp took the message without giving it an id.', 'no_id');
    const contact = list(answer, 'contacts')[0];
    return { id, ids: [str(contact, 'user_id'), str(contact, 'wa_id')].flatMap((each) => each ?? []) };
  }

  /** The same endpoint; a message that is pinned twice is pinned once, so a lost answer is simply tried again. */
  async pin(body: Fields): Promise<void> {
    await ofNumber(this.#graph.post(`${segment(this.#number)}/messages`, { messaging_product: 'whatsapp', ...body }, false));
  }

  /** …/whatsapp/cloud-api/groups/reference#get-group-info */
  group(id: string): Promise<Fields> {
    return this.#graph.get(segment(id), { fields: 'subject,description,participants' });
  }

  /** …/groups/reference#create-group: the answer says only that it will be made. */
  async createGroup(subject: string): Promise<void> {
    await ofNumber(this.#graph.post(`${segment(this.#number)}/groups`, { messaging_product: 'whatsapp', subject }, true));
  }

  /** …/groups/reference#get-active-groups */
  async groups(after?: string): Promise<{ readonly groups: readonly unknown[]; readonly next: string | undefined }> {
    const answer = await ofNumber(this.#graph.get(`${segment(this.#number)}/groups`, { limit: '100', ...(after === undefined ? {} : { after }) }));
    // The cursor of the last page points to nothing, and only the link says so.
    return { groups: list(answer, 'data', 'groups'), next: str(answer, 'paging', 'next') === undefined ? undefined : str(answer, 'paging', 'cursors', 'after') };
  }

  async renameGroup(id: string, subject: string): Promise<void> {
    await this.#graph.post(segment(id), { messaging_product: 'whatsapp', subject }, false);
  }

  async inviteLink(id: string): Promise<string> {
    const link = str(await this.#graph.get(`${segment(id)}/invite_link`), 'invite_link');
    if (link === undefined) throw new Rejected('WhatsApp gave no link to the group.', 'no_link');
    return link;
  }

  async removeFromGroup(id: string, user: string): Promise<void> {
    await this.#graph.delete(`${segment(id)}/participants`, { messaging_product: 'whatsapp', participants: [{ user }] });
  }

  /** Every language of the templates whose names hold this one (…/whatsapp/message-templates). */
  async templates(name: string): Promise<readonly unknown[]> {
    const answer = await this.#graph.get(`${segment(this.#waba)}/message_templates`, { name, fields: 'name,language,status,components', limit: '200' });
    return list(answer, 'data').filter((each) => str(each, 'name') === name);
  }

  /** The same endpoint with `status: read`: marks that message and all before it as read; may show that one is typing. */
  async markRead(messageId: string, typing: boolean): Promise<void> {
    const indicator = typing ? { typing_indicator: { type: 'text' } } : {};
    const body = { messaging_product: 'whatsapp', status: 'read', message_id: messageId, ...indicator };
    await ofNumber(this.#graph.post(`${segment(this.#number)}/messages`, body, false));
  }

  /** POST `/{phone_number_id}/media`; the id is good for 30 days. */
  async upload(media: MediaSource): Promise<string> {
    const mime = media.mime.startsWith('text/') ? 'text/plain' : media.mime;
    const form = multipart({ messaging_product: 'whatsapp', type: mime }, media, { mime });
    const id = str(await ofNumber(this.#graph.upload(`${segment(this.#number)}/media`, form)), 'id');
    if (id === undefined) throw new Rejected('WhatsApp took the file without giving it an id.', 'no_id');
    return id;
  }

  /** GET `/{media_id}` gives an address that answers for five minutes, and only with the token. */
  async download(mediaId: string, signal: AbortSignal): Promise<MediaStream> {
    const facts = await this.#graph.get(segment(mediaId), { phone_number_id: this.#number }, signal);
    const url = str(facts, 'url');
    if (url === undefined) throw new Rejected('WhatsApp does not say where the file is.', 'media_gone');
    const found = await this.#graph.download(url, signal);
    const mime = str(facts, 'mime_type') ?? found.mime;
    const hash = hex(str(facts, 'sha256'));
    const bytes = hash === undefined ? found.bytes : this.#intact.check(mediaId, hash, found.bytes);
    return { ...found, bytes, ...(mime !== undefined && { mime }) };
  }

  /** A file whose webhook gave an address and no id. */
  downloadFrom(url: string, signal: AbortSignal): Promise<MediaStream> {
    return this.#graph.download(url, signal);
  }

  numberFacts(): Promise<Fields> {
    return ofNumber(this.#graph.get(segment(this.#number), { fields: 'id,display_phone_number,verified_name,quality_rating,platform_type' }));
  }

  /** Whether Meta lets the number send, and how fast (…/whatsapp/cloud-api/health-status, …/cloud-api/overview#throughput). */
  health(): Promise<Fields> {
    return ofNumber(this.#graph.get(segment(this.#number), { fields: 'health_status,throughput' }));
  }

  /** The app that the token belongs to. A proof made with another app's secret is refused (…/graph-api/guides/secure-requests). */
  tokenApp(): Promise<Fields> {
    const proof = createHmac('sha256', this.#appSecret).update(this.#token).digest('hex');
    return this.#graph.get('app', { fields: 'id,name', appsecret_proof: proof });
  }

  /** The phone numbers of the WhatsApp business account. */
  async numbers(): Promise<readonly { readonly id: string; readonly called: string }[]> {
    const answer = await this.#graph.get(`${segment(this.#waba)}/phone_numbers`, { fields: 'id,display_phone_number,verified_name', limit: '100' });
    return list(answer, 'data').flatMap((each) => {
      const id = str(each, 'id');
      return id === undefined ? [] : [{ id, called: tidy([str(each, 'display_phone_number') ?? id, str(each, 'verified_name')].filter(Boolean).join(', ')) }];
    });
  }

  /** Names of the permissions that the token has. The token itself goes into no address, as `debug_token` would want. */
  async permissions(): Promise<readonly string[]> {
    const answer = await this.#graph.get('me/permissions');
    return list(answer, 'data').flatMap((each) => (str(each, 'status') === 'granted' ? (str(each, 'permission') ?? []) : []));
  }

  /** The apps that get the webhooks of the WhatsApp business account; `url` where the account has an address of its own for them. */
  async subscribedApps(): Promise<readonly Subscribed[]> {
    const answer = await this.#graph.get(`${segment(this.#waba)}/subscribed_apps`);
    return list(answer, 'data').map((each) => {
      const app = at(each, 'whatsapp_business_api_data') ?? each;
      return defined({ id: str(app, 'id') ?? '?', name: str(app, 'name') ?? str(app, 'id') ?? '?', url: str(each, 'override_callback_uri') });
    });
  }

  close(): Promise<void> {
    return this.#graph.close();
  }
}

/** Where Graph does not find the number itself, no message is at fault: the account is. */
async function ofNumber<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Rejected) || !NO_SUCH_NODE.test(error.code)) throw error;
    throw new AccountBroken('Meta does not know the phone number id, or the access token may not see it.', error.code);
  }
}

/** The handle of a media part back in its pieces. @throws Rejected `media_handle` */
export function parseHandle(handle: string): Handle {
  let parsed: unknown;
  try {
    parsed = parseJson(handle);
  } catch {
    throw new Rejected('The reference to the file is damaged.', 'media_handle');
  }
  const found: Handle = defined({ id: str(parsed, 'id'), url: str(parsed, 'url'), name: str(parsed, 'name') });
  if (found.id === undefined && found.url === undefined) throw new Rejected('The reference to the file is damaged.', 'media_handle');
  return found;
}
