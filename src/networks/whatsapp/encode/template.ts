import { list, str, type Fields } from '../../shared/json.ts';
import type { ClosedWindow } from '../settings.ts';

/**
 * Characters of one value of a template's body (…/whatsapp/cloud-api/messages/template-messages), and by the smaller reading of
 * error 132005 of the body with its values put in.
 */
const MAX_BODY = 1024;

/** As doctor and the length of a body know them: `{{1}}`, `{{text}}`. */
export const VARIABLE = /\{\{\s*(\w+)\s*\}\}/g;

/** Characters that stand around the value in the body of a template, of all the languages that there are of it. */
export function aroundValue(found: readonly unknown[], { language }: ClosedWindow): number {
  const components = list(found.find((each) => str(each, 'language') === language), 'components');
  return str(components.find((each) => str(each, 'type') === 'BODY'), 'text')?.replace(VARIABLE, '').length ?? 0;
}

/** A text as the one value of a template: what the request holds, and what became of the text on the way; nothing where it is as it was. */
export interface Filled {
  readonly body: Fields;
  readonly changes: readonly string[];
}

/** `around`: characters of the template itself. …/whatsapp/message-templates/guidelines: no line ends, no tabs and no more than four spaces in a row stand in a value. */
export function filled(template: ClosedWindow, text: string, around = 0): Filled {
  const most = Math.max(1, MAX_BODY - around);
  // What guards the beginning of a line from being read as markup goes with the line.
  const lines = text.trim().replace(/[^\S\n\v\f\r\u0085\u2028\u2029]*[\n\v\f\r\u0085\u2028\u2029][\s\u200b]*/gu, ' / ');
  const line = lines.replaceAll('\t', ' ').replace(/ {5,}/g, '    ');
  const isCut = line.length > most;
  const value = isCut ? `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : line;
  const parameter = { type: 'text', ...(template.parameter === undefined ? {} : { parameter_name: template.parameter }), text: value };
  return {
    body: {
      type: 'template',
      template: { name: template.template, language: { code: template.language }, components: [{ type: 'body', parameters: [parameter] }] },
    },
    changes: [
      ...(lines === text.trim() ? [] : ['its lines were joined by " / "']),
      ...(line === lines ? [] : ['long gaps in it were closed']),
      ...(isCut ? [`it was cut off after ${most - 1} characters`] : []),
    ],
  };
}
