import { at, str } from '../../shared/json.ts';

/** What happened, said of whoever did it: `<name> <words>`. `msg` is what the message holds: mostly a user name or a value. */
type Words = (message: unknown, msg: string) => string;

const value = (msg: string): string => (msg === '' ? 'nothing' : `“${msg}”`);

/** System messages that change nobody's membership and nothing that Matrix has a state for (`@rocket.chat/message-types`). */
const SENTENCES: Readonly<Record<string, Words>> = {
  'user-muted': (_, msg) => `muted ${msg}`,
  'user-unmuted': (_, msg) => `unmuted ${msg}`,
  'mute_unmute': (_, msg) => msg,
  'user-unbanned': (_, msg) => `lifted the ban on ${msg}`,
  'subscription-role-added': (message, msg) => `made ${msg} ${role(message)}`,
  'subscription-role-removed': (message, msg) => `took the role ${role(message)} from ${msg}`,
  'new-moderator': (_, msg) => `made ${msg} a moderator`,
  'moderator-removed': (_, msg) => `took the role of moderator from ${msg}`,
  'new-owner': (_, msg) => `made ${msg} an owner`,
  'owner-removed': (_, msg) => `took the role of owner from ${msg}`,
  'new-leader': (_, msg) => `made ${msg} the leader`,
  'leader-removed': (_, msg) => `took the role of leader from ${msg}`,
  'room-unarchived': () => 'unarchived the room',
  'room_changed_privacy': (_, msg) => `made the room ${msg === 'Private_Group' || msg === 'p' ? 'private' : msg === 'Channel' || msg === 'c' ? 'public' : value(msg)}`,
  'room_changed_description': (_, msg) => `changed the description to ${value(msg)}`,
  'room_changed_announcement': (_, msg) => `changed the announcement to ${value(msg)}`,
  'room_e2e_enabled': () => 'switched end-to-end encryption on: what is written from now on the bridge cannot read',
  'room_e2e_disabled': () => 'switched end-to-end encryption off',
  'otr-ack': () => 'received a message that only the two of them can read',
  'user_joined_otr': () => 'began to write so that only the two of them can read it: the bridge cannot',
  'user_requested_otr_key_refresh': () => 'asked for another key for what only the two of them can read',
  'user_key_refreshed_successfully': () => 'has another key for what only the two of them can read',
  'room-set-read-only': () => 'made the room read-only',
  'room-removed-read-only': () => 'made the room writable for everybody',
  'room-allowed-reacting': () => 'allowed reactions',
  'room-disallowed-reacting': () => 'disallowed reactions',
  'discussion-created': (_, msg) => `started the discussion ${value(msg)}`,
  'user-converted-to-team': (_, msg) => `made the room ${value(msg)} a team`,
  'user-converted-to-channel': (_, msg) => `made the team ${value(msg)} a channel`,
  'user-removed-room-from-team': (_, msg) => `took the room ${value(msg)} out of the team`,
  'user-deleted-room-from-team': (_, msg) => `deleted the room ${value(msg)} of the team`,
  'user-added-room-to-team': (_, msg) => `added the room ${value(msg)} to the team`,
  'jitsi_call_started': () => 'started a video call: join it in Rocket.Chat',
  'videoconf': () => 'started a call: join it in Rocket.Chat',
  'webrtc_call_started': () => 'started a call: join it in Rocket.Chat',
  'wm': () => 'is welcome',
  'message_pinned': () => 'pinned a message',
  'message_pinned_e2e': () => 'pinned an encrypted message',
  'message_snippeted': (_, msg) => `made a snippet ${value(msg)}`,
  'livechat-started': () => 'started the chat',
  'livechat_video_call': () => 'asked for a video call',
  'livechat_webrtc_video_call': () => 'asked for a video call',
  'livechat_navigation_history': (message, msg) => `went to ${[str(message, 'navigation', 'page', 'title'), str(message, 'navigation', 'page', 'location', 'href')].filter(Boolean).join(', ') || value(msg)}`,
  'livechat_transfer_history': transfer,
  'livechat_transfer_history_fallback': (message) => `passed the chat to the department ${str(message, 'transferData', 'department', 'name') ?? '?'}, for that of before has nobody there`,
  'livechat_transcript_history': (message) => (str(message, 'requestData', 'type') === 'visitor' ? 'asked for a transcript of the chat' : 'sent a transcript of the chat to the visitor'),
  'omnichannel_placed_chat_on_hold': (message) => `put the chat on hold${comment(message)}`,
  'omnichannel_on_hold_chat_resumed': (message) => `took the chat up again${comment(message)}`,
  'omnichannel_priority_change_history': (message) => `changed the priority to ${value(str(message, 'priorityData', 'priority', 'name') ?? '')}`,
  'omnichannel_sla_change_history': (message) => `changed the service level to ${value(str(message, 'slaData', 'sla', 'name') ?? '')}`,
  'voip-call-started': () => 'began a call',
  'voip-call-declined': () => 'declined the call',
  'voip-call-on-hold': () => 'put the call on hold',
  'voip-call-unhold': () => 'took the call up again',
  'voip-call-duration': (_, msg) => `ended the call${msg === '' ? '' : ` (${msg})`}`,
  'voip-call-ended': () => 'ended the call',
  'voip-call-ended-unexpectedly': () => 'lost the call',
  'voip-call-wrapup': (_, msg) => `noted about the call: ${value(msg)}`,
};

export function sentenceOf(type: string, message: unknown): string | undefined {
  const words = Object.hasOwn(SENTENCES, type) ? SENTENCES[type] : undefined;
  return words?.(message, str(message, 'msg') ?? '');
}

function role(message: unknown): string {
  return str(message, 'role') ?? 'of the room';
}

function comment(message: unknown): string {
  const text = str(message, 'comment');
  return text === undefined ? '' : `: ${text}`;
}

function transfer(message: unknown): string {
  const data = at(message, 'transferData');
  const to = str(data, 'transferredTo', 'name') ?? str(data, 'transferredTo', 'username');
  const department = str(data, 'nextDepartment', 'name');
  const where = str(data, 'scope')?.toLowerCase().includes('queue') === true ? 'back to the queue' : department !== undefined ? `to the department ${department}` : `to ${to ?? 'somebody else'}`;
  return `passed the chat ${where}${comment(data)}`;
}
