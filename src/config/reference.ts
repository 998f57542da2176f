import { z } from 'zod';
import { facts, isSecret } from './walk.ts';
import { sampleName, sampleValue } from './sample.ts';

/** JSON Schema of the file (draft 2020-12) for editors, allowing `${NAME}` and `file:` wherever a text of a form is wanted. */
export function configJsonSchema(schema: z.core.$ZodType): object {
  return {
    ...z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        delete jsonSchema['secret'];
        delete jsonSchema['hint'];
        relax(jsonSchema);
      },
    }),
    title: 'Drawbridge config',
  };
}

const FORM = ['pattern', 'format', 'enum', 'minLength', 'maxLength', 'allOf'] as const;

/** `type: string` with a form becomes: that form, or a reference to the environment or a file. */
function relax(node: Record<string, unknown>): void {
  if (node['type'] !== 'string' || !FORM.some((key) => key in node)) return;
  const form: Record<string, unknown> = { type: 'string' };
  for (const key of FORM) {
    if (!(key in node)) continue;
    form[key] = node[key];
    delete node[key];
  }
  delete node['type'];
  node['anyOf'] = [form, { type: 'string', pattern: String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*\}|^file:.` }];
}

/** The docs page: a table a section, one line a key. */
export function configPage(schema: z.core.$ZodType): string {
  const lines = [
    '# Settings', '',
    'Generated from the schema in `src/config/`; `config/config.sample.yaml` is the same as a file to start from, and',
    '`config/config.schema.json` completes keys in an editor. In any text `${NAME}` is put in from the environment,',
    '`$${` stands for a plain `${`, and `file:name` is the trimmed content of that file. Relative paths are relative to',
    'the config file. A key in **bold** has to be there.', '',
    ...section('', schema),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(path: string, schema: z.core.$ZodType): string[] {
  const rows: string[] = [];
  const nested: string[] = [];
  for (const [key, child] of members(schema)) {
    const here = path === '' ? key : `${path}.${key}`;
    const { description = '', core } = facts(child);
    if (members(child).length > 0 && !isLeafRecord(core)) {
      nested.push(`## \`${here}\``, '', ...(description === '' ? [] : [description, '']), ...section(here, child));
    } else rows.push(row(here, key, child));
  }
  const table = rows.length === 0 ? [] : ['| key | what it is | default |', '| --- | --- | --- |', ...rows, ''];
  return [...table, ...nested];
}

function members(schema: z.core.$ZodType): [string, z.core.$ZodType][] {
  const def = facts(schema).core._zod.def;
  if (def.type === 'object') return Object.entries(def.shape);
  if (def.type === 'record') return [[`<${sampleName(def.keyType)}>`, def.valueType]];
  return [];
}

function isLeafRecord(core: z.core.$ZodTypes): boolean {
  const def = core._zod.def;
  return def.type === 'record' && members(def.valueType).length === 0;
}

function row(path: string, key: string, schema: z.core.$ZodType): string {
  const { description = '', fallback, optional, core, hint } = facts(schema);
  const def = core._zod.def;
  const oneOf = def.type === 'enum' ? ` One of ${Object.values(def.entries).map((one) => code(one)).join(', ')}.` : '';
  const secret = isSecret(schema, key) ? ' Secret.' : '';
  const help = hint === undefined ? '' : ` (${hint})`;
  const sample = fallback === undefined ? sampleValue(schema, path.split('.')) : undefined;
  const standing = fallback !== undefined ? code(fallback) : sample === null || sample === undefined ? '' : `e.g. ${code(sample)}`;
  const name = optional ? `\`${key}\`` : `**\`${key}\`**`;
  return `| ${name} | ${cell(`${description}${help}${oneOf}${secret}`)} | ${cell(standing)} |`;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
  // Angle brackets outside of code would be taken for HTML.
  return text.replaceAll('|', String.raw`\|`).replaceAll(/<(?=[^`]*(?:`[^`]*`[^`]*)*$)/g, '&lt;').trim();
}
