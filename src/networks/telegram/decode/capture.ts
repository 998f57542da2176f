import { NotThisNetwork } from '../../network.ts';
import { foundIn } from '../../shared/found-in.ts';
import { at, isFields, linesOf, parseJson, str, type Fields } from '../../shared/json.ts';

const LOOKED_FOR = 'An update of the Telegram Bot API was looked for: {"update_id":…,"message":{…}}.';

/** Stands for the update of an answer that has none. */
export const EMPTY = 'empty_answer';

/**
 * Cuts what was captured into updates: the body of a webhook, an answer of `getUpdates`, a list of updates, one a line, or the
 * value of an update alone, told by its fields.
 * @throws NotThisNetwork
 */
export function split(raw: Uint8Array): readonly unknown[] {
  const bodies = parseAll(raw);
  const pieces = bodies.map(cut);
  if (pieces.every((each) => each === undefined)) throw new NotThisNetwork(`${LOOKED_FOR} ${found(bodies)}`);
  // One bad line spoils no other: it becomes an update of no kind.
  return pieces.flatMap((each, index) => each ?? [{ unknown: bodies[index] }]);
}

function parseAll(raw: Uint8Array): readonly unknown[] {
  try {
    return [parseJson(raw)];
  } catch (error) {
    const lines = linesOf(raw);
    if (lines.length < 2 || !lines.some((line) => line.startsWith('{'))) throw error;
    const parsed = lines.map((line): { readonly ok: boolean; readonly value: unknown } => {
      try {
        return { ok: true, value: parseJson(line) };
      } catch {
        return { ok: false, value: { line: 'no JSON' } };
      }
    });
    if (!parsed.some(({ ok }) => ok)) throw error;
    return parsed.map(({ value }) => value);
  }
}

/** Undefined where it is nothing of Telegram's. */
function cut(body: unknown): readonly unknown[] | undefined {
  if (Array.isArray(body)) {
    const pieces = body.map((each: unknown) => cutOne(each));
    return pieces.some((each) => each !== undefined) ? pieces.map((each, index) => each ?? { unknown: body[index] as unknown }) : undefined;
  }
  const result = at(body, 'result');
  if (at(body, 'ok') === true && result !== undefined) return Array.isArray(result) && result.length === 0 ? [{ [EMPTY]: {} }] : cut(result);
  const one = cutOne(body);
  return one === undefined ? undefined : [one];
}

function cutOne(body: unknown): Fields | undefined {
  if (!isFields(body)) return undefined;
  if (at(body, 'update_id') !== undefined) return body;
  const there = Object.keys(body).filter((key) => body[key] !== null);
  if (there.length === 1 && there.some((key) => WRAPPED.has(key) && isFields(body[key]))) return body;
  const kind = kindOf(body);
  return kind === undefined ? undefined : { [kind]: body };
}

const WRAPPED: ReadonlySet<string> = new Set([
  'message', 'edited_message', 'channel_post', 'edited_channel_post', 'business_connection', 'business_message', 'edited_business_message',
  'deleted_business_messages', 'guest_message', 'message_reaction', 'message_reaction_count', 'inline_query', 'chosen_inline_result',
  'callback_query', 'shipping_query', 'pre_checkout_query', 'purchased_paid_media', 'poll_answer', 'my_chat_member', 'chat_member',
  'chat_join_request', 'chat_boost', 'removed_chat_boost', 'managed_bot',
]);

/** The fields by which a value that came without its update is told; the first that fits is it. */
const TOLD_BY: readonly (readonly [kind: string, ...keys: string[]])[] = [
  ['message_reaction', 'chat', 'message_id', 'new_reaction'],
  ['message_reaction_count', 'chat', 'message_id', 'reactions'],
  ['deleted_business_messages', 'business_connection_id', 'chat', 'message_ids'],
  ['poll_answer', 'poll_id', 'option_ids'],
  ['poll', 'id', 'question', 'options'],
  ['chat_join_request', 'chat', 'user_chat_id'],
  ['chat_boost', 'chat', 'boost'],
  ['removed_chat_boost', 'chat', 'boost_id'],
  ['callback_query', 'id', 'from', 'chat_instance'],
  ['inline_query', 'id', 'from', 'query', 'offset'],
  ['chosen_inline_result', 'result_id', 'from', 'query'],
  ['pre_checkout_query', 'id', 'from', 'invoice_payload', 'total_amount'],
  ['shipping_query', 'id', 'from', 'invoice_payload', 'shipping_address'],
  ['business_connection', 'id', 'user', 'user_chat_id', 'is_enabled'],
  ['purchased_paid_media', 'from', 'paid_media_payload'],
];

/** The kind of a value that came without its update. */
function kindOf(body: Fields): string | undefined {
  const has = (...keys: readonly string[]): boolean => keys.every((key) => (at(body, key) ?? undefined) !== undefined);
  const [told] = TOLD_BY.find(([, ...keys]) => has(...keys)) ?? [];
  if (told !== undefined) return told;
  if (has('message_id', 'chat') && isFields(body['chat'])) {
    if (has('business_connection_id')) return has('edit_date') ? 'edited_business_message' : 'business_message';
    if (has('guest_query_id')) return 'guest_message';
    const channel = str(body, 'chat', 'type') === 'channel';
    if (has('edit_date')) return channel ? 'edited_channel_post' : 'edited_message';
    return channel ? 'channel_post' : 'message';
  }
  if (has('chat', 'new_chat_member', 'old_chat_member')) return str(body, 'new_chat_member', 'user', 'id') === undefined ? undefined : 'chat_member';
  return undefined;
}

/** What of another's it is, where that shows. */
function found(bodies: readonly unknown[]): string {
  const body = bodies[0];
  if (str(body, 'object') !== undefined) return 'This one has "object", so it is from Meta.';
  if (at(body, 'ok') === false) return 'This is a refusal of the Bot API, which holds no update.';
  return foundIn(body);
}
