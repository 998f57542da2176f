import { z } from 'zod';

/**
 * What the provisioning API takes and answers. The names are those of the API that clients of other bridges already speak; what
 * only this bridge knows stands beside them. The same schemas check, and make the OpenAPI document.
 */

const userId = z.string().meta({ description: 'A Matrix user id.', examples: ['@anna:example.org'] });
const roomId = z.string().meta({ description: 'A Matrix room id.', examples: ['!abc:example.org'] });
const loginId = z.string().meta({ description: 'An account of the bridge.', examples: ['slack.main.acme'] });

export const failure = z.object({
  errcode: z.string().meta({ examples: ['M_UNKNOWN_TOKEN'] }),
  error: z.string().meta({ description: 'For people.' }),
  retry_after_ms: z.int().min(0).optional().meta({ description: 'When to ask again.' }),
}).meta({ description: 'An error as Matrix writes it.' });

const network = z.object({
  displayname: z.string().meta({ examples: ['Slack'] }),
  network_id: z.string().meta({ examples: ['slack'] }),
  network_url: z.string(),
  network_icon: z.string().optional(),
  beeper_bridge_type: z.string(),
}).meta({ description: 'A messaging platform.' });

const flow = z.object({
  id: z.string().meta({ description: 'For login/start.', examples: ['slack.main.bot'] }),
  name: z.string().meta({ examples: ['Slack: A bot'] }),
  description: z.string(),
  network,
  makes: z.enum(['personal', 'relay']).meta({ description: 'An account that is one user’s own, or one that speaks for everybody in a room.' }),
}).meta({ description: 'A way to log an account in.' });

const state = z.object({
  state_event: z.enum(['CONNECTING', 'CONNECTED', 'TRANSIENT_DISCONNECT', 'BAD_CREDENTIALS', 'UNKNOWN_ERROR']),
  timestamp: z.int().meta({ description: 'Since when, in seconds of Unix.' }),
  error: z.string().optional(),
  message: z.string().optional().meta({ description: 'Why, for people.' }),
});

const login = z.object({ id: loginId, name: z.string(), state, profile: z.object({ name: z.string().optional() }), network }).meta({ description: 'An account.' });

export const whoami = z.object({
  network,
  login_flows: z.array(flow),
  homeserver: z.string(),
  bridge_bot: userId,
  command_prefix: z.string(),
  management_room: roomId.optional().meta({ description: 'The user’s own room with the bot.' }),
  permission: z.enum(['user', 'admin']),
  logins: z.array(login),
});

const field = z.object({ allowed: z.boolean(), required: z.boolean().optional(), min_length: z.int().optional(), max_length: z.int().optional() });
const can = z.object({
  resolve_identifier: z.object({
    create_dm: z.boolean(), lookup_phone: z.boolean(), lookup_email: z.boolean(), lookup_username: z.boolean(), any_phone: z.boolean(), contact_list: z.boolean(), search: z.boolean(),
  }),
  group_creation: z.record(z.string(), z.object({ type_description: z.string(), name: field, participants: field })),
});
export const capabilities = z.object({
  provisioning: can.meta({ description: 'What one of the user’s accounts can do, or the one that was named.' }),
  logins: z.record(z.string(), can).meta({ description: 'Each account by its id.' }),
});

export const flows = z.object({ flows: z.array(flow) });
export const logins = z.object({ login_ids: z.array(loginId) });
export const empty = z.object({});

const inputField = z.object({
  type: z.enum(['username', 'phone_number', 'email', 'password', '2fa_code', 'token', 'url', 'domain', 'select']),
  id: z.string().meta({ description: 'The key of the answer.' }),
  name: z.string(),
  description: z.string().optional(),
  pattern: z.string().optional(),
  options: z.array(z.string()).optional().meta({ description: 'Of a select.' }),
});
const stepHead = { login_id: z.string().meta({ description: 'Of this login process, for the next step.' }), step_id: z.string(), instructions: z.string() };
export const step = z.discriminatedUnion('type', [
  z.object({ ...stepHead, type: z.literal('user_input'), user_input: z.object({ fields: z.array(inputField) }) }),
  z.object({ ...stepHead, type: z.literal('complete'), complete: z.object({ user_login_id: loginId }) }),
]).meta({ description: 'What is to be answered next, or what it came to.' });
export const answers = z.record(z.string().max(200), z.string().max(8_192)).meta({ description: 'One answer for each field, by its id.' });

const found = z.object({
  id: z.string().meta({ description: 'The network’s own id.' }),
  name: z.string().optional(),
  avatar_url: z.string().optional(),
  identifiers: z.array(z.string()).meta({ examples: [['tel:+31612345678']] }),
  mxid: userId.optional().meta({ description: 'Their ghost, where the bridge has met them.' }),
  dm_room_mxid: roomId.optional().meta({ description: 'The room of the chat with them, where there is one.' }),
});
export const resolved = found.meta({ description: 'Somebody on a network.' });
export const contacts = z.object({ contacts: z.array(resolved), truncated: z.literal(true).optional().meta({ description: 'There are more: search for them.' }) });
export const results = z.object({ results: z.array(resolved) });
export const query = z.object({ query: z.string().min(1).max(200) });
export const chat = found.extend({ mxid: userId, dm_room_mxid: roomId });

export const conversations = z.object({
  conversations: z.array(z.object({
    id: z.string().meta({ description: 'The network’s own id.' }), kind: z.enum(['group', 'channel']), name: z.string().optional(), identifiers: z.array(z.string()),
    room_mxid: roomId.optional().meta({ description: 'Its room, where there is one.' }),
  })),
  truncated: z.literal(true).optional(),
});

export const group = z.object({
  name: z.object({ name: z.string().max(255) }).optional(),
  participants: z.array(z.string().min(1).max(255)).max(100).default([]).meta({ description: 'Whom the network knows: ids, or anything that resolve_identifier takes.' }),
  room_id: roomId.optional().meta({ description: 'A room that is there, to be linked to it instead of a new one.' }),
});
export const made = z.object({
  id: z.string().optional().meta({ description: 'The network’s id of the conversation; absent: the network makes it in a moment, and its room comes by itself.' }),
  mxid: roomId.optional(),
  failed_participants: z.record(z.string(), z.object({ reason: z.string() })).optional(),
  unlinked: z.string().optional().meta({ description: 'It is made, and not linked to room_id: why, for people.' }),
  invite_link: z.string().optional().meta({ description: 'Nobody can be put into it: they come in by this.' }),
});

export const conversation = z.object({ conversation: z.string().min(1).max(255).meta({ description: 'Its id on the network, its title, or whom a chat is to be with.' }) });
export const unlinking = z.object({ conversation: z.string().min(1).max(255).optional().meta({ description: 'Needed where the room is linked to several.' }) });
export const linked = z.object({ room_mxid: roomId, message: z.string().meta({ description: 'What was done, for people.' }) });

/** What stands by name in the OpenAPI document. */
export const answered = {
  Failure: failure, Network: network, LoginFlow: flow, LoginState: state, Login: login, Whoami: whoami, ProvisioningCapabilities: can, Capabilities: capabilities, LoginFlows: flows, Logins: logins,
  Empty: empty, LoginStep: step, ResolvedIdentifier: resolved, Contacts: contacts, Conversations: conversations, SearchResults: results, DirectChat: chat, CreatedGroup: made, Linked: linked,
} as const;
export const taken = { LoginAnswers: answers, SearchQuery: query, GroupParams: group, Link: conversation, Unlink: unlinking } as const;
