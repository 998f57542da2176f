import type { ConversationRef, NetworkEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import { at, defined, isFields, list, str } from '../../shared/json.ts';
import { describe } from '../errors.ts';
import { contactIds, groupChat, isBsuid, isPhone, normalId, person, rank, type Named } from '../ids.ts';
import { digest, flatten, keyOf, self, timeOf, unsupported, type Context } from './context.ts';

/**
 * One element of `groups` (…/whatsapp/cloud-api/groups/webhooks): what became of a group itself. What has a place in its room
 * goes there; what has none, such as wishes to join and what was not done, is told to the administrators.
 */
export function decodeGroup(context: Context, group: unknown): readonly NetworkItem[] {
  const id = str(group, 'group_id');
  const failed = list(group, 'errors').some(isFields);
  const events = id === undefined ? [] : eventsOf(context, group, groupChat(id, context.scope), failed);
  const items = events.map((event, index): NetworkItem => ({ key: keyOf(context, 'group', event.type, id, digest(group), String(index)), event }));
  return items.length > 0 && !failed && !isForAdmins(group) ? items : [...items, told(context, group)];
}

/** What the administrators are told beside what the room sees: the link by which people come in stands nowhere else. */
function isForAdmins(group: unknown): boolean {
  return str(group, 'type') === 'group_create' || list(group, 'failed_participants').length > 0 || SETTINGS.some(([key]) => at(group, key, 'update_successful') === false);
}

function told(context: Context, group: unknown): NetworkItem {
  const type = str(group, 'type') ?? 'groups';
  return unsupported(context, {
    what: context.field === 'messages' ? type : context.field,
    reason: `${sentence(type, group)}${failures(group)}`,
    item: group,
    detail: flatten(isFields(group) ? group : { group }),
  });
}

function eventsOf(context: Context, group: unknown, conversation: ConversationRef, failed: boolean): readonly NetworkEvent[] {
  const time = timeOf(context, group);
  switch (str(group, 'type')) {
    case 'group_create':
      // The business is in it from the start, and nobody else.
      return failed ? [] : [{ type: 'member', person: self(context), change: 'join', conversation: { ...conversation, ...looks(str(group, 'subject'), str(group, 'description')) }, time }];
    case 'group_delete':
      return failed ? [] : [{ type: 'conversation.gone', reason: 'The group was deleted.', conversation, time }];
    case 'group_participants_add':
      return members(context, group, 'added_participants').map((who) => ({ type: 'member', person: who, change: 'join', conversation, time }));
    case 'group_participants_remove': {
      const left = str(group, 'initiated_by') === 'participant';
      const by = left ? {} : { by: self(context) };
      return members(context, group, 'removed_participants').map((who): NetworkEvent => (who.isSelf === true
        ? { type: 'conversation.gone', reason: 'The business is no longer in the group.', conversation, time }
        : { type: 'member', person: who, change: left ? 'leave' : 'kick', conversation, time, ...by }));
    }
    case 'group_suspend':
      return [{ type: 'conversation.gone', reason: 'WhatsApp has suspended the group.', conversation, time }];
    case 'group_suspend_cleared':
      return [{ type: 'unsupported', what: 'group_suspend_cleared', reason: 'The group is no longer suspended: what is written here arrives again.', conversation, time }];
    default:
      // One page calls it by what changed (`group_subject`), another always `group_settings_update`.
      return changed(group).map((now) => ({ type: 'conversation.changed', conversation: { ...conversation, ...now }, time }));
  }
}

/** Of a picture only a hash is told, so what it shows cannot be fetched. */
function changed(group: unknown): readonly Pick<ConversationRef, 'title' | 'topic'>[] {
  const done = (key: string): string | undefined => {
    const found = at(group, key);
    return isFields(found) && at(found, 'update_successful') !== false ? (str(found, 'text') ?? (at(found, 'text') === '' ? '' : undefined)) : undefined;
  };
  const now = looks(done('group_subject') || undefined, done('group_description'));
  return Object.keys(now).length > 0 ? [now] : [];
}

function looks(title: string | undefined, topic: string | undefined): Pick<ConversationRef, 'title' | 'topic'> {
  return defined({ title, topic });
}

/** Everybody whom a list of a group names, each once; who has no id is nobody that could be shown. */
function members(context: Context, group: unknown, key: string): readonly PersonRef[] {
  return list(group, key).flatMap((each) => memberOf(context, each) ?? []);
}

/** A member as a webhook or `GET /{group_id}` names them; their name stands in `contacts`, where it is told. */
export function memberOf(context: Pick<Context, 'contacts' | 'scope' | 'display' | 'number'>, value: unknown): PersonRef | undefined {
  const input = str(value, 'input');
  const given: Named = {
    userId: str(value, 'user_id') ?? str(value, 'recipient_user_id'),
    parentId: str(value, 'parent_user_id') ?? str(value, 'parent_recipient_user_id'),
    numbers: [str(value, 'wa_id')],
  };
  const asked: Named = { numbers: [input !== undefined && (isPhone(normalId(input)) || isBsuid(input)) ? input : undefined] };
  const ids = rank(given).length > 0 ? rank(given) : rank(asked);
  if (ids.some((id) => id === context.display || id === context.number)) return self({ ...BARE, ...context });
  const contact = context.contacts.find((each) => rank(contactIds(each)).some((id) => ids.includes(id)));
  const more = contactIds(contact);
  const all = rank({ userId: given.userId ?? more.userId, parentId: given.parentId ?? more.parentId, numbers: [...ids, ...more.numbers] });
  return person(all, context.scope, contact ?? value);
}

const BARE = { field: 'messages', errors: [], time: 0 } as const;

function sentence(type: string, group: unknown): string {
  const id = str(group, 'group_id');
  const name = id === undefined ? 'a group' : `the group ${id}`;
  const failed = list(group, 'errors').some(isFields);
  switch (type) {
    case 'group_create':
      return failed ? 'A group could not be made.' : `A group was made: ${str(group, 'subject') ?? id ?? 'without a name'}.`;
    case 'group_delete':
      return failed ? `${capital(name)} could not be deleted.` : `${capital(name)} was deleted.`;
    case 'group_participants_add':
      return list(group, 'added_participants').length === 0 ? `Nobody joined ${name}.` : `${people(group, 'added_participants')} joined ${name}.`;
    case 'group_participants_remove':
      return removed(group, name);
    case 'group_join_request_created':
      return `${shown(group)} asks to join ${name}.`;
    case 'group_join_request_revoked':
      return `${shown(group)} no longer asks to join ${name}.`;
    case 'group_settings_update':
      return settings(group, name);
    case 'group_suspend':
      return `WhatsApp has suspended ${name}.`;
    case 'group_suspend_cleared':
      return `${capital(name)} is no longer suspended.`;
    default:
      return `WhatsApp told of ${name}: ${type}.`;
  }
}

function removed(group: unknown, name: string): string {
  if (list(group, 'removed_participants').length === 0) return `Nobody was removed from ${name}.`;
  const who = people(group, 'removed_participants');
  return str(group, 'initiated_by') === 'participant' ? `${who} left ${name}.` : `${who} was removed from ${name}.`;
}

const SETTINGS: readonly (readonly [key: string, word: string])[] = [
  ['group_subject', 'name'], ['group_description', 'description'], ['profile_picture', 'picture'],
];

function settings(group: unknown, name: string): string {
  const changes = SETTINGS.flatMap(([key, word]) => {
    const found = at(group, key);
    if (!isFields(found)) return [];
    const done = at(found, 'update_successful') !== false;
    const text = str(found, 'text');
    return [`${word}${text === undefined ? '' : ` "${text}"`} ${done ? 'changed' : `not changed${failures(found).replace(/\.$/, '')}`}`];
  });
  return changes.length === 0 ? `The settings of ${name} changed.` : `The settings of ${name}: ${changes.join(', ')}.`;
}

/** Also those of single members: `failed_participants`. */
function failures(value: unknown): string {
  const errors = [...list(value, 'errors'), ...list(value, 'failed_participants').flatMap((each) => list(each, 'errors'))].filter(isFields);
  const reasons = new Set(errors.map((error) => describe(error).reason));
  return reasons.size === 0 ? '' : ` ${[...reasons].join(' ')}`;
}

const MOST_NAMES = 8;

function people(group: unknown, key: string): string {
  const found = list(group, key).map(shown);
  return found.length === 0 ? 'Somebody' : found.slice(0, MOST_NAMES).join(', ');
}

function shown(value: unknown): string {
  const username = str(value, 'username')?.replace(/^@/, '');
  const id = str(value, 'wa_id') ?? str(value, 'input') ?? str(value, 'user_id');
  const named = id === undefined ? undefined : isPhone(normalId(id)) ? `+${normalId(id)}` : id;
  if (username !== undefined) return named === undefined ? `@${username}` : `@${username} (${named})`;
  return named ?? 'Somebody';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
