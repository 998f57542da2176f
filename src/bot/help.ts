import { closest, distance } from 'fastest-levenshtein';
import { type ActionContext, Mistake } from '../actions/action.ts';
import { type Command, GROUPS } from './command.ts';

type Commands = Readonly<Record<string, Command>>;
type Asking = Pick<ActionContext, 'permission'>;

/** The command of this name, where whoever asks may know of it. */
export function commandNamed(commands: Commands, name: string, { permission }: Asking): Command | undefined {
  const found = Object.hasOwn(commands, name.toLowerCase()) ? commands[name.toLowerCase()] : undefined;
  return found?.admin === true && permission !== 'admin' ? undefined : found;
}

/** Every command by its group, or all there is to know of one. */
export function helpText(commands: Commands, asking: Asking, name = ''): string {
  if (name === '') return `${list(commands, asking)}\nMore about one: \`help <command>\`.`;
  const command = commandNamed(commands, name, asking);
  if (command === undefined) throw new Mistake(unknownText(commands, asking, name));
  return [
    `\`${command.usage}\`: ${command.help}`,
    ...(command.more ?? []),
    ...(command.example === undefined ? [] : [`For example: \`${command.example}\``]),
    command.admin === true ? 'For administrators.' : 'For everybody who may use the bridge.',
  ].join('\n');
}

function list(commands: Commands, asking: Asking): string {
  return GROUPS.flatMap((group) => {
    const lines = Object.entries(commands).filter(([name, one]) => one.group === group && commandNamed(commands, name, asking) !== undefined).map(([, { usage, help }]) => `\`${usage}\`: ${help}`);
    return lines.length === 0 ? [] : [`${group}:`, ...lines];
  }).join('\n');
}

/** Says again only what looks like a word: it may have been a secret that somebody typed here. */
export function unknownText(commands: Commands, asking: Asking, name: string): string {
  const known = Object.keys(commands).filter((one) => commandNamed(commands, one, asking) !== undefined);
  const near = closest(name.toLowerCase().slice(0, 40), known);
  const isNear = name.length <= 40 && distance(name.toLowerCase(), near) <= 2;
  return [
    `I do not know ${/^[\p{L}_-]{1,20}$/u.test(name) ? `"${name}"` : 'that'}.${isNear ? ` Did you mean \`${near}\`?` : ''}`,
    '`help` lists what I can do.',
  ].join('\n');
}
