import { type ActionContext, isPrivate, Mistake } from '../actions/action.ts';
import { answerProblem, LOGIN_TTL, type OfferedFlow, type SessionStep } from '../actions/login-session.ts';
import { markAsked, mayTakeBack, say, takeBack, wasAsked } from '../actions/said.ts';
import { DeliveryError } from '../model/errors.ts';
import { wordsOf } from './words.ts';

type Fields = Extract<SessionStep, { type: 'fields' }>;

/** A login that somebody is led through in a room. */
interface Dialog {
  /** Until one is chosen. */
  readonly offers: readonly OfferedFlow[];
  session: string | null;
  step: Fields | null;
  answers: Record<string, string>;
  /** The bot has the power to remove what is typed here. */
  readonly removes: boolean;
  timer: AbortController;
}

const OVER = 'The login is over: ten minutes went by, or the bridge was started anew. To begin again: `login`.';
const REMOVED = 'It is removed from this room as soon as I have read it, and kept sealed.';
const STAYS = '⚠️ I may not remove messages in this room: delete yours as soon as I have answered, or make me a moderator here first. I keep it sealed.';
const ENDS = 'To end this: `cancel`.';

/** Leads people through a login in their room with the bot. In memory alone; that there was one outlives the process, so that no late secret stays in a room. */
export class LoginDialogs {
  readonly #dialogs = new Map<string, Dialog>();
  /** The last thing that somebody said in one, and what was answered: the row of a command may be run again. */
  readonly #last = new Map<string, { readonly event: string; readonly answer: string }>();

  close(): void {
    for (const { timer } of this.#dialogs.values()) timer.abort();
    this.#dialogs.clear();
  }

  /** `login [network] [flow] [answers …]` */
  async begin(context: ActionContext, words: readonly string[]): Promise<string> {
    const [network = '', ...rest] = words;
    if (!isPrivate(context)) {
      const secretly = rest.length > 1 || words.some(mayBeSecret) ? ` ${await this.#takenBack(context)}` : '';
      throw new Mistake(`Secrets are not for this room. Start a chat with me alone, without encryption, and say \`login\` there.${secretly}`);
    }
    await this.#end(context, true);
    const [wanted = '', app] = network.toLowerCase().split('/', 2);
    const all = context.logins.flows(context.permission);
    const offers = all.filter((one) => (wanted === '' || one.network === wanted || one.networkName.toLowerCase() === wanted) && (app === undefined || one.app === app));
    if (offers.length === 0) {
      throw new Mistake(all.length === 0 ? 'No network here has a login for you; ask the administrator.' : `There is no login for that here. Networks: ${[...new Set(all.map((one) => one.network))].join(', ')}.`);
    }
    const named = offers.filter(({ id }) => id === rest[0]?.toLowerCase());
    const narrowed = named.length > 0 ? named : offers;
    const dialog: Dialog = { offers: narrowed, session: null, step: null, answers: {}, removes: await mayTakeBack(context), timer: new AbortController() };
    this.#dialogs.set(keyOf(context), dialog);
    await markAsked(context, true);
    const answers = named.length > 0 ? rest.slice(1) : rest;
    const [only] = narrowed;
    const answer = only !== undefined && narrowed.length === 1 ? await this.#choose(context, dialog, only, answers) : `${await this.#unasked(context, answers)}${choices(narrowed)}`;
    return this.#answered(context, dialog, answer);
  }

  /** What somebody says in the middle of it; null where they are in the middle of nothing. `literal`: as they typed it. */
  async go(context: ActionContext, literal: string): Promise<string | null> {
    const last = this.#last.get(keyOf(context));
    if (last?.event === context.event) return last.answer;
    const dialog = this.#dialogs.get(keyOf(context));
    if (dialog === undefined) return null;
    const text = literal.trim();
    if (/^(?:cancel|stop|abort)$/i.test(text)) return this.cancel(context);
    if (dialog.session !== null && context.logins.get(dialog.session, context.sender) === null) {
      await this.#end(context, true);
      return `${await this.#takenBack(context)} ${OVER}`;
    }
    if (!isPrivate(context)) {
      await this.#end(context, true);
      return `${await this.#takenBack(context)} Somebody else is in this room now, so the login is ended. Start a chat with me alone.`;
    }
    const answer = dialog.step === null ? await this.#chosen(context, dialog, text) : await this.#take(context, dialog, dialog.step, text);
    return this.#answered(context, dialog, answer);
  }

  async cancel(context: ActionContext): Promise<string> {
    const was = await this.#end(context, true);
    return was ? 'The login is ended; nothing was kept.' : 'There is nothing to end.';
  }

  /** A secret that comes too late is taken out of the room like any other. Null: nobody had asked for one. */
  async late(context: ActionContext): Promise<string | null> {
    if (!wasAsked(context)) return null;
    await markAsked(context, false);
    return `${await this.#takenBack(context)} ${OVER}`;
  }

  /** Every answer gives it ten minutes more. */
  #answered(context: ActionContext, dialog: Dialog, answer: string): string {
    this.#last.set(keyOf(context), { event: context.event, answer });
    dialog.timer.abort();
    dialog.timer = new AbortController();
    if (this.#dialogs.get(keyOf(context)) === dialog) void this.#expire(context, dialog, dialog.timer.signal);
    return answer;
  }

  async #expire(context: ActionContext, dialog: Dialog, signal: AbortSignal): Promise<void> {
    await context.clock.sleep(LOGIN_TTL, signal);
    if (signal.aborted || this.#dialogs.get(keyOf(context)) !== dialog) return;
    this.#dialogs.delete(keyOf(context));
    if (dialog.session !== null) context.logins.cancel(dialog.session, context.sender);
    // Where it cannot be said now, the next answer says it.
    await say(context, 'The login is over: ten minutes went by without an answer. To begin again: `login`.', `expired ${context.event}`).catch(() => {});
  }

  async #end(context: ActionContext, forget: boolean): Promise<boolean> {
    const dialog = this.#dialogs.get(keyOf(context));
    dialog?.timer.abort();
    this.#dialogs.delete(keyOf(context));
    if (dialog?.session != null) context.logins.cancel(dialog.session, context.sender);
    if (forget) await markAsked(context, false);
    return dialog !== undefined;
  }

