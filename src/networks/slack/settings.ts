import { z } from 'zod';
import type { AccountSettings, AppSettings } from '../network.ts';
import { onceEach, parsedOnce, puppet, safeAddress } from '../shared/settings.ts';

export const account = z.strictObject({
  team_id: z
    .string()
    .regex(/^[TE][A-Z0-9]{2,}$/, { error: 'must be the id of the workspace, like T0123ABCD' })
    .describe('The workspace: the part with T of the address https://app.slack.com/client/T…/C… in a browser. `doctor` says it too.'),
  user_id: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,}$/, { error: 'must be the id of a user, like U0123ABCD' })
    .describe('Who the account is there: the user of the bot (profile of the app > "Copy member ID"), or the person. `doctor` says it too.'),
  kind: z
    .enum(['bot', 'user'])
    .default('bot')
    .describe('"bot": the installed app, which speaks for everybody in a room by name and picture. "user": somebody’s own login, which speaks as that person.'),
  token: z
    .string()
    .regex(/^xox[a-z]\S*-\S{6,}$/, { error: 'must be a token that begins with xoxb- (bot) or xoxp- (user)' })
    .describe('OAuth & Permissions > "Bot User OAuth Token" (xoxb-…), for a personal login "User OAuth Token" (xoxp-…). Use ${ENV} or file:.'),
  owners: z
    .array(z.string())
    .default([])
    .describe('Matrix users invited to new portals, and told when the account stops working. For a personal login: that person.'),
  puppet: puppet(),
  mention_everybody: z
    .enum(['off', 'here', 'channel'])
    .default('off')
    .describe('What somebody on Matrix who mentions the whole room does in Slack: nothing, or wake those who are there, or everybody in the channel.'),
  rate_scale: z
    .number()
    .positive()
    .default(1)
    .describe('Multiplies the speed of the rate limits; only for a sandbox whose clock runs faster. Leave it at 1.'),
}).superRefine(tokenFits);

/** What comes in for an installation goes to one account: a second one of it would stay silent. */
const accountOnce = onceEach<z.infer<typeof account>>({
  of: (one) => `${one.team_id}/${one.user_id}`,
  field: 'user_id',
  message: (other) => `must differ from that of ${other}: a user of a workspace belongs to one account`,
});

const app = z.strictObject({
  receive: z
    .enum(['socket', 'http'])
    .default('socket')
    .describe('"socket": Socket Mode, needs app_token and no public address. "http": the Events API, needs signing_secret and public_url.'),
  app_token: z
    .string()
    .regex(/^(?:xapp-\S{6,}|none)$/, { error: 'must be a token that begins with xapp-, or none where receive is http' })
    .describe('Basic Information > "App-Level Tokens": one with the scopes connections:write and authorizations:read. Use ${ENV} or file:. With HTTP: none.'),
  signing_secret: z
    .string()
    .min(8)
    .optional()
    .describe('With HTTP: Basic Information > "Signing Secret". Every request is checked with it. Use ${ENV} or file:.'),
  previous_signing_secret: z
    .string()
    .min(8)
    .optional()
    .describe('While you change the signing secret: the one before, so that requests signed with either are taken. Remove it afterwards.'),
  api_url: z
    .url()
    .refine(safeAddress, { error: 'must be an https address; http only for this machine' })
    .default('https://slack.com/api')
    .describe('Address of the Web API. Change it only for GovSlack or a sandbox.'),
  accounts: z.record(z.string(), account).superRefine(accountOnce).describe('One entry for each installation or personal login; the name is yours.'),
}).superRefine(canReceive);

function tokenFits({ kind, token }: { readonly kind: 'bot' | 'user'; readonly token: string }, context: z.RefinementCtx): void {
  const good = kind === 'bot' ? /^(?:xoxe\.)?xoxb-/ : /^(?:xoxe\.)?xoxp-/;
  if (!good.test(token)) context.addIssue({ code: 'custom', path: ['token'], message: kind === 'bot' ? 'must begin with xoxb-, as kind is bot' : 'must begin with xoxp-, as kind is user' });
}

function canReceive({ receive, app_token: token, signing_secret: secret }: { readonly receive: string; readonly app_token: string; readonly signing_secret?: string | undefined }, context: z.RefinementCtx): void {
  if (receive === 'socket' && token === 'none') context.addIssue({ code: 'custom', path: ['app_token'], message: 'is needed, as receive is socket' });
  if (receive === 'http' && secret === undefined) context.addIssue({ code: 'custom', path: ['signing_secret'], message: 'is needed, as receive is http' });
}

export const settings: z.ZodType<AppSettings> = app;
export type SlackApp = z.infer<typeof app>;
export type SlackAccount = z.infer<typeof account>;

/** The settings with this network's own keys. */
export const asApp = parsedOnce<AppSettings, SlackApp>(app);

export function asAccount(value: AccountSettings): SlackAccount {
  return account.parse(value);
}
