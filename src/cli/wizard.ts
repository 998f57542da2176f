import type { Document } from 'yaml';
import type { z } from 'zod';
import { discover } from '../actions/discover.ts';
import type { Fetch } from '../actions/discover.ts';
import type { Edit } from '../actions/init.ts';
import { fitValue } from '../config/edit.ts';
import { questions } from '../config/sample.ts';
import { schemasAt } from '../config/walk.ts';
import { CodedError } from '../model/errors.ts';
import type { Prompts } from './prompts.ts';

/** A flag for every prompt; what is absent is asked for. */
export interface InitFlags {
  readonly homeserver?: string;
  readonly domain?: string;
  readonly listen?: string;
  readonly bridgeUrl?: string;
  readonly publicUrl?: string;
  readonly network?: readonly string[];
  readonly admin?: readonly string[];
  readonly allow?: readonly string[];
  /** `key=value`, the key with dots. */
  readonly set?: readonly string[];
}

interface Wizard {
  readonly flags: InitFlags;
  /** The config that is there; null where there is none yet. */
  readonly draft: Document | null;
  readonly schema: z.core.$ZodType;
  readonly networks: readonly { readonly id: string; readonly name: string }[];
  readonly prompts: Prompts;
  readonly fetch: Fetch;
}

/** Asks for what `init` needs, in the order in which one answer helps with the next. */
export async function wizard(given: Wizard): Promise<{ readonly networks: readonly string[]; readonly edits: readonly Edit[] }> {
  const set = (given.flags.set ?? []).map(assignment);
  const edits: Edit[] = [];
  const homeserver = await askHomeserver(given, edits);
  await ask(given, edits, { path: ['listen', 'homeserver'], flag: '--listen', given: given.flags.listen, message: 'Where should the bridge listen for the homeserver?', initial: '127.0.0.1:29330' });
  await ask(given, edits, { path: ['homeserver', 'bridge_url'], flag: '--bridge-url', given: given.flags.bridgeUrl, message: 'Does the homeserver reach it at another address (a container, another machine)? Which?', optional: true });
  await ask(given, edits, { path: ['public_url'], flag: '--public-url', given: given.flags.publicUrl, message: 'At which https address does the internet reach the bridge (for webhooks)?', optional: true });
  const added = await askNetworks(given, edits, set);
  await askPermissions(given, edits, homeserver.domain, added);
  return { networks: added, edits: [...edits, ...set] };
}

function assignment(text: string): Edit {
  const at = text.indexOf('=');
  if (at < 1) throw new CodedError('DB-1006', `--set ${text.slice(0, 40)}: there is no "=" in it.`, 'Write --set key=value, for instance --set logging.level=debug.');
  return { path: text.slice(0, at).split('.'), value: text.slice(at + 1), from: `--set ${text.slice(0, at)}` };
}

