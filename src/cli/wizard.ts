import { discover } from '../actions/discover.ts';
import type { Discovered, Fetch } from '../actions/discover.ts';
import type { Draft } from '../actions/draft.ts';
import type { Edit } from '../actions/init.ts';
import { knownNetwork } from '../actions/known-network.ts';
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
  readonly draft: Draft;
  readonly networks: readonly { readonly id: string; readonly name: string }[];
  readonly prompts: Prompts;
  readonly fetch: Fetch;
}

export interface Answers {
  /** Networks to add. */
  readonly added: readonly string[];
  readonly edits: readonly Edit[];
}

/** Asks for what `init` needs, in the order in which one answer helps with the next. */
export async function wizard(given: Wizard): Promise<Answers> {
  const set = (given.flags.set ?? []).map(assignment);
  const edits: Edit[] = [];
  const domain = await askHomeserver(given, edits);
  await ask(given, edits, { path: ['listen', 'homeserver'], flag: '--listen', given: given.flags.listen, message: 'Where should the bridge listen for the homeserver?', initial: '127.0.0.1:29330' });
  await ask(given, edits, { path: ['homeserver', 'bridge_url'], flag: '--bridge-url', given: given.flags.bridgeUrl, message: 'Does the homeserver reach it at another address (a container, another machine)? Which?', optional: true });
  await ask(given, edits, { path: ['public_url'], flag: '--public-url', given: given.flags.publicUrl, message: 'At which https address does the internet reach the bridge (for webhooks)?', optional: true });
  const added = await askNetworks(given, edits, set);
  await askPermissions(given, edits, domain, added);
  return { added, edits: [...edits, ...set] };
}

function assignment(text: string): Edit {
  const at = text.indexOf('=');
  if (at < 1) throw new CodedError('DB-1006', `--set ${text.slice(0, 40)}: there is no "=" in it.`, 'Write --set key=value, for instance --set logging.level=debug.');
  return { path: text.slice(0, at).split('.'), value: text.slice(at + 1), from: `--set ${text.slice(0, at)}` };
}

/** Finds the homeserver, and gives its server name. */
async function askHomeserver(given: Wizard, edits: Edit[]): Promise<string> {
  const { flags, draft, prompts } = given;
  const known = draft.text(['homeserver', 'url']);
  const input = flags.homeserver ?? await prompts.text({
    flag: '--homeserver', message: 'Your homeserver: its name (example.org) or its address (https://matrix.example.org)', ...(known === undefined ? {} : { initial: known }),
  });
  const found = input === known ? null : await look(input, given);
  const url = found?.url ?? addressOf(input, known, draft);
  edits.push({ path: ['homeserver', 'url'], value: url, from: '--homeserver' });
  const message = "The server name, the part of your users' ids after the colon";
  const guess = serverNameIn(url);
  const certain = found?.domain ?? (/^https?:/.test(input) ? undefined : input);
  return ask(given, edits, { path: ['homeserver', 'domain'], flag: '--domain', given: flags.domain, message, ...(guess === undefined ? {} : { guess }), ...(certain === undefined ? {} : { initial: certain }) });
}

/** What an address suggests; that of a machine, by number or as this one, suggests nothing. */
function serverNameIn(url: string): string | undefined {
  const name = URL.parse(url)?.hostname.replace(/^matrix\./, '') ?? '';
  return !name.includes('.') || /^[\d.]+$/.test(name) ? undefined : name;
}

async function look(input: string, { prompts, fetch }: Wizard): Promise<Discovered | null> {
  try {
    const found = await prompts.during(`Looking for ${input}`, discover(input, fetch));
    prompts.note(`${found.url} answers; newest version ${found.newest}`);
    return found;
  } catch (error) {
    prompts.note(`Not found: ${error instanceof Error ? error.message : String(error)}. It is written down all the same; \`drawbridge doctor\` looks again.`);
    return null;
  }
}

