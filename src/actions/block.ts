import { type ActionContext, Mistake, needAdmin } from './action.ts';
import { audit } from './audit.ts';

const USER = /^@[^\s:]{1,200}:[^\s]{1,230}$/;
const SERVER = /^[a-zA-Z0-9.:[\]-]{1,230}$/;

/** Shuts a user or a whole server out, whatever the config allows them; administrators stay. Without one: who is. Permission: admin. */
export async function block(context: ActionContext, who: string): Promise<string> {
  needAdmin(context);
  const { blocklist, sender, clock, permissionOf } = context;
  if (who === '') {
    const all = blocklist.list().map(({ who: blocked, by, at }) => `${blocked} (by ${by}, ${new Date(at).toISOString().slice(0, 10)})`);
    return all.length === 0 ? 'Nobody is blocked here; what the config forbids stays forbidden.' : all.join('\n');
  }
  checked(who);
  if (USER.test(who) && permissionOf(who) === 'admin') throw new Mistake(`${who} is an administrator by the config, which a block does not outrank.`);
  const isNew = await blocklist.add(who, sender, clock.now());
  await audit(context, 'block', who);
  if (!isNew) return `${who} is blocked already.`;
  const own = context.accounts.filter(({ settings }) => settings.owners.some((owner) => owner === who || owner.slice(owner.indexOf(':') + 1) === who)).map(({ id }) => `\`${id}\``);
  return [
    `${who} is blocked: nothing of theirs is bridged, and the bot does not answer them. To undo it: \`unblock ${who}\`.`,
    ...(own.length === 0 ? [] : [`Their accounts still take in what is written to them: ${own.join(', ')}. To end one: \`logout <account>\`.`]),
  ].join('\n');
}

/** What the config allows them holds again. Permission: admin. */
export async function unblock(context: ActionContext, who: string): Promise<string> {
  needAdmin(context);
  checked(who);
  if (!await context.blocklist.remove(who)) throw new Mistake(`${who} is not blocked here. Who is: \`block\`.`);
  await audit(context, 'unblock', who);
  return `${who} is no longer blocked; what the config allows them holds again.`;
}

function checked(who: string): void {
  if (!USER.test(who) && !SERVER.test(who)) throw new Mistake('Say whom: a user such as @anna:example.org, or a server such as example.org.');
}
