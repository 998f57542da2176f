import { z } from 'zod';
import type { AccountSettings, AppSettings } from '../network.ts';

const account = z.strictObject({
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
  names: z
    .enum(['alias', 'prefix'])
    .default('alias')
    .describe('How somebody on Matrix is shown: "alias" (name and picture on the message; needs the permission message-impersonate) or "prefix" (*Name*: before the text).'),
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

const app = z.strictObject({
  url: z
    .url()
    .refine(safeAddress, { error: 'must be an https address without a query; http only for this machine' })
    .meta({ description: 'Address of the Rocket.Chat server.', examples: ['https://chat.example.org'] }),
  accounts: z.record(z.string(), account).superRefine(onceEach).describe('One entry for each user of the server; the name is yours.'),
});

/** What comes in for a user goes to one account: a second one of them would show everything twice. */
function onceEach(accounts: Readonly<Record<string, { readonly user_id: string }>>, context: z.RefinementCtx): void {
  const seen = new Map<string, string>();
  for (const [name, { user_id: user }] of Object.entries(accounts)) {
    const other = seen.get(user);
    if (other !== undefined) context.addIssue({ code: 'custom', path: [name, 'user_id'], message: `must differ from that of ${other}: a user belongs to one account` });
    seen.set(user, name);
  }
}

export const settings: z.ZodType<AppSettings> = app;
export type RocketChatApp = z.infer<typeof app>;
export type RocketChatAccount = z.infer<typeof account>;

const apps = new WeakMap<AppSettings, RocketChatApp>();
/** Which server an account's settings stand under. */
const servers = new WeakMap<AccountSettings, RocketChatApp>();

/** The settings with this network's own keys; parsed once for each object. */
export function asApp(value: AppSettings): RocketChatApp {
  const known = apps.get(value);
  if (known !== undefined) return known;
  const parsed = app.parse(value);
  apps.set(value, parsed);
  for (const each of Object.values(value.accounts)) servers.set(each, parsed);
  return parsed;
}

export function asAccount(value: AccountSettings): RocketChatAccount {
  return account.parse(value);
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

function safeAddress(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname));
}
