import { AccountBroken, Rejected, Retry, Uncertain, Unreachable, type DeliveryError } from '../../model/errors.ts';
import { at, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';

type Outcome = 'retry' | 'limited' | 'rejected' | 'account' | 'uncertain';

interface Meaning {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly fix?: string;
}

const NEW_TOKEN = 'Install the app to the workspace again (OAuth & Permissions) and put the new token into the config.';
const rejected = (reason: string): Meaning => ({ outcome: 'rejected', reason });
const account = (reason: string, fix = NEW_TOKEN): Meaning => ({ outcome: 'account', reason, fix });
const retry = (reason: string): Meaning => ({ outcome: 'retry', reason });

/** `error` of an answer with `ok: false` (docs.slack.dev/reference/methods, "Errors" of each). */
const CODES: Readonly<Record<string, Meaning>> = {
  not_authed: account('Slack was given no token.'),
  invalid_auth: account('Slack does not accept the token.'),
  account_inactive: account('The token is of a user or an app that was removed.'),
  token_revoked: account('The token was withdrawn.'),
  token_expired: account('The token has expired: the app has token rotation switched on.', 'Switch token rotation off in the settings of the app, install it again and put the new token into the config.'),
  org_login_required: account('The organization is being moved; nobody can log in.', 'Wait until Slack has finished, or ask its owners.'),
  ekm_access_denied: account('The administrators of the workspace have suspended access by withdrawing its key.', 'Ask the administrators of the workspace.'),
  team_access_not_granted: account('The app is not installed in this workspace of the organization.', 'Have an administrator of the organization add the app to the workspace.'),
  access_denied: account('Slack denies access to the account.', 'Ask the administrators of the workspace.'),
  not_allowed_token_type: account('Slack does not take this kind of token for this.', 'A bot needs the token that begins with xoxb-, a personal login xoxp-, Socket Mode xapp-.'),
  missing_scope: account('The token lacks a scope.', 'Add the scope under OAuth & Permissions, install the app again and put the new token into the config.'),
  no_permission: rejected('The token may not do that in this conversation.'),
  user_removed_from_team: account('The user was removed from the workspace.'),
  team_disabled: account('The workspace was closed.', 'Ask its owners.'),
  two_factor_setup_required: account('The workspace demands two-factor login of this user.', 'Set it up in Slack.'),
  enterprise_is_restricted: account('The organization allows no such access.', 'Ask the administrators of the organization.'),

  ratelimited: { outcome: 'limited', reason: 'Slack is asked too often.' },
  rate_limited: { outcome: 'limited', reason: 'Slack takes no more messages in this conversation for the moment.' },
  message_limit_exceeded: rejected('The workspace has used up its messages for this month.'),
  internal_error: { outcome: 'uncertain', reason: 'Slack had an error of its own.' },
  fatal_error: { outcome: 'uncertain', reason: 'Slack had an error of its own.' },
  request_timeout: { outcome: 'uncertain', reason: 'Slack did not get all of the request in time.' },
  service_unavailable: retry('Slack is not available for the moment.'),
  team_added_to_org: retry('The workspace is being moved into an organization.'),
  accesslimited: retry('Access to this method is limited for the moment.'),
  external_channel_migrating: retry('The shared channel is being moved for the moment.'),
  posting_to_general_channel_denied: rejected('The workspace lets only some people write into #general.'),

  channel_not_found: rejected('Slack does not know the conversation, or the account is not in it.'),
  not_in_channel: rejected('The account is not a member of the channel: invite it there (/invite).'),
  is_archived: rejected('The channel was archived.'),
  restricted_action: rejected('The workspace does not let the account write there.'),
  restricted_action_read_only_channel: rejected('The channel is read-only.'),
  restricted_action_thread_only_channel: rejected('In this channel one can only answer in threads.'),
  restricted_action_non_threadable_channel: rejected('This channel has no threads.'),
  restricted_action_thread_locked: rejected('The thread is locked.'),
  cannot_reply_to_message: rejected('This message takes no answers.'),
  thread_not_found: rejected('The message that this answers is not there any more.'),
  messages_tab_disabled: rejected('The app takes no direct messages: switch on App Home > "Messages Tab".'),
  cannot_dm_bot: rejected('A bot cannot write to a bot.'),
  user_not_found: rejected('Slack does not know this person.'),
  users_not_found: rejected('Slack does not know this person.'),
  user_not_visible: rejected('The account may not see this person.'),
  user_disabled: rejected('The person was removed from the workspace.'),
  user_not_in_channel: rejected('The person is not in the channel.'),
  method_not_supported_for_channel_type: rejected('That cannot be done in this kind of conversation.'),
  not_supported: rejected('Slack does not support that here.'),
  msg_too_long: rejected('The message is longer than Slack takes.'),
  msg_blocks_too_long: rejected('The message is longer than Slack takes.'),
  no_text: rejected('Slack takes no empty message.'),
  invalid_blocks: rejected('Slack did not like how the message is formatted.'),
  invalid_blocks_format: rejected('Slack did not like how the message is formatted.'),
  too_many_attachments: rejected('The message has more attachments than Slack takes.'),
  invalid_metadata_format: rejected('Slack did not like a mark that the bridge puts on messages.'),
  metadata_too_large: rejected('Slack did not like a mark that the bridge puts on messages.'),
  as_user_not_supported: rejected('Slack does not let the app speak by another name.'),
  duplicate_message_not_found: rejected('Slack refused the message.'),
  duplicate_channel_not_found: rejected('Slack refused the message.'),
  slack_connect_blocked_file_type: rejected('The other organization takes no files of this type.'),
  slack_connect_canvas_sharing_blocked: rejected('The other organization takes no canvases.'),
  slack_connect_file_upload_sharing_blocked: rejected('The other organization takes no files.'),

  name_taken: rejected('There is a channel of this name already.'),
  invalid_name_specials: rejected('The name has signs that Slack does not take in a channel’s name.'),
  invalid_name_maxlength: rejected('The name is longer than Slack takes.'),
  invalid_name_required: rejected('A channel needs a name.'),
  cant_invite: rejected('This person cannot be invited there.'),
  cant_invite_self: rejected('The account is there already.'),
  cant_kick_self: rejected('The account cannot send itself out; it can leave.'),
  cant_kick_from_general: rejected('Nobody can be sent out of #general.'),
  cant_leave_general: rejected('Nobody can leave #general.'),
  last_member: rejected('The account is the last in the channel.'),
  not_authorized: rejected('The account may not do that in this channel.'),
  too_many_users: rejected('These are more people than Slack takes at once.'),
  users_list_not_supplied: rejected('Slack was not told whom.'),
  users_not_in_team: rejected('This person is not in the workspace.'),

  message_not_found: rejected('The message is not there any more.'),
  cant_update_message: rejected('The account can change only what it wrote itself.'),
  edit_window_closed: rejected('The workspace lets messages be changed only for some time.'),
  cant_delete_message: rejected('The account can delete only what it wrote itself.'),
  compliance_exports_prevent_deletion: rejected('The workspace lets nobody delete messages.'),
  cant_broadcast_message: rejected('The thread cannot be shown in the channel.'),

  invalid_name: rejected('The workspace has no such emoji.'),
  bad_timestamp: rejected('The message is not there any more.'),
  too_many_reactions: rejected('The message has as many reactions as Slack allows.'),
  too_many_emoji: rejected('The message has as many reactions as Slack allows.'),
  not_reactable: rejected('Slack takes no reactions to this.'),
  not_pinnable: rejected('Slack does not let this be pinned.'),
  pinned_item_limit: rejected('The channel has as many pins as Slack allows.'),

  file_not_found: rejected('Slack does not find the file.'),
  file_deleted: rejected('The file was deleted.'),
  file_uploads_disabled: rejected('The workspace takes no files.'),
  file_uploads_except_images_disabled: rejected('The workspace takes only pictures.'),
  storage_limit_reached: rejected('The workspace has no room for files left.'),
  file_type_not_allowed: rejected('The workspace takes no files of this type.'),
  file_update_failed: retry('Slack could not take the file.'),
  posting_to_channel_denied: rejected('The account may not put files into this channel.'),
  snippet_too_large: rejected('The file is larger than Slack takes.'),
  missing_argument: rejected('The request lacked something that Slack wants.'),
  invalid_arguments: rejected('Slack did not like a value in the request.'),
  invalid_arg_name: rejected('Slack did not like a value in the request.'),
  invalid_array_arg: rejected('Slack did not like a value in the request.'),
  unknown_method: rejected('Slack does not know this call.'),
};

function explain(code: string): Meaning | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code] : undefined;
}

