import { z } from 'zod';
import { isPostgres, isPostgresAddress } from './database.ts';
import { audience, duration, key32, listenAddress, serverName, size, webAddress } from './values.ts';

/**
 * The one source of the sample file, the editor's JSON Schema, the docs page and the checks at start.
 * A description is what the administrator reads above the key; an example stands in the sample where there is no default.
 */
const homeserver = z.strictObject({
  url: webAddress().refine((url) => !url.includes('/_matrix'), { error: 'must be the address alone, without /_matrix and what follows' }).meta({
    description: 'Client-server address of the homeserver, as this machine reaches it.',
    examples: ['http://127.0.0.1:8008'],
  }),
  domain: serverName().meta({
    description: "The homeserver's server_name: what stands after the colon in its users' ids.",
    examples: ['example.org'],
  }),
  bridge_url: webAddress().optional().meta({
    description: 'Address at which the homeserver reaches listen.homeserver, where it is not simply http:// and that; it becomes "url" in the registration.',
    examples: ['http://drawbridge:29330'],
  }),
}).meta({ description: 'The homeserver that the bridge is registered at.' });

const database = z
  .string({ error: 'must be a file name such as drawbridge.db' }).trim()
  .refine((text) => !isPostgres(text) || isPostgresAddress(text), {
    error: 'must be an address such as postgres://user@host/name, with what is special in a password written as %40 and the like; or a file name such as drawbridge.db',
  })
  .transform((text) => text.replace(/^sqlite:(\/\/)?/, ''))
  .refine((text) => text.trim() !== '', { error: 'must be a file name such as drawbridge.db' });

const path = (): z.ZodType<string, string> =>
  z.string({ error: 'must be a file name' }).refine((text) => text.trim() !== '', { error: 'must be a file name' });

const listen = z.strictObject({
  homeserver: listenAddress().prefault('127.0.0.1:29330').meta({ description: 'For the homeserver alone. Keep it away from the internet.' }),
  public: listenAddress().prefault('127.0.0.1:29331').meta({ description: "For the networks' webhooks and media links; put a TLS proxy in front." }),
  admin: listenAddress().prefault('127.0.0.1:29332').meta({ description: 'For /metrics, /live and /ready. Keep it away from the internet.' }),
}).superRefine((value, context) => {
  const seen = new Map<string, string>();
  for (const [name, { host, port }] of Object.entries(value)) {
    const address = `${host}:${port}`;
    const other = seen.get(address);
    if (other !== undefined && port !== 0) {
      context.addIssue({ code: 'custom', path: [name], message: `must differ from listen.${other}: each listener serves other callers` });
    }
    seen.set(address, name);
  }
}).prefault({}).meta({ description: 'Addresses that the bridge listens on, host:port.' });

const LOCALPART = /^[a-z0-9._=/+-]{1,100}$/;
const roomVersion = 'must be a room version such as "12"; mind the quotes';
const localpart = 'must be lower-case letters, digits and ._=/+- (at most 100)';

/** Rooms that the bridge makes are not encrypted, so that a network’s own encryption ends in the process that runs it. */
const PRIVACY_NOTICE = 'ℹ️ This room is bridged to {network}, through the account {account}. What is written here can be read by {network}, '
  + 'by everybody in the conversation there, and by whoever runs that account or the servers of this room; it is not end-to-end encrypted, '
  + 'and any encryption of {network} ends at the bridge on {server}.';

