import { z } from 'zod';
import type { AccountSettings, AppSettings } from '../network.ts';
import { onceEach, parsedOnce, puppet, safeAddress } from '../shared/settings.ts';

const id = z
  .string({ error: 'must be a text of digits; put it between quotes, else digits can get lost' })
  .regex(/^\d{5,24}$/, { error: 'must be the digits of the id as Meta shows them' });

/** A template whose body has one value: what somebody wrote goes there. */
const template = z.strictObject({
  template: z
    .string()
    .regex(/^[a-z0-9_]{1,512}$/, { error: 'must be the name of a template: small letters, digits and underscores' })
    .describe('Name of an approved template in WhatsApp manager, with one variable in its body and none elsewhere.'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(?:_[A-Za-z]{2,4})?$/, { error: 'must be a language code such as en or pt_BR' })
    .describe('Code of the language in which it is approved, such as en or pt_BR.'),
  parameter: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, { error: 'must be the name of the variable without its braces' })
    .optional()
    .describe('Name of the variable, where it has one: text for {{text}}. Leave it out for {{1}}.'),
});

export const account = z.strictObject({
  phone_number_id: id.describe('WhatsApp > API setup > "Phone number ID". Not the phone number itself.'),
  waba_id: id.describe('WhatsApp > API setup > "WhatsApp Business Account ID".'),
  access_token: z
    .string()
    .min(20)
    .describe('Token of a system user with whatsapp_business_messaging and whatsapp_business_management. Use ${ENV} or file:.'),
  owners: z
    .array(z.string().regex(/^@[^:\s]+:\S+$/, { error: 'must be a whole Matrix user id such as @anna:example.org' }))
    .default([])
    .describe('Matrix users invited when somebody new writes, and told when the account stops working. Without any, administrators are.'),
  puppet: puppet(),
  throughput: z
    .number()
    .min(1)
    .max(1000)
    .default(80)
    .describe('Messages a second that Meta allows this number: 80, 1000 after an upgrade, 20 while the Business app is in use too.'),
  relay_prefix: z
    .enum(['inline', 'line'])
    .default('inline')
    .describe('How a Matrix user’s name stands before their message: "inline" (*Name*: text) or "line" (on a line of its own).'),
  closed_window: z
    .union([z.literal('refuse'), template])
    .default('refuse')
    .describe(
      'What becomes of a text later than 24 hours after the other side’s last message, or before their first: "refuse" tells its writer, ' +
        'a template sends it inside that. Meta bills each.',
    ),
  rate_scale: z
    .number()
    .positive()
    .default(1)
    .describe('Multiplies the speed of the rate limits; only for a sandbox whose clock runs faster. Leave it at 1.'),
});

/** What comes in for a number goes to one account: a second one of it would stay silent. */
const accountOnce = onceEach<z.infer<typeof account>>({
  of: (one) => one.phone_number_id,
  field: 'phone_number_id',
  message: (other) => `must differ from that of ${other}: a number belongs to one account`,
});

const app = z.strictObject({
  app_secret: z.string().min(8).describe('App settings > Basic > "App secret". Every webhook is checked with it. Use ${ENV} or file:.'),
  previous_app_secret: z
    .string()
    .min(8)
    .optional()
    .describe('While you change the app secret: the one before, so that webhooks signed with either are taken. Remove it afterwards.'),
  verify_token: z.string().min(8).describe('A random text of your own; type the same one where Meta asks for the "Verify token".'),
  graph_url: z
    .url()
    .refine(safeAddress, { error: 'must be an https address; http only for this machine' })
    .default('https://graph.facebook.com')
    .describe('Address of the Graph API. Change it only for a sandbox.'),
  api_version: z
    .string()
    .regex(/^v\d+\.\d+$/, { error: 'must be a version such as v23.0' })
    .default('v23.0')
    .describe('Version of the Graph API.'),
  accounts: z.record(z.string(), account).superRefine(accountOnce).describe('One entry for each business phone number; the name is yours.'),
});

export const settings: z.ZodType<AppSettings> = app;
export type WhatsAppApp = z.infer<typeof app>;
export type WhatsAppAccount = z.infer<typeof account>;
export type ClosedWindow = z.infer<typeof template>;

/** The settings with this network's own keys. */
export const asApp = parsedOnce<AppSettings, WhatsAppApp>(app);

export function asAccount(value: AccountSettings): WhatsAppAccount {
  return account.parse(value);
}