/** Where a homeserver should be that does not answer: where it was before, where this is the same one. */
function addressOf(input: string, known: string | undefined, draft: Draft): string {
  if (/^https?:\/\//.test(input)) return input;
  return known !== undefined && input === draft.text(['homeserver', 'domain']) ? known : `https://${input}`;
}

interface Ask {
  readonly path: readonly string[];
  readonly flag: string;
  readonly given: string | undefined;
  readonly message: string;
  readonly initial?: string;
  readonly guess?: string;
  readonly optional?: boolean;
}

/** The flag, else what is typed, with what the config says already as the suggestion; an empty answer changes nothing. */
async function ask({ draft, prompts }: Wizard, edits: Edit[], { path, flag, given, initial, ...question }: Ask): Promise<string> {
  const suggestion = draft.text(path) ?? initial;
  const answer = given ?? await prompts.text({
    ...question, flag, validate: (text) => draft.problem(path, text), ...(suggestion === undefined ? {} : { initial: suggestion }),
  });
  if (answer !== '') edits.push({ path, value: answer, from: flag });
  return answer;
}

async function askNetworks({ flags, draft, networks, prompts }: Wizard, edits: Edit[], set: readonly Edit[]): Promise<readonly string[]> {
  const wanted = flags.network ?? await prompts.several({
    flag: '--network', message: 'Which networks?', initial: networks.filter(({ id }) => draft.has(['networks', id])).map(({ id }) => id),
    options: networks.map(({ id, name }) => ({ value: id, label: name })),
  });
  if (wanted.length === 0) prompts.note('No network is chosen; `drawbridge init --network <id>` adds one at any time.');
  const added = wanted.map((id) => knownNetwork(networks, id).id).filter((id) => !draft.has(['networks', id]));
  const answered = new Set(set.map(({ path }) => path.join('.')));
  for (const { path, description, secret } of added.flatMap((id) => draft.questions(id))) {
    if (answered.has(path.join('.'))) continue;
    const question = {
      flag: `--set ${path.join('.')}=…`, message: `${path.slice(1).join('.')}: ${description} (empty: from the environment, later)`, optional: true,
      validate: (answer: string) => draft.problem(path, answer),
    };
    const answer = await (secret ? prompts.secret(question) : prompts.text(question));
    if (answer !== '') edits.push({ path, value: answer });
  }
  return added;
}

export const USER_ID = 'must be a Matrix user id such as @admin:example.org';

/** Whom a new config lets in; an existing one changes only by flags. */
async function askPermissions({ flags, draft, prompts }: Wizard, edits: Edit[], domain: string, added: readonly string[]): Promise<void> {
  const asked = await askAdmin(flags, draft, prompts, domain);
  const admins = flags.admin ?? asked;
  const wrong = admins.find((who) => !isUserId(who));
  if (wrong !== undefined) throw new CodedError('DB-1006', `--admin: found ${JSON.stringify(wrong.slice(0, 60))}; ${USER_ID}.`, 'Give a whole user id.');
  const allowed = flags.allow ?? (draft.isNew ? await askAllowed(draft, prompts) : []);
  edits.push(...allowed.map((who) => ({ path: ['permissions', who], value: 'user', from: '--allow' })));
  edits.push(...admins.map((who) => ({ path: ['permissions', who], value: 'admin', from: '--admin' })));
  if (admins.length === 0) return;
  // Somebody has to be invited to the portals of a new account, and told when it breaks.
  const owners = added.map((id) => ['networks', id, 'main', 'accounts', 'main', 'owners']).filter((path) => draft.takes(path));
  edits.push(...owners.map((path) => ({ path, value: admins })));
}

async function askAdmin({ admin }: InitFlags, draft: Draft, prompts: Prompts, domain: string): Promise<readonly string[]> {
  if (admin !== undefined || !draft.isNew) return [];
  const answer = await prompts.text({
    // Only a suggestion: whoever bears that name on the homeserver would otherwise own the bridge.
    flag: '--admin', message: 'Your own Matrix id, which becomes the administrator', guess: `@admin:${domain}`, optional: true,
    validate: (text) => (isUserId(text) ? undefined : USER_ID),
  });
  return answer === '' ? [] : [answer];
}

async function askAllowed(draft: Draft, prompts: Prompts): Promise<readonly string[]> {
  const answer = await prompts.text({
    flag: '--allow', message: 'Who else may use the bridge? A server name, a user id, or * for everybody (empty: nobody)', optional: true,
    validate: (text) => draft.problem(['permissions', text], 'user'),
  });
  return answer === '' ? [] : [answer];
}

export function isUserId(text: string): boolean {
  return /^@[^:\s]+:\S+$/.test(text);
}