/** What the owner of an account has to do about a code that broke it. */
export function fixFor(code: string): string {
  return explain(code)?.fix ?? 'Check token, team_id and user_id of the account.';
}

interface Failure {
  readonly status: number;
  /** The parsed answer; undefined where it is no JSON. */
  readonly body: unknown;
  readonly afterMs?: number | undefined;
  /** Repeating the call could do a thing twice. */
  readonly sending: boolean;
  /** Without it the account is of no use; a scope that only some things need stops only those. */
  readonly essential?: boolean;
}

/** The error of an answer that is no success. Slack answers 200 with `{ok: false, error}`; what is no JSON is from something on the way. */
export function failureToError({ status, body, afterMs, sending, essential = true }: Failure): DeliveryError {
  const wait = afterMs === undefined ? {} : { afterMs };
  if (status === 429) return new Retry('Slack is asked too often.', 'ratelimited', { ...wait, rateLimited: true });
  const code = str(body, 'error');
  if (code === undefined || at(body, 'ok') !== false) return bareFailure(status, sending);
  const meaning = explain(code) ?? { outcome: status >= 500 ? 'uncertain' : 'rejected', reason: `Slack refused it: ${tidy(code).slice(0, 80)}.` };
  const text = meaning.reason + detailOf(body, code);
  const safe = tidy(code).slice(0, 80);
  switch (meaning.outcome) {
    case 'limited': return new Retry(text, safe, { ...wait, rateLimited: true });
    case 'retry': return new Retry(text, safe, wait);
    case 'account': return code === 'missing_scope' && !essential ? new Rejected(text, safe) : new AccountBroken(text, safe);
    case 'rejected': return new Rejected(text, safe);
    case 'uncertain': return sending ? new Uncertain(text, safe) : new Retry(text, safe, wait);
  }
}

/** `needed` of a missing scope, and what the answer says of arguments. */
function detailOf(body: unknown, code: string): string {
  if (code === 'missing_scope') {
    const needed = str(body, 'needed');
    return needed === undefined ? '' : ` It needs ${tidy(needed).slice(0, 200)}.`;
  }
  const messages = at(body, 'response_metadata', 'messages');
  const said = Array.isArray(messages) ? messages.filter((each) => typeof each === 'string').join(' ') : '';
  return said === '' ? '' : ` (${tidy(said)})`;
}

function bareFailure(status: number, sending: boolean): DeliveryError {
  const code = `http_${status}`;
  if (status >= 500 || status === 408) return sending ? new Uncertain(`Slack answered ${status} without saying whether it was done.`, code) : new Unreachable(`Slack answered ${status}.`, code);
  if (status >= 200 && status < 300) return sending ? new Uncertain('The answer of Slack could not be read.', code) : new Unreachable('The answer of Slack could not be read.', code);
  if (status === 401 || status === 403) return new AccountBroken(`Slack answered ${status}.`, code);
  return new Rejected(`Slack answered ${status}.`, code);
}
