import type { Content } from '../../../model/content.ts';
import { at, defined, isFields, list, num, str } from '../../shared/json.ts';

/**
 * An interactive message that a business sent (echoes of another program; …/whatsapp/cloud-api/guides/send-messages): its body,
 * and everything else that the person sees around it.
 */
export function sentInteractive(type: string, found: unknown): Content | undefined {
  const title = str(found, 'body', 'text');
  if (title === undefined) return undefined;
  const action = at(found, 'action');
  const around = [
    ...headerOf(found), ...wordsOf(action, []), ...list(action, 'buttons').flatMap((button) => words(button, ['reply', 'title'])),
    ...list(action, 'sections').flatMap(sectionOf), ...list(action, 'cards').flatMap(cardOf), ...words(found, ['footer', 'text']),
  ];
  return defined({ kind: 'choice' as const, title, description: around.length > 0 ? around.join(' | ') : undefined, value: type });
}

function headerOf(found: unknown): readonly string[] {
  const kind = str(found, 'header', 'type');
  return words(found, ['header', 'text'], ...(kind === undefined ? [] : [['header', kind, 'filename'], ['header', kind, 'link']]));
}

/** A button to an address, a form or a call; a product; an order to be paid. */
function wordsOf(action: unknown, more: readonly string[]): readonly string[] {
  const parameters = at(action, 'parameters');
  return [
    ...words(action, ['button'], ['product_retailer_id']), ...words(parameters, ['display_text'], ['flow_cta'], ['url'], ['reference_id']),
    ...list(parameters, 'order', 'items').flatMap((item) => str(item, 'name') === undefined ? [] : [`${num(item, 'quantity') ?? 1} × ${str(item, 'name')}`]),
    ...words(parameters, ['order', 'status'], ['order', 'description']), ...amountOf(parameters), ...more,
  ];
}

/** `value` counts in parts of `offset`. */
function amountOf(parameters: unknown): readonly string[] {
  const value = num(parameters, 'total_amount', 'value');
  if (value === undefined) return [];
  return [`${value / (num(parameters, 'total_amount', 'offset') || 1)} ${str(parameters, 'currency') ?? ''}`.trim()];
}

function sectionOf(section: unknown): readonly string[] {
  const rows = list(section, 'rows').flatMap((row) => {
    const [title, description] = [str(row, 'title'), str(row, 'description')];
    return title === undefined ? [] : [description === undefined ? title : `${title} (${description})`];
  });
  return [...words(section, ['title']), ...rows, ...list(section, 'product_items').flatMap((item) => words(item, ['product_retailer_id']))];
}

function cardOf(card: unknown): readonly string[] {
  if (!isFields(card)) return [];
  return [...headerOf(card), ...words(card, ['body', 'text']), ...wordsOf(at(card, 'action'), list(card, 'action', 'buttons').flatMap((button) => words(button, ['quick_reply', 'title'], ['reply', 'title'])))];
}

function words(value: unknown, ...paths: readonly (readonly string[])[]): readonly string[] {
  return paths.flatMap((path) => str(value, ...path) ?? []);
}