  async #chosen(context: ActionContext, dialog: Dialog, text: string): Promise<string> {
    const [word = '', ...rest] = wordsOf(text);
    const byNumber = /^\d{1,2}$/.test(word) ? dialog.offers[Number(word) - 1] : undefined;
    const lower = word.toLowerCase();
    const fit = dialog.offers.filter(({ id, network, name }) => [id, network, name.toLowerCase(), `${network} ${id}`].includes(rest.length > 0 ? `${lower} ${rest[0]?.toLowerCase() ?? ''}` : lower) || name.toLowerCase() === text.toLowerCase());
    const flow = byNumber ?? (fit.length === 1 ? fit[0] : undefined);
    if (flow !== undefined) return this.#choose(context, dialog, flow, []);
    return `${await this.#unasked(context, [text])}Say the number of one of these.\n${choices(dialog.offers)}`;
  }

  async #choose(context: ActionContext, dialog: Dialog, flow: OfferedFlow, answers: readonly string[]): Promise<string> {
    try {
      const { id, step } = context.logins.start({ user: context.sender, permission: context.permission }, { network: flow.network, app: flow.app, flow: flow.id });
      dialog.session = id;
      if (step.type !== 'fields') throw new Mistake(OVER);
      dialog.step = step;
    } catch (error) {
      await this.#end(context, true);
      const secretly = answers.length > 0 ? ` ${await this.#takenBack(context)}` : '';
      if (error instanceof Mistake) return `${error.message}${secretly}`;
      throw error;
    }
    const head = `${flow.networkName}: ${flow.name}. ${flow.description}`;
    if (answers.length > 0) return this.#take(context, dialog, dialog.step, answers.join(' '));
    return `${head}\n${asking(dialog, dialog.step)}`;
  }

  /** One answer, or all that are still to come in one line. */
  async #take(context: ActionContext, dialog: Dialog, step: Fields, text: string): Promise<string> {
    const open = step.fields.filter(({ id }) => dialog.answers[id] === undefined);
    const words = wordsOf(text);
    const given = open.length > 1 && words.length === open.length ? words : [text];
    const isSecret = open.slice(0, given.length).some(({ secret }) => secret) || given.length > 1 || open.some(({ secret }) => secret) && mayBeSecret(text);
    const removed = isSecret ? `${await this.#takenBack(context)}\n` : '';
    for (const [index, answer] of given.entries()) {
      const field = open[index];
      if (field === undefined) break;
      const value = field.options === undefined ? answer : (field.options.find((one, n) => one.value === answer || one.label === answer || String(n + 1) === answer)?.value ?? answer);
      const why = answerProblem(field, value);
      if (why !== undefined) return `${removed}${field.name}: ${why}. Give it again. ${ENDS}`;
      dialog.answers[field.id] = value;
    }
    const more = step.fields.some(({ id }) => dialog.answers[id] === undefined);
    return `${removed}${more ? asking(dialog, step) : await this.#submit(context, dialog, step)}`;
  }

  async #submit(context: ActionContext, dialog: Dialog, step: Fields): Promise<string> {
    const { answers, session } = dialog;
    dialog.answers = {};
    if (session === null) return OVER;
    try {
      const next = await context.logins.submit(session, context.sender, answers);
      if (next.type === 'fields') {
        dialog.step = next;
        return asking(dialog, next);
      }
      await this.#end(context, true);
      return [
        `✅ ${next.outcome === 'added' ? 'Logged in' : 'Logged in anew'}: \`${next.account}\`, ${next.says}.`,
        'A room is made, and you are invited to it, when somebody writes. To end it: `logout`.',
      ].join('\n');
    } catch (error) {
      const isOpen = context.logins.get(session, context.sender) !== null;
      if (!isOpen) await this.#end(context, true);
      const what = error instanceof DeliveryError ? `The network did not take it: ${error.message}` : error instanceof Mistake ? error.message : null;
      if (what === null) throw error;
      return isOpen ? `⚠️ ${what}\n${asking(dialog, step)}` : `⚠️ ${what} The login is ended.`;
    }
  }

  /** Something long that nobody asked for yet may be the secret. */
  async #unasked(context: ActionContext, words: readonly string[]): Promise<string> {
    return words.some(mayBeSecret) ? `${await this.#takenBack(context)}\n` : '';
  }

  async #takenBack(context: ActionContext): Promise<string> {
    return await takeBack(context) ? '🗑️ I removed your message from the room.' : '⚠️ I may not remove messages here: delete yours yourself, as it holds a secret.';
  }
}