async function askHomeserver(given: Wizard, edits: Edit[]): Promise<{ domain: string }> {
  const { flags, draft, prompts, fetch } = given;
  const known = textAt(draft, ['homeserver', 'url']);
  const input = flags.homeserver ?? await prompts.text({ flag: '--homeserver', message: 'Your homeserver: its name (example.org) or its address (https://matrix.example.org)', ...optional(known) });
  const found = input === known ? null : await prompts.during(`Looking for ${input}`, discover(input, fetch).catch((error: unknown) => {
    prompts.note(`Not found: ${error instanceof Error ? error.message : String(error)}. It is written down all the same; \`drawbridge doctor\` looks again.`);
    return null;
  }));
  if (found !== null) prompts.note(`${found.url} answers; newest version ${found.newest}`);
  const url = found?.url ?? (/^https?:\/\//.test(input) ? input : `https://${input}`);
  edits.push({ path: ['homeserver', 'url'], value: url, from: '--homeserver' });
  const domain = await ask(given, edits, {
    path: ['homeserver', 'domain'], flag: '--domain', given: flags.domain, message: "The server name, the part of your users' ids after the colon",
    initial: found?.domain ?? new URL(URL.canParse(url) ? url : 'https://example.org').hostname.replace(/^matrix\./, ''),
  });
  return { domain };
}

interface Ask {
  readonly path: readonly string[];
  readonly flag: string;
  readonly given: string | undefined;
  readonly message: string;
  readonly initial?: string;
  readonly optional?: boolean;
}

/** The flag, else what is typed, with what the config says already as the suggestion; an empty answer changes nothing. */
async function ask({ draft, schema, prompts }: Wizard, edits: Edit[], { path, flag, given, message, initial, optional: may }: Ask): Promise<string> {
  const validate = (answer: string): string | undefined => {
    const one = fitValue(schema, path, answer);
    return one.ok ? undefined : one.problem;
  };
  const suggestion = textAt(draft, path) ?? initial;
  const answer = given ?? await prompts.text({ flag, message, validate, ...optional(suggestion), ...(may === undefined ? {} : { optional: may }) });
  if (answer !== '') edits.push({ path, value: answer, from: flag });
  return answer;
}

async function askNetworks({ flags, draft, schema, networks, prompts }: Wizard, edits: Edit[], set: readonly Edit[]): Promise<readonly string[]> {
  const wanted = flags.network ?? await prompts.several({
    flag: '--network', message: 'Which networks?', initial: networks.filter(({ id }) => draft?.hasIn(['networks', id])).map(({ id }) => id),
    options: networks.map(({ id, name }) => ({ value: id, label: name })),
  });
  const unknown = wanted.find((id) => !networks.some((one) => one.id === id));
  if (unknown !== undefined) throw new CodedError('DB-4002', `There is no network ${unknown.slice(0, 40)}.`, `Choose among ${networks.map(({ id }) => id).join(', ')}.`);
  const added = wanted.filter((id) => !draft?.hasIn(['networks', id]));
  const answered = new Set(set.map(({ path }) => path.join('.')));
  for (const id of added) {
    const app = schemasAt(schema, ['networks', id, 'main'])[0];
    for (const { path, description, secret } of app === undefined ? [] : questions(app, ['networks', id, 'main'])) {
      if (answered.has(path.join('.'))) continue;
      const question = {
        flag: `--set ${path.join('.')}=…`, message: `${path.slice(1).join('.')}: ${description} (empty: from the environment, later)`, optional: true,
        validate(answer: string): string | undefined {
          const one = fitValue(schema, path, answer);
          return one.ok ? undefined : one.problem;
        },
      };
      const answer = await (secret ? prompts.secret(question) : prompts.text(question));
      if (answer !== '') edits.push({ path, value: answer });
    }
  }
  return added;
}

async function askPermissions(given: Wizard, edits: Edit[], domain: string, added: readonly string[]): Promise<void> {
  const { flags, draft, prompts, schema } = given;
  const fresh = draft === null;
  const admins = flags.admin ?? (fresh ? [await prompts.text({
    flag: '--admin', message: 'Your own Matrix id, which becomes the administrator', initial: `@admin:${domain}`,
    validate: (answer) => (/^@.+:.+$/.test(answer) ? undefined : 'must be a Matrix user id such as @admin:example.org'),
  })] : []);
  edits.push(...(flags.allow ?? []).map((who) => ({ path: ['permissions', who], value: 'user', from: '--allow' })));
  edits.push(...admins.map((who) => ({ path: ['permissions', who], value: 'admin', from: '--admin' })));
  if (admins.length === 0) return;
  // Somebody has to be invited to the portals of a new account, and told when it breaks.
  for (const id of added) {
    for (const path of [['networks', id, 'main', 'accounts', 'main', 'owners']]) {
      if (schemasAt(schema, path).length > 0) edits.push({ path, value: admins });
    }
  }
}

function textAt(draft: Document | null, path: readonly string[]): string | undefined {
  const found: unknown = draft?.getIn(path);
  return typeof found === 'string' ? found : undefined;
}

function optional(initial: string | undefined): { initial?: string } {
  return initial === undefined ? {} : { initial };
}