const bridge = z.strictObject({
  bot: z.string().regex(LOCALPART, { error: localpart }).prefault('drawbridge').meta({ description: "The bot's name before the colon." }),
  bot_name: z.string().min(1).max(255).prefault('Drawbridge').meta({ description: "The bot's display name." }),
  ghost_prefix: z.string().regex(LOCALPART, { error: localpart }).prefault('_drawbridge_')
    .meta({ description: 'What the names of ghosts and of room aliases begin with. Changing it later orphans every ghost.' }),
  display_name: z.string().refine((text) => text.includes('{name}'), { error: 'must contain {name}' }).prefault('{name} ({network})')
    .meta({ description: "How ghosts are shown: {name} is the person's name, {network} the network's." }),
  command_prefix: z.string().regex(/^\S{1,20}$/, { error: 'must be 1 to 20 characters without spaces' }).prefault('!db')
    .meta({ description: 'What a command begins with in rooms other than the one with the bot alone.' }),
  room_version: z.string({ error: roomVersion }).regex(/^[A-Za-z0-9.-]{1,32}$/, { error: roomVersion }).prefault('11')
    .meta({ description: 'Version of new rooms; "11" and "12" are tested.' }),
  spaces: z.boolean().prefault(false)
    .meta({ description: 'A space for each account and owner, which the rooms of the account are put into.' }),
  privacy_notice: z.string().max(2000).prefault(PRIVACY_NOTICE)
    .meta({ description: 'What the bot says first in each new bridged room: who can read it. {network}, {account} and {server} are replaced. "" says nothing.' }),
  relay_prefix: z.enum(['auto', 'always', 'never']).prefault('auto')
    .meta({ description: 'Whether a message to a network begins with the name of who wrote it. auto: where several Matrix users share an account.' }),
  double_puppet: z.enum(['auto', 'off']).prefault('auto')
    .meta({ description: "Whether what somebody of this homeserver does in a network's own app shows as themselves. auto: `drawbridge register` makes a second registration for it." }),
}).superRefine((value, context) => {
  if (value.bot.startsWith(value.ghost_prefix)) {
    context.addIssue({ code: 'custom', path: ['bot'], message: 'must not begin with bridge.ghost_prefix: the bot would be a ghost' });
  }
}).prefault({}).meta({ description: 'The bot, the ghosts and the rooms.' });

export const PERMISSIONS = ['block', 'relay', 'user', 'admin'] as const;

const permissions = z.record(audience(), z.enum(PERMISSIONS)).prefault({}).meta({
  description:
    'Who may use the bridge; nobody is allowed who is not named. A user id outranks its server, a server outranks "*". '
    + 'block: nothing; relay: be relayed in bridged rooms; user: also talk to the bot and own portals; admin: everything.',
  examples: [{ '*': 'block', 'example.org': 'user', '@admin:example.org': 'admin' }],
});

const horizon = z.union([z.literal('forever').transform(() => null), duration()], { error: 'must be forever or a duration such as 90d' });

const delivery = z.strictObject({
  max_block: duration().prefault('15m').meta({ description: 'How long one message may hold up those behind it by failing, before it is given up and reported.' }),
  max_age: duration().prefault('24h').meta({ description: 'How old a message may get while the homeserver or a network is down.' }),
  media_wait: duration().prefault('30s').meta({ description: 'How long a message waits for its file before a placeholder goes ahead.' }),
  confirm_wait: duration().prefault('24h').meta({ description: 'After this time without a delivery event an accepted message counts as sent.' }),
  settle_wait: duration().prefault('2m').meta({ description: 'How long an uncertain send waits for news before `uncertain` applies.' }),
  target_wait: duration().prefault('60s').meta({ description: 'How long a reply, reaction or edit waits for the message it belongs to.' }),
  echo_wait: duration().prefault('60s').meta({ description: 'How long what a network reports waits for a send that may be the same message.' }),
  uncertain: z.enum(['ask', 'retry']).prefault('ask')
    .meta({ description: 'When nobody can tell whether a message was sent. ask: the sender decides; retry: send again, at the risk of a second copy.' }),
  status_events: z.boolean().prefault(false).meta({ description: 'Also report success, as com.beeper.message_send_status events.' }),
  read_receipts: z.boolean().prefault(true).meta({ description: 'Carry read marks, both ways. Without them typing is not shown on WhatsApp either: there it marks as read.' }),
  backfill: z.int().min(0).max(1000).prefault(50)
    .meta({ description: 'How many messages of the past a new room begins with, where the network tells them; 0: none.' }),
  dead_content_days: z.int().min(0).max(3650).prefault(7).meta({ description: 'Days that the content of an undelivered message is kept for a retry.' }),
  horizon: horizon.prefault('forever').meta({ description: 'How long the ids of handled events are remembered: forever, or a duration.' }),
}).prefault({}).meta({ description: 'Waiting, retrying and reporting. Durations: 500ms, 30s, 15m, 24h, 7d.' });

const media = z.strictObject({
  max_bytes: size().prefault('100MB').meta({ description: 'Larger files are refused, both ways, and it is told; what is smaller and too large for a network becomes a link.' }),
  link_ttl: duration().prefault('7d').meta({ description: 'How long a link to a file stays valid.' }),
}).prefault({}).meta({ description: 'Files.' });

