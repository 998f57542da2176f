import type { NetworkItem } from '../../../model/events.ts';
import { at, isFields, list, str } from '../../shared/json.ts';
import { describe } from '../errors.ts';
import { isPhone, normalId } from '../ids.ts';
import { flatten, unsupported, type Context } from './context.ts';

/**
 * One element of `groups` (…/whatsapp/cloud-api/groups/webhooks): what became of a group itself. Told to the administrators:
 * groups have no rooms of their own until somebody writes in one.
 */
export function decodeGroup(context: Context, group: unknown): NetworkItem {
  const type = str(group, 'type') ?? 'groups';
  return unsupported(context, {
    what: context.field === 'messages' ? type : context.field,
    reason: `${sentence(type, group)}${failures(group)}`,
    item: group,
    detail: flatten(isFields(group) ? group : { group }),
  });
}

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
      return `${people(group, 'added_participants')} joined ${name}.`;
    case 'group_participants_remove':
      return removed(group, name);
    case 'group_join_request_created':
      return `${person(group)} asks to join ${name}.`;
    case 'group_join_request_revoked':
      return `${person(group)} no longer asks to join ${name}.`;
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
  const found = list(group, key).map(person);
  return found.length === 0 ? 'Somebody' : found.slice(0, MOST_NAMES).join(', ');
}

function person(value: unknown): string {
  const username = str(value, 'username')?.replace(/^@/, '');
  const id = str(value, 'wa_id') ?? str(value, 'input') ?? str(value, 'user_id');
  const shown = id === undefined ? undefined : isPhone(normalId(id)) ? `+${normalId(id)}` : id;
  if (username !== undefined) return shown === undefined ? `@${username}` : `@${username} (${shown})`;
  return shown ?? 'Somebody';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
