import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { AccountSettings, AppSettings } from '../network.ts';
import { onceEach, parsedOnce } from '../shared/settings.ts';

export const account = z.strictObject({
  token: z
    .string()
    .regex(/^\d{3,20}:[A-Za-z0-9_-]{20,100}$/, { error: 'must be the token as BotFather shows it: digits, a colon, letters and digits' })
    .describe('Token of the bot, as @BotFather gave it. Use ${ENV} or file:.'),
  owners: z
    .array(z.string())
    .default([])
    .describe('Matrix users invited when somebody new writes, and told when the account stops working.'),
  groups: z
    .boolean()
    .default(true)
    .describe('Whether the bot is used in groups; doctor then looks whether it may read along there.'),
  relay_prefix: z
    .enum(['inline', 'line'])
    .default('inline')
    .describe('How a Matrix user’s name stands before their message: "inline" (Name: text) or "line" (on a line of its own).'),
  rate_scale: z
    .number()
    .positive()
    .default(1)
    .describe('Multiplies the speed of the rate limits; only for a sandbox, or a bot that pays for more. Leave it at 1.'),
});

/** A bot gives what comes in to one asker: a second one of the same bot would take it from the first. */
const accountOnce = onceEach<z.infer<typeof account>>({
  of: (one) => botId(one.token),
  field: 'token',
  message: (other) => `must be of another bot than that of ${other}: a bot belongs to one account`,
});

const app = z
  .strictObject({
    receive: z
      .enum(['poll', 'webhook'])
      .default('poll')
      .describe('"poll": the bridge asks Telegram and needs no public address. "webhook": Telegram calls the bridge; one bot an app, and votes in polls are not told.'),
    webhook_secret: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,256}$/, { error: 'must be 16 to 256 letters, digits, _ or -' })
      .optional()
      .describe('With receive: webhook. A random text of your own; Telegram sends it with every webhook. Use ${ENV} or file:.'),
    api_url: z
      .url()
      .refine(safeAddress, { error: 'must be an https address; http only for this machine' })
      .default('https://api.telegram.org')
      .describe('Address of the Bot API. Change it for a server of your own (tdlib/telegram-bot-api) or a sandbox.'),
    local_dir: z
      .string()
      .refine(isAbsolute, { error: 'must be an absolute path' })
      .optional()
      .describe('The working directory of a Bot API server of your own that runs with --local on this machine: files may then have 2000 MB and are read from there.'),
    accounts: z.record(z.string(), account).superRefine(accountOnce).describe('One entry for each bot; the name is yours.'),
  })
  .superRefine((value, context) => {
    if (value.receive !== 'webhook') return;
    if (value.webhook_secret === undefined) context.addIssue({ code: 'custom', path: ['webhook_secret'], message: 'is needed with receive: webhook' });
    if (Object.keys(value.accounts).length > 1) context.addIssue({ code: 'custom', path: ['accounts'], message: 'can hold one bot with receive: webhook, as a webhook does not say which bot it is for; give each an app of its own' });
  });

export const settings: z.ZodType<AppSettings> = app;
export type TelegramApp = z.infer<typeof app>;
export type TelegramAccount = z.infer<typeof account>;

/** The settings with this network's own keys. */
export const asApp = parsedOnce<AppSettings, TelegramApp>(app);

export function asAccount(value: AccountSettings): TelegramAccount {
  return account.parse(value);
}

/** The id of the bot stands in its token, before the colon. */
export function botId(token: string): string {
  return token.split(':', 1)[0] ?? '';
}

/** Stricter than for other networks: the token is part of every address. */
function safeAddress(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname));
}
