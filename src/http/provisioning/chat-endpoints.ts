import { type Asking, inRoom, type UsedAccount } from '../../actions/action.ts';
import { contacts, conversations } from '../../actions/contacts.ts';
import { createGroup } from '../../actions/create.ts';
import { link } from '../../actions/link.ts';
import { openFound, roomMade } from '../../actions/open.ts';
import { usableAccounts } from '../../actions/own-account.ts';
import { ableTo } from '../../actions/reach.ts';
import { type Found, mxidOf, resolve, shown, type Shown } from '../../actions/resolve.ts';
import { find } from '../../actions/search.ts';
import { unlink } from '../../actions/unlink.ts';
import type { ReachFeature } from '../../model/capabilities.ts';
import type { RoomId } from '../../model/ids.ts';
import type { z } from 'zod';
import { endpoint, ok, type Answer, type Call, type Endpoint } from './endpoint.ts';
import { Refusal } from './errors.ts';
import { LOGIN_QUERY, loginIdOf, loginNamed, loginOf } from './logins.ts';
import * as schemas from './schemas.ts';

/** How long a new room is waited for: clients give an answer half a minute. */
const ROOM_MS = 25_000;
const ROOM = { roomID: 'The id of a room that the bot is in.' };
const IDENTIFIER = { identifier: 'An id of the network, a phone number, a user name, an e-mail address: what the network knows people by; or their ghost.' };

/** Whom one can find, and the chats that one can begin. */
export const chatEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'GET', path: '/v3/capabilities', operation: 'getCapabilities', tag: 'chats', summary: 'What the user’s accounts can find and begin', query: LOGIN_QUERY, answers: { 200: schemas.capabilities },
    run: (call) => ok(capabilities(call)),
  }),
  endpoint({
    method: 'GET', path: '/v3/contacts', operation: 'getContacts', tag: 'chats', summary: 'People whom an account may write to', query: LOGIN_QUERY, answers: { 200: schemas.contacts },
    async run(call) {
      const account = loginOf(call);
      const { found, truncated } = await contacts(account);
      return ok({ contacts: found.map((one) => written(shown(call.context, account, one))), ...(truncated ? { truncated } : {}) });
    },
  }),
  endpoint({
    method: 'GET', path: '/v3/conversations', operation: 'getConversations', tag: 'chats', summary: 'Groups and channels that an account is in or could join', query: LOGIN_QUERY, answers: { 200: schemas.conversations },
    async run(call) {
      const account = loginOf(call);
      const { found, truncated } = await conversations(account);
      return ok({ conversations: found.map((one) => listed(one, shown(call.context, account, one))), ...(truncated ? { truncated } : {}) });
    },
  }),
  endpoint({
    method: 'POST', path: '/v3/search_users', operation: 'searchUsers', tag: 'chats', summary: 'People that the network finds', query: LOGIN_QUERY, body: schemas.query, answers: { 200: schemas.results },
    async run(call) {
      const account = loginOf(call);
      const found = (await find(account, call.body.query)).filter(({ person }) => person !== undefined);
      return ok({ results: found.map((one) => written(shown(call.context, account, one))) });
    },
  }),
  endpoint({
    method: 'GET', path: '/v3/resolve_identifier/{identifier}', operation: 'resolveIdentifier', tag: 'chats', summary: 'Who is meant by that', params: IDENTIFIER, query: LOGIN_QUERY, answers: { 200: schemas.resolved },
    async run(call) {
      const account = loginOf(call);
      return ok(written(shown(call.context, account, await somebody(call, account))));
    },
  }),
  endpoint({
    method: 'POST', path: '/v3/create_dm/{identifier}', operation: 'createDM', tag: 'chats', summary: 'Begins a chat with somebody, in a room; 200: it was there already', params: IDENTIFIER, query: LOGIN_QUERY,
    answers: { 200: schemas.chat, 201: schemas.chat }, run: (call) => createDirect(call),
  }),
  endpoint({
    method: 'POST', path: '/v3/create_group/{type}', operation: 'createGroup', tag: 'chats', summary: 'Makes a conversation of several, and its room', params: { type: 'One of group_creation in the capabilities.' }, query: LOGIN_QUERY,
    body: schemas.group, answers: { 201: schemas.made, 202: schemas.made }, run: (call) => create(call),
  }),
  endpoint({
    method: 'POST', path: '/v3/link/{roomID}', operation: 'linkRoom', tag: 'chats', summary: 'Links a room that is there to a conversation, beside what it is linked to already', params: ROOM, query: LOGIN_QUERY, body: schemas.conversation,
    answers: { 200: schemas.linked },
    async run(call) {
      const room = roomNamed(call.context, call.params['roomID']);
      return ok({ room_mxid: room.roomId, message: await link(inRoom(call.context, room), [loginOf(call).id, call.body.conversation, 'here']) });
    },
  }),
  endpoint({
    method: 'POST', path: '/v3/unlink/{roomID}', operation: 'unlinkRoom', tag: 'chats', summary: 'Ends what a room is linked to', params: ROOM, query: LOGIN_QUERY, body: schemas.unlinking, answers: { 200: schemas.linked },
    async run(call) {
      const { context, params, query, body: { conversation } } = call;
      const room = roomNamed(context, params['roomID']);
      const network = query['login_id'] === undefined ? '' : loginNamed(context, query['login_id']).id;
      return ok({ room_mxid: room.roomId, message: await unlink(inRoom(context, room), conversation === undefined ? [network] : [network, conversation]) });
    },
  }),
];

