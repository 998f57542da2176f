import { meaningOf, type Meaning } from '../meta-graph/errors.ts';
import { num, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { WINDOW_CLOSED } from './limits.ts';

const UNDELIVERABLE =
  'The message could not be delivered: the number may not be on WhatsApp, its owner may not have accepted the newest terms, or the app is too old.';
const CODE_CHANGED = 'The other person set up WhatsApp anew, and their security code is another one.';
const rejected = (reason: string): Meaning => ({ outcome: 'rejected', reason });
const account = (reason: string, fix: string): Meaning => ({ outcome: 'account', reason, fix });
const limited = (reason: string, afterMs: number): Meaning => ({ outcome: 'limited', reason, afterMs });
const retry = (reason: string, afterMs: number): Meaning => ({ outcome: 'retry', reason, afterMs });

/** developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes and …/cloud-api/groups/error-codes */
const CODES: Readonly<Record<number, Meaning>> = {
  3: account('The access token may not send messages.', 'Give the token whatsapp_business_messaging.'),
  // Of the API that ran on one's own machine; partners still hand them on.
  470: rejected(WINDOW_CLOSED),
  471: rejected('Meta holds the number back because too many of its messages were blocked or reported.'),
  472: rejected('Meta did not deliver it: the other person’s number is part of an experiment.'),
  480: rejected(CODE_CHANGED),
  1013: rejected('The number is not on WhatsApp.'),
  1026: rejected('The other person’s app cannot show this kind of message.'),
  130429: limited('The number sends more messages a second than Meta allows it.', 1_000),
  130472: rejected('Meta did not deliver it: the other person’s number is part of an experiment.'),
  130497: rejected('Meta does not let this business write to people in that country.'),
  130501: rejected('WhatsApp’s API does not hand this kind of message over.'),
  131000: retry('Something went wrong at WhatsApp, and it does not say what.', 5_000),
  131001: rejected('The message is too long.'),
  131002: rejected('WhatsApp does not take this kind of recipient.'),
  131005: account('Meta has withdrawn the permission to send.', 'Give the system user whatsapp_business_messaging and make a new token.'),
  131006: rejected('Something that the request names does not exist.'),
  131008: rejected('The request lacked something that WhatsApp wants.'),
  131009: rejected('WhatsApp did not like a value in the request.'),
  131014: rejected('WhatsApp could not fetch the file from its address.'),
  131016: retry('WhatsApp’s service is not available for the moment.', 5_000),
  131020: rejected('A group of one takes no messages.'),
  131021: rejected('A number cannot write to itself.'),
  131026: rejected(UNDELIVERABLE),
  131030: rejected('The number is not among the recipients allowed for this test number.'),
  131031: account('The WhatsApp business account is locked.', 'See Account quality in the Business manager.'),
  131035: rejected('WhatsApp did not like a value in the request.'),
  131037: account('The display name of the number is not approved yet.', 'Have the display name approved in WhatsApp manager.'),
  131041: rejected('The group does not exist, or the business is no member of it.'),
  131042: account('Meta wants a valid way of payment for the account.', 'Set the payment method in the Business manager.'),
  131043: rejected('WhatsApp gave up: the message could not be delivered in time.'),
  131044: account('Meta wants a valid way of payment for the account.', 'Set the payment method in the Business manager.'),
  131045: account('The number is not registered for the API.', 'Register the number in WhatsApp manager.'),
  131047: rejected(WINDOW_CLOSED),
  131048: rejected('Meta holds the number back because too many of its messages were blocked or reported.'),
  131049: rejected('Meta chose not to deliver this message, to keep the other person from too much marketing.'),
  131050: rejected('The other person does not want marketing messages from this business.'),
  131051: rejected('WhatsApp’s API does not know this kind of message.'),
  131052: rejected('WhatsApp could not get the file that the person sent.'),
  131053: rejected('WhatsApp refused the file: its kind or its content does not fit.'),
  131055: rejected('WhatsApp’s API does not take this kind of request.'),
  131056: limited('Too many messages went to this one person in a short time.', 6_000),
  131057: retry('The number is being moved or upgraded by Meta.', 60_000),
  131060: rejected('WhatsApp could not hand this message over. It can be read in the Business app where that is in use; else ask for it to be sent again.'),
  131059: rejected('The request asked for a page that does not exist.'),
  131061: rejected('The other person’s app cannot show this kind of message.'),
  131062: rejected('WhatsApp takes this message only for a phone number, and this person’s number is not known.'),
  131063: rejected('This number may not send marketing messages through the API.'),
  131064: rejected('The number has reached its limit of people that it may write to first.'),
  131201: rejected('Only a part of what was asked of the group was done.'),
  131202: rejected('The person is in the group already.'),
  131204: rejected('The group is full.'),
  131207: rejected('WhatsApp has suspended the group.'),
  131208: limited('There were too many operations on groups in a short time.', 60_000),
  131209: rejected('The picture of a group must be as wide as it is high.'),
  131210: rejected('The picture of a group must be at least 192 pixels wide.'),
  131211: rejected('The number has made as many groups as it may.'),
  131212: rejected('The person is no member of the group.'),
  131213: rejected('The wish to join the group is no longer there.'),
  131214: rejected('Groups cannot be made for the moment.'),
  131215: rejected('This number may not use groups.'),
  132000: rejected('The template wants another number of values.'),
  132001: rejected('The template does not exist in this language or is not approved.'),
  132005: rejected('The template is too long with its values put in.'),
  132007: rejected('The template breaks a rule of WhatsApp.'),
  132012: rejected('A value of the template has another form than it should.'),
  132015: rejected('The template is paused for its low quality.'),
  132016: rejected('The template is switched off for its low quality.'),
  132018: rejected('The values of the template do not fit.'),
  132068: rejected('The form is blocked.'),
  132069: rejected('The form was sent too often in the last hour.'),
  133000: retry('A former removal of the number is not finished.', 60_000),
  133004: retry('WhatsApp’s server is not available for the moment.', 5_000),
  133005: account('The PIN of the number is another one.', 'Register the number with its PIN in WhatsApp manager, or set a new one.'),
  133006: account('The number must be verified before it is registered.', 'Verify the number in WhatsApp manager.'),
  133007: account('WhatsApp has blocked the number.', 'See the number in WhatsApp manager.'),
  133008: account('The PIN of the number was tried too often.', 'Wait as long as Meta says, then register the number in WhatsApp manager.'),
  133009: account('The PIN of the number was tried too quickly.', 'Wait as long as Meta says, then register the number in WhatsApp manager.'),
  133010: account('The number is not registered on the WhatsApp Business Platform.', 'Register the number in WhatsApp manager.'),
  133015: account('The number was removed a moment ago.', 'Wait five minutes, then register the number in WhatsApp manager.'),
  133016: account('The number was registered and removed too often.', 'Wait three days, then register the number in WhatsApp manager.'),
  134011: rejected('The terms of WhatsApp payments are not accepted.'),
  134100: rejected('Only marketing templates are taken here.'),
  134101: rejected('The template is not ready yet; it can take ten minutes.'),
  134102: rejected('The template cannot be used here.'),
  137000: rejected(CODE_CHANGED),
  135000: rejected('WhatsApp did not accept the message and does not say why.'),
  80008: limited('The WhatsApp business account has reached its limit of API calls.', 60_000),
  80007: limited('The WhatsApp business account has reached its limit of API calls.', 60_000),
  2593109: rejected('The business has switched the sharing of its past messages off.'),
};

export function explain(code: number): Meaning | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code] : undefined;
}

/** What the owner of an account has to do about a code that broke it. */
export function fixFor(code: string): string {
  const number = Number(code.split('/')[0]);
  return (Number.isInteger(number) ? meaningOf(number, explain)?.fix : undefined) ?? 'Check access_token and phone_number_id of the account.';
}

/** One error object of a webhook (`{code,title,message,error_data:{details}}`) in words. */
export function describe(error: unknown): { readonly code: string; readonly reason: string; readonly retryable: boolean } {
  const code = num(error, 'code');
  const said = tidy(
    str(error, 'error_data', 'details') ?? str(error, 'details') ?? str(error, 'message') ?? str(error, 'title') ?? '',
  );
  if (code === undefined) return { code: 'unknown', reason: said || 'WhatsApp does not say why.', retryable: false };
  const meaning = meaningOf(code, explain);
  const retryable = meaning?.outcome === 'retry' || meaning?.outcome === 'limited';
  const reason = meaning === undefined ? said || `WhatsApp says only the number ${code}.` : said === '' ? meaning.reason : `${meaning.reason} (${said})`;
  return { code: String(code), reason, retryable };
}
