import type { Fields } from '../../meta-graph/json.ts';
import type { ClosedWindow } from '../settings.ts';

/** Characters of one value of a template's body (…/whatsapp/cloud-api/messages/template-messages). */
const MAX_VALUE = 1024;

/** A text as the one value of a template: what the request holds, and what became of the text on the way; nothing where it is as it was. */
export interface Filled {
  readonly body: Fields;
  readonly changes: readonly string[];
}

/** …/whatsapp/message-templates/guidelines: no line ends, no tabs and no more than four spaces in a row stand in a value. */
export function filled(template: ClosedWindow, text: string): Filled {
  // What guards the beginning of a line from being read as markup goes with the line.
  const lines = text.trim().replace(/[^\S\n\v\f\r\u0085\u2028\u2029]*[\n\v\f\r\u0085\u2028\u2029][\s\u200b]*/gu, ' / ');
  const line = lines.replaceAll('\t', ' ').replace(/ {5,}/g, '    ');
  const isCut = line.length > MAX_VALUE;
  const value = isCut ? `${line.slice(0, MAX_VALUE - 1).replace(/[\ud800-\udbff]$/, '')}…` : line;
  const parameter = { type: 'text', ...(template.parameter === undefined ? {} : { parameter_name: template.parameter }), text: value };
  return {
    body: {
      type: 'template',
      template: { name: template.template, language: { code: template.language }, components: [{ type: 'body', parameters: [parameter] }] },
    },
    changes: [
      ...(lines === text.trim() ? [] : ['its lines were joined by " / "']),
      ...(line === lines ? [] : ['long gaps in it were closed']),
      ...(isCut ? [`it was cut off after ${MAX_VALUE - 1} characters`] : []),
    ],
  };
}
