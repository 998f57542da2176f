import { z } from 'zod';
import type { AccountSettings, AppSettings } from '../network.ts';
import { onceEach, parsedOnce, puppet, safeAddress } from '../shared/settings.ts';

export const account = z.strictObject({
  kind: z
    .enum(['bot', 'user'])
    .default('bot')
    .describe('"bot": one user that speaks for everybody, each under their own name and picture. "user": the login of one person, who speaks for themselves.'),
  user_id: z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: 'must be the user id as Rocket.Chat shows it beside the token' })
    .describe('Shown once, together with the token: My account > Personal access tokens > Add.'),
  token: z.string().min(16).describe('A personal access token with "Ignore two factor authentication" ticked. Use ${ENV} or file:.'),
  owners: z
    .array(z.string())
    .default([])
    .describe('Matrix users invited to new rooms, and told when the account stops working.'),
  puppet: puppet(),
  names: z
    .enum(['alias', 'prefix'])
    .default('alias')
    .describe('How somebody on Matrix is shown: "alias" (name and picture on the message; needs the permission message-impersonate) or "prefix" (*Name*: before the text).'),
  mention_everybody: z
    .enum(['off', 'here', 'all'])
    .default('off')
    .describe('What somebody on Matrix who mentions the whole room does in Rocket.Chat: nothing, or wake those who are there, or everybody in the room.'),
  rooms: z
    .array(z.string())
    .default([])
    .describe('Names or ids of the rooms to bridge. Empty: every room that the user is in.'),
  direct: z.boolean().default(true).describe('Whether direct messages are bridged.'),
  rate_scale: z
    .number()
    .positive()
    .default(1)
    .describe('Multiplies the speed of the rate limits: larger where the server’s are, or for a sandbox.'),
});

/** What comes in for a user goes to one account: a second one of them would show everything twice. */
const accountOnce = onceEach<z.infer<typeof account>>({
  of: (one) => one.user_id,
  field: 'user_id',
  message: (other) => `must differ from that of ${other}: a user belongs to one account`,
});

const app = z.strictObject({
  url: z
    .url()
    .refine(safeAddress, { error: 'must be an https address without a query; http only for this machine' })
    .meta({ description: 'Address of the Rocket.Chat server.', examples: ['https://chat.example.org'] }),
  accounts: z.record(z.string(), account).superRefine(accountOnce).describe('One entry for each user of the server; the name is yours.'),
});

export const settings: z.ZodType<AppSettings> = app;
export type RocketChatApp = z.infer<typeof app>;
export type RocketChatAccount = z.infer<typeof account>;

const parsed = parsedOnce<AppSettings, RocketChatApp>(app);
/** Which server an account's settings stand under. */
const servers = new WeakMap<AccountSettings, RocketChatApp>();

/** The settings with this network's own keys. */
export function asApp(value: AppSettings): RocketChatApp {
  const server = parsed(value);
  for (const each of Object.values(value.accounts)) servers.set(each, server);
  return server;
}

export function asAccount(value: AccountSettings): RocketChatAccount {
  return account.parse(value);
}

/** An account that was added while the bridge runs stands under no app of the config. */
export function standsAt(value: AccountSettings, server: RocketChatApp): void {
  servers.set(value, server);
}

/** What makes ids unique: one server. */
export function scopeOf({ url }: RocketChatApp): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname.replace(/\/+$/, '')}`;
}

/** The same of one account, once its connection was made. */
export function scopeOfAccount(value: AccountSettings): string {
  const server = servers.get(value);
  return server === undefined ? '' : scopeOf(server);
}