const mayBeSecret = (word: string): boolean => word.length > 15;

function keyOf({ room, sender }: ActionContext): string {
  return `${room} ${sender}`;
}

function choices(offers: readonly OfferedFlow[]): string {
  const several = new Set(offers.map(({ network, app }) => `${network}/${app}`)).size > new Set(offers.map(({ network }) => network)).size;
  return ['What do you want to log in?', ...offers.map(({ networkName, app, name, description }, index) => `${index + 1}. ${networkName}${several ? ` (${app})` : ''}, ${name}: ${description}`), `Say its number. ${ENDS}`].join('\n');
}

/** What to do on the network where nothing is answered yet, and the next question. */
function asking({ answers, removes }: Dialog, { instructions, fields }: Fields): string {
  const open = fields.filter(({ id }) => answers[id] === undefined);
  const [next] = open;
  if (next === undefined) return OVER;
  const options = (next.options ?? []).map(({ label }, index) => `${index + 1}. ${label}`);
  return [
    ...(open.length === fields.length ? [instructions] : []),
    `${next.name}?${open.length > 1 ? ` (Or all in one line: ${open.map(({ name }) => name).join(', ')}.)` : ''}`,
    ...options,
    ...(next.secret ? [removes ? REMOVED : STAYS] : []),
    ENDS,
  ].join('\n');
}
