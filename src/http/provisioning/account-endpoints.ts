import type { Asking, UsedAccount } from '../../actions/action.ts';
import type { OfferedFlow, SessionStep } from '../../actions/login-session.ts';
import { logout } from '../../actions/logout.ts';
import { ownAccounts } from '../../actions/own-account.ts';
import { ok, endpoint, type About, type Answer, type Call, type Endpoint } from './endpoint.ts';
import { Refusal } from './errors.ts';
import { loginIdOf, loginNamed } from './logins.ts';
import * as schemas from './schemas.ts';

const PROCESS = { process: 'The login_id of the step before.', step: 'The step_id of the step before.', type: 'The type of the step before.' };

/** Who one is to the bridge, and the accounts that are one's own. */
export const accountEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'GET', path: '/v3/whoami', operation: 'whoami', tag: 'auth', summary: 'The bridge, the user and their accounts', answers: { 200: schemas.whoami },
    run: ({ context }, about) => ok(whoami(context, about)),
  }),
  endpoint({
    method: 'GET', path: '/v3/login/flows', operation: 'getLoginFlows', tag: 'auth', summary: 'Ways to log an account in', answers: { 200: schemas.flows },
    run: ({ context }) => ok({ flows: flowsOf(context) }),
  }),
  endpoint({
    method: 'GET', path: '/v3/logins', operation: 'getLoginIDs', tag: 'auth', summary: 'The ids of the user’s accounts', answers: { 200: schemas.logins },
    run: ({ context }) => ok({ login_ids: ownAccounts(context).map(loginIdOf) }),
  }),
  endpoint({
    method: 'POST', path: '/v3/login/start/{flowID}', operation: 'startLogin', tag: 'auth', summary: 'Begins a login', params: { flowID: 'One of login/flows.' }, answers: { 200: schemas.step },
    run: (call) => start(call),
  }),
  endpoint({
    method: 'POST', path: '/v3/login/step/{process}/{step}/{type}', operation: 'submitLoginStep', tag: 'auth', summary: 'Answers a step of a login; one that was refused may be answered anew', params: PROCESS,
    body: schemas.answers, answers: { 200: schemas.step }, run: (call) => submit(call),
  }),
  endpoint({
    method: 'POST', path: '/v3/login/cancel/{process}', operation: 'cancelLogin', tag: 'auth', summary: 'Ends a login that is under way', params: { process: PROCESS.process }, answers: { 200: schemas.empty },
    run({ context, params }) {
      if (!context.logins.cancel(params['process'] ?? '', context.sender)) throw new Refusal(404, 'M_NOT_FOUND', 'Login not found.');
      return ok({});
    },
  }),
  endpoint({
    method: 'POST', path: '/v3/logout/{loginID}', operation: 'logout', tag: 'auth', summary: 'Ends an account that was logged in here', params: { loginID: 'An account, or "all".' }, answers: { 200: schemas.empty },
    run: (call) => end(call),
  }),
];

function whoami(context: Asking, about: About): object {
  const { store, sender, permission } = context;
  const room = store.managementRooms().find(({ row, state }) => state === 'live' && store.member(row, sender)?.membership === 'join');
  return {
    network: networkOf({ id: 'drawbridge', name: about.botName }), login_flows: flowsOf(context), homeserver: about.homeserver, bridge_bot: about.bot, command_prefix: about.commandPrefix,
    ...(room?.roomId == null ? {} : { management_room: room.roomId }), permission,
    logins: ownAccounts(context).map((account) => ({
      id: loginIdOf(account), name: account.id.split('/').at(-1) ?? account.id, profile: { name: account.connection.remoteId }, network: networkOf(account.network), state: stateOf(context, account),
    })),
  };
}

