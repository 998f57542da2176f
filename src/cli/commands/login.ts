import { type Login, type LoginDone, type LoginField, type LoginFields, type LoginFlow, openLogin } from '../../actions/login.ts';
import { CodedError, DeliveryError } from '../../model/errors.ts';
import type { CliParts, LoginFlags, WithConfig } from '../parts.ts';
import { type Prompts, terminal, unattended } from '../prompts.ts';
import { isUserId, USER_ID } from '../wizard.ts';

/** Adds an account to the config, once the network has said that it works. */
export async function loginCommand(id: string, flags: LoginFlags & WithConfig, parts: CliParts): Promise<void> {
  if (!flags.yes && !parts.interactive) throw new CodedError('DB-1006', 'There is no terminal to ask questions on.', 'Add --yes and --set <field>=… for each field.');
  const odd = (flags.owner ?? []).find((who) => !isUserId(who));
  if (odd !== undefined) throw new CodedError('DB-1006', `--owner: found ${JSON.stringify(odd.slice(0, 60))}; ${USER_ID}.`, 'Give a whole user id.');
  const badName = flags.name === undefined ? undefined : problemOf(flags.name);
  if (badName !== undefined) throw new CodedError('DB-1006', `--name: ${badName}.`, 'Give another name.');
  const login = openLogin({
    path: flags.config, networks: await parts.networks(), network: id, env: parts.env, schemaFile: parts.schemaFile, ...(flags.app === undefined ? {} : { app: flags.app }),
  });
  const prompts = flags.yes ? unattended((line) => parts.err(`${line}\n`)) : terminal;
  const done = await answered(login, await flowOf(login, flags, prompts), flags, prompts);
  prompts.note(`${login.network.name} knows it as ${done.says}.`);
  const name = flags.name ?? await prompts.text({ flag: '--name', message: 'What should it be called in the config?', initial: login.unfinished ?? nameFor(done), validate: problemOf });
  const { key, outcome } = login.save(done, name, flags.owner ?? (login.has(name) ? [] : await ownersOf(login, prompts)));
  parts.out(`${key}: ${outcome}\n\nThen: \`drawbridge doctor\`, and start the bridge anew.\n`);
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/;

function problemOf(name: string): string | undefined {
  return NAME.test(name) ? undefined : 'must be letters, digits, _ or -';
}

function nameFor({ name, remoteId }: LoginDone): string {
  return [name.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '_').replaceAll(/^[_-]+|_+$/g, ''), remoteId.replaceAll(/[^a-zA-Z0-9]+/g, '')].find((one) => NAME.test(one)) ?? 'main';
}

async function ownersOf({ admins: [admin] }: Login, prompts: Prompts): Promise<readonly string[]> {
  const owner = await prompts.text({
    flag: '--owner', message: 'Who is invited to its rooms (a Matrix id)?', optional: true, validate: (text) => (isUserId(text) ? undefined : USER_ID), ...(admin === undefined ? {} : { initial: admin }),
  });
  return owner === '' ? [] : [owner];
}

async function flowOf({ flows, network }: Login, { flow: wanted }: LoginFlags, prompts: Prompts): Promise<LoginFlow> {
  const [usual] = flows;
  if (usual === undefined) throw new CodedError('DB-9001', `${network.name} has no way to log in.`, 'This is a mistake in Drawbridge; report it.');
  const id = wanted ?? (flows.length === 1 ? usual.id : await prompts.one({
    flag: '--flow', message: 'Which sort of account?', initial: usual.id, options: flows.map((one) => ({ value: one.id, label: one.name, hint: one.description })),
  }));
  const flow = flows.find((one) => one.id === id);
  if (flow === undefined) throw new CodedError('DB-1006', `--flow ${id.slice(0, 40)}: ${network.name} has ${flows.map((one) => one.id).join(' and ')}.`, 'Name one of them.');
  return flow;
}

/** Step by step, until the network is content. Somebody at a terminal may try a step again. */
async function answered(login: Login, flow: LoginFlow, flags: LoginFlags, prompts: Prompts): Promise<LoginDone> {
  const given = new Map((flags.set ?? []).map(assignment));
  let step = login.begin(flow);
  while (step.type === 'fields') {
    const asked: LoginFields = step;
    prompts.note(asked.instructions);
    const answers: Record<string, string> = {};
    for (const field of asked.fields) answers[field.id] = await answer(login, field, given.get(field.id), prompts);
    try {
      step = await prompts.during(`Asking ${login.network.name}`, asked.submit(answers));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      if (flags.yes) throw new CodedError('DB-4004', `${login.network.name} did not take it: ${error.message}`, 'Give it anew.', { cause: error });
      prompts.note(`${login.network.name} did not take it: ${error.message}`);
      given.clear();
    }
  }
  return step;
}

function assignment(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CodedError('DB-1006', `--set ${text.slice(0, 12)}…: there is no "=" in it.`, 'Write --set field=value.');
  return [text.slice(0, at), text.slice(at + 1)];
}

async function answer(login: Login, { id, name, secret, options, problem }: LoginField, given: string | undefined, prompts: Prompts): Promise<string> {
  const wrong = (text: string): string | undefined => {
    try {
      return problem(login.meaning(text));
    } catch (error) {
      if (error instanceof CodedError) return error.message;
      throw error;
    }
  };
  const question = { flag: `--set ${id}=…`, message: name, validate: wrong };
  const typed = given ?? (options !== undefined ? await prompts.one({ ...question, options }) : secret ? await prompts.secret(question) : await prompts.text(question));
  const why = typed === '' ? 'nothing was given' : wrong(typed);
  if (why !== undefined) throw new CodedError('DB-1006', `${id}: ${why}.`, `Give --set ${id}=…`);
  return login.meaning(typed);
}