/** One that the bridge knows, because the bot was in it; who may do what there is the action's to say. @throws Refusal */
function roomNamed({ store }: Asking, id = ''): Room {
  const room = /^![\x21-\x7e]{1,254}$/.test(id) ? store.roomById(id as RoomId) : null;
  if (room === null || room.kind === 'management') throw new Refusal(404, 'M_NOT_FOUND', 'The bridge is in no such room: invite its bot there first.');
  return room;
}

type Room = NonNullable<ReturnType<Asking['store']['roomById']>>;

function capabilities(call: Call): object {
  const { context, query } = call;
  const accounts = query['login_id'] === undefined ? usableAccounts(context) : [loginNamed(context, query['login_id'])];
  const each = accounts.map((account) => [loginIdOf(account), capabilitiesOf(account)] as const);
  const some = (what: keyof Can): boolean => each.some(([, { resolve_identifier: can }]) => can[what]);
  return {
    provisioning: {
      resolve_identifier: Object.fromEntries(WHAT.map((what) => [what, some(what)])),
      group_creation: Object.assign({}, ...each.map(([, can]) => can.group_creation)) as object,
    },
    logins: Object.fromEntries(each),
  };
}

type Can = z.output<typeof schemas.capabilities>['provisioning']['resolve_identifier'];
const WHAT = ['create_dm', 'lookup_phone', 'lookup_email', 'lookup_username', 'any_phone', 'contact_list', 'search'] as const satisfies readonly (keyof Can)[];

function capabilitiesOf(account: UsedAccount): z.output<typeof schemas.capabilities>['provisioning'] {
  const able = (feature: ReachFeature): boolean => ableTo(account, feature).level !== 'none';
  const { lookups } = account.network;
  return {
    resolve_identifier: {
      create_dm: able('createDirect'), lookup_phone: lookups.includes('phone'), lookup_email: lookups.includes('email'), lookup_username: lookups.includes('username'),
      // A number that was not looked up may still be nobody's.
      any_phone: lookups.includes('phone') && account.connection.reach?.resolve === undefined, contact_list: able('contacts'), search: able('search'),
    },
    group_creation: able('createGroup')
      ? { group: { type_description: ableTo(account, 'createGroup').reason ?? 'A group.', name: { allowed: true, required: true, min_length: 1, max_length: 255 }, participants: { allowed: true, max_length: 100 } } }
      : {},
  };
}

/** @throws Refusal where it is nobody, or no person */
async function somebody({ context, params }: Call, account: UsedAccount): Promise<Found & Required<Pick<Found, 'person'>>> {
  const found = await resolve(context, account, params['identifier'] ?? '');
  if (found?.person === undefined) throw new Refusal(404, 'M_NOT_FOUND', 'Identifier not found.');
  return { ...found, person: found.person };
}

async function createDirect(call: Call): Promise<Answer> {
  const { context } = call;
  const account = loginOf(call);
  const found = await somebody(call, account);
  if (ableTo(account, 'createDirect').level === 'none') throw new Refusal(501, 'M_UNRECOGNIZED', ableTo(account, 'createDirect').reason ?? 'The network does not let chats be begun.');
  const { conversation, isNew } = await openFound(context, account, found);
  const room = await roomMade(context, conversation, ROOM_MS);
  const person = context.store.remoteContext(conversation, null, []).conversation.person;
  const row = person === null ? null : context.store.person(person);
  if (room === null || row === null) throw lateRoom();
  return { status: isNew ? 201 : 200, body: { ...written(shown(context, account, found)), mxid: mxidOf(context, row), dm_room_mxid: room } };
}

async function create(call: Call<z.output<typeof schemas.group>>): Promise<Answer> {
  const { context, params, body } = call;
  const account = loginOf(call);
  if (params['type'] !== 'group') throw new Refusal(404, 'M_UNRECOGNIZED', 'There is no such type of group: see the capabilities.');
  const into = body.room_id === undefined ? null : roomNamed(context, body.room_id);
  const { conversation, row, refused, link: way, unlinked } = await createGroup(context, account, { title: body.name?.name ?? null, people: body.participants }, into);
  const more = {
    ...(refused.length === 0 ? {} : { failed_participants: Object.fromEntries(refused.map(({ id, reason }) => [id, { reason }])) }),
    ...(way === undefined ? {} : { invite_link: way }),
    ...(unlinked === undefined ? {} : { unlinked }),
  };
  if (row === null || conversation === null || unlinked !== undefined) return { status: 202, body: { ...(conversation === null ? {} : { id: conversation.id }), ...more } };
  const room = await roomMade(context, row, ROOM_MS);
  // What was made is told, whatever becomes of its room: to ask again would make another.
  return { status: room === null ? 202 : 201, body: { id: conversation.id, ...(room === null ? {} : { mxid: room }), ...more } };
}

function lateRoom(): Refusal {
  return new Refusal(503, 'M_UNKNOWN', 'The room is not made yet. Ask again.', 5_000);
}

function listed({ conversation: { kind } }: Found, { id, name, identifiers, room }: Shown): object {
  return { id, kind, ...(name === null ? {} : { name }), identifiers, ...(room === null ? {} : { room_mxid: room }) };
}

function written({ id, name, identifiers, mxid, room }: Shown): object {
  return { id, ...(name === null ? {} : { name }), identifiers, ...(mxid === null ? {} : { mxid }), ...(room === null ? {} : { dm_room_mxid: room }) };
}