function stateOf({ outages, isBroken }: Asking, { id, liveSince }: UsedAccount): object {
  const seconds = (at: number): number => Math.floor(at / 1000);
  const outage = outages().get(id);
  if (outage !== undefined) {
    const broken = isBroken(id);
    return { state_event: broken ? 'BAD_CREDENTIALS' : 'TRANSIENT_DISCONNECT', timestamp: seconds(outage.since), error: broken ? 'account-broken' : 'account-down', message: outage.reason };
  }
  return liveSince === null ? { state_event: 'CONNECTING', timestamp: 0 } : { state_event: 'CONNECTED', timestamp: seconds(liveSince) };
}

function networkOf({ id, name }: { readonly id: string; readonly name: string }): object {
  return { displayname: name, network_id: id, network_url: SITES[id] ?? '', beeper_bridge_type: 'drawbridge' };
}

const SITES: Readonly<Record<string, string>> = { whatsapp: 'https://www.whatsapp.com', telegram: 'https://telegram.org', slack: 'https://slack.com', rocketchat: 'https://www.rocket.chat' };

function flowsOf({ logins, permission }: Asking): readonly object[] {
  return logins.flows(permission).map((flow) => ({
    id: flowId(flow), name: `${flow.networkName}: ${flow.name}`, description: flow.description, network: networkOf({ id: flow.network, name: flow.networkName }), makes: flow.makes,
  }));
}

function flowId({ network, app, id }: OfferedFlow): string {
  return `${network}.${app}.${id}`;
}

function start({ context, params }: Call): Answer {
  const { logins, sender, permission } = context;
  const flow = logins.flows(permission).find((one) => flowId(one) === params['flowID']);
  if (flow === undefined) throw new Refusal(404, 'M_NOT_FOUND', 'There is no such login flow for you.');
  const session = logins.start({ user: sender, permission }, { network: flow.network, app: flow.app, flow: flow.id });
  return ok(stepOf(session.id, session.step));
}

async function submit({ context, params, body }: Call<Record<string, string>>): Promise<Answer> {
  const { logins, sender } = context;
  const { process = '', step = '', type = '' } = params;
  const session = logins.get(process, sender);
  if (session === null) throw new Refusal(404, 'M_NOT_FOUND', 'Login not found.');
  if (session.step.type === 'done' || stepId(session.step) !== step) throw new Refusal(400, 'M_BAD_STATE', 'Step ID does not match.');
  if (type !== 'user_input') throw new Refusal(400, 'M_BAD_STATE', 'Step type does not match.');
  return ok(stepOf(process, await logins.submit(process, sender, meant(session.step, body))));
}

/** A choice is shown by its label, and may come back so. */
function meant({ fields }: Extract<SessionStep, { type: 'fields' }>, given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(fields.flatMap(({ id, options }) => {
    const answer = Object.hasOwn(given, id) ? given[id] : undefined;
    return answer === undefined ? [] : [[id, options?.find(({ label }) => label === answer)?.value ?? answer.trim()]];
  }));
}

function stepOf(process: string, step: SessionStep): object {
  if (step.type === 'done') {
    return { type: 'complete', login_id: process, step_id: 'drawbridge.complete', instructions: step.says, complete: { user_login_id: loginIdOf({ id: step.account }) } };
  }
  const fields = step.fields.map(({ id, name, secret, options }) => ({
    type: options !== undefined ? 'select' : secret ? 'token' : 'username', id, name, ...(options === undefined ? {} : { options: options.map(({ label }) => label) }),
  }));
  return { type: 'user_input', login_id: process, step_id: stepId(step), instructions: step.instructions, user_input: { fields } };
}

/** What is asked is what tells steps apart. */
function stepId({ fields }: Extract<SessionStep, { type: 'fields' }>): string {
  return `drawbridge.${fields.map(({ id }) => id).join('.')}`;
}

async function end({ context, params }: Call): Promise<Answer> {
  const named = params['loginID'] ?? '';
  const accounts = named === 'all' ? ownAccounts(context).filter(({ inConfig }) => !inConfig) : [loginNamed(context, named)];
  for (const { id } of accounts) await logout(context, id);
  return ok({});
}
