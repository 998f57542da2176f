import { GraphError } from './errors.ts';
import type { World } from './state.ts';

/** As `GET /{waba_id}/message_templates` tells it (Message templates, "Template components"). */
export interface Template {
  readonly name: string;
  readonly language: string;
  readonly status: 'APPROVED' | 'PENDING' | 'REJECTED' | 'PAUSED' | 'DISABLED';
  readonly category: 'MARKETING' | 'UTILITY' | 'AUTHENTICATION';
  readonly parameter_format?: 'POSITIONAL' | 'NAMED';
  readonly components: readonly { readonly type: 'HEADER' | 'BODY' | 'FOOTER' | 'BUTTONS'; readonly format?: string; readonly text?: string; readonly buttons?: readonly object[] }[];
}

interface Parameter {
  readonly type?: string;
  readonly parameter_name?: string;
  readonly text?: string;
}

interface Component {
  readonly type?: string;
  readonly parameters?: readonly Parameter[];
}

const variable = /\{\{\s*(\w+)\s*\}\}/g;
const longestText = 1024;

/** What every account has from the start, in the languages that its first examples use. */
export const firstTemplates: readonly Template[] = ['en', 'en_US'].map((language) => ({
  name: 'hello_world', language, status: 'APPROVED' as const, category: 'UTILITY' as const, components: [{ type: 'BODY' as const, text: 'Welcome and congratulations!' }],
}));

/** What a template says with its values put in; the page shows it. */
export function renderTemplate(world: World, content: unknown): string {
  const { name, language, components } = content as { name: string; language: { code: string }; components?: readonly Component[] };
  const text = bodyText(find(world, name, language.code));
  const values = bodyOf(components);
  return text.replace(variable, (whole, key: string) => values.find((one) => one.parameter_name === key)?.text ?? values[Number(key) - 1]?.text ?? whole);
}

/**
 * Cloud API, "Error codes", 132xxx.
 * @throws GraphError 132001 for one that is not there or not approved, 132015 paused, 132000 another number of values, 132012
 * values of another form, 132018 values that may not stand there, 132005 too long with its values
 */
export function checkTemplate(world: World, content: unknown): void {
  const { name, language, components } = content as { name: string; language: { code: string }; components?: readonly Component[] };
  const template = find(world, name, language.code);
  if (template?.status === 'PAUSED') throw new GraphError(132015);
  if (template?.status !== 'APPROVED') throw new GraphError(132001, { details: `template name (${name}) does not exist in ${language.code}` });
  const wanted = [...bodyText(template).matchAll(variable)].map(([, key]) => key ?? '');
  const values = bodyOf(components);
  if (values.length !== wanted.length) throw new GraphError(132000, { details: `body: number of localizable_params (${values.length}) does not match the expected number of params (${wanted.length})` });
  for (const [index, value] of values.entries()) checkValue(value, index, template.parameter_format === 'NAMED' ? wanted : null);
  if (renderTemplate(world, content).length > longestText) throw new GraphError(132005, { details: `Translated text is longer than ${longestText} characters` });
}

function checkValue(value: Parameter, index: number, names: readonly string[] | null): void {
  const at = `components[body]['parameters'][${index}]`;
  if (value.type !== 'text' || typeof value.text !== 'string' || value.text === '') throw new GraphError(132012, { details: `${at}: a text is expected` });
  if (names === null ? value.parameter_name !== undefined : !names.includes(value.parameter_name ?? '')) throw new GraphError(132012, { details: `${at}: Parameter name is missing, empty or unexpected` });
  if (/[\n\r\t]| {5}/.test(value.text)) throw new GraphError(132018, { details: `${at}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces` });
  if (value.text.length > longestText) throw new GraphError(132005, { details: `${at}: at most ${longestText} characters` });
}

function find(world: World, name: string, language: string): Template | undefined {
  return world.templates.find((one) => one.name === name && one.language === language);
}

function bodyText(template: Template | undefined): string {
  return template?.components.find(({ type }) => type === 'BODY')?.text ?? '';
}

function bodyOf(components: readonly Component[] | undefined): readonly Parameter[] {
  return components?.find(({ type }) => String(type).toLowerCase() === 'body')?.parameters ?? [];
}