const provisioning = z.strictObject({
  openid: z.boolean().prefault(true).meta({ description: "Let the homeserver's own users ask with an OpenID token, which their client gets from the homeserver." }),
  openid_url: webAddress().optional().meta({
    description: 'Address at which the homeserver answers /_matrix/federation/v1/openid/userinfo, where homeserver.url does not; of this one homeserver only.',
    examples: ['https://matrix.example.org:8448'],
  }),
  shared_secret: z.string({ error: 'must be at least 16 characters' }).regex(/^[\x21-\x7e]{16,512}$/, { error: 'must be 16 to 512 characters without spaces' }).optional().meta({
    description: 'Whoever has it may ask for every user: for software of yours alone. Without it nobody may.',
    examples: ['file:provisioning.secret'],
    secret: true,
  }),
}).prefault({}).meta({ description: 'The provisioning API at <public_url>/_matrix/provision, by which clients log accounts in and begin chats.' });
const DAY = 86_400_000;
const words = z.array(z.string().regex(/\S/).max(40), { error: 'must be a list of words of at most 40 characters' });

const privacy = z.strictObject({
  stop_words: words.prefault([]).meta({ description: 'Further words, besides STOP in the languages of the European Union, by which somebody on a network says that they do not want to be bridged.' }),
  start_words: words.prefault([]).meta({ description: 'Further words, besides START, by which they say that they want to be bridged again.' }),
  keep_mappings: horizon.refine((keep) => keep === null || keep >= DAY, { error: 'must be forever or a duration of at least 1d' }).prefault('forever')
    .meta({ description: 'How long it is remembered which Matrix event is which message of a network: forever, or a duration. Answers, edits, reactions and deletions reach no message that is older.' }),
}).prefault({}).meta({ description: 'What people can ask of the bridge, and how long it knows them.' });

const logging = z.strictObject({
  level: z.enum(['error', 'warn', 'info', 'debug']).prefault('info').meta({ description: 'The least serious line that is written.' }),
  format: z.enum(['auto', 'json', 'pretty']).prefault('auto').meta({ description: 'auto: pretty on a terminal, JSON lines elsewhere.' }),
}).prefault({}).meta({ description: 'Logs go to standard output and never hold secrets or content.' });

/** The number of the newest file format; the steps to it are in upgrade.ts. */
export const CONFIG_VERSION = 1;

const core = z.strictObject({
  version: z.literal(CONFIG_VERSION).prefault(CONFIG_VERSION).meta({ description: 'Format of this file; upgrades change it.' }),
  homeserver,
  registration: path().prefault('registration.yaml').meta({ description: 'File made by `drawbridge register`; the tokens are read from it.' }),
  database: database.prefault('drawbridge.db').meta({ description: 'SQLite file; or postgres://user:password@host/name, a database on a PostgreSQL server (admin.md, PostgreSQL). With a password better as file:… or ${NAME}.' }),
  data: path().prefault('data').meta({ description: 'Folder for waiting files (sealed).' }),
  seal_key: key32().meta({
    description: 'Key that seals message content and files at rest: 32 random bytes in base64. Without it what waits for delivery is lost: back it up, apart from the database and the data folder.',
    examples: ['file:seal.key'],
    secret: true,
    hint: '`drawbridge init` makes one, and so does `openssl rand -base64 32`; a database needs the one that it was made with',
  }),
  listen,
  public_url: webAddress().optional().meta({
    description: 'Address at which the internet reaches listen.public. Webhooks are at <public_url>/webhooks/<network>/<app>.',
    examples: ['https://bridge.example.org'],
  }),
  bridge,
  permissions,
  delivery,
  media,
  provisioning,
  privacy,
  logging,
});

/** What the config needs to know of a network; `App` is what one app's settings parse to. */
export interface NetworkSettings<App = unknown> {
  readonly id: string;
  readonly name: string;
  readonly settings: z.ZodType<App>;
}

/** The whole file, parsed: durations in milliseconds, sizes in bytes, paths absolute. `delivery.horizon` null is for ever. */
export type Config<App = unknown> = z.output<typeof core> & {
  /** By network, then by the name of the app. */
  readonly networks: Readonly<Record<string, Readonly<Record<string, App>> | undefined>>;
};

const appName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, { error: 'the name of an app must be lower-case letters, digits, - and _ (at most 32)' })
  .meta({ examples: ['main'] });

/** The schema of the whole file for the given networks. */
export function configSchema<App>(networks: readonly NetworkSettings<App>[]): z.ZodType<Config<App>> {
  const shape = Object.fromEntries(networks.map(({ id, name, settings }) => [
    id,
    z.record(appName, settings).optional().meta({ description: `${name}: one entry an app; its name stands in the webhook's address.` }),
  ]));
  return core.extend({
    networks: z.strictObject(shape).prefault({}).meta({ description: 'The networks to bridge, each with its apps.' }),
  });
}
