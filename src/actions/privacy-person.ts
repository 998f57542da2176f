import type { NetworkId, PersonRow } from '../model/ids.ts';
import { Mistake } from './action.ts';

/** Where people are looked for: in the store, or in what is read beside a bridge that runs. */
interface Register<P> {
  peopleCalled(network: NetworkId, id: string): readonly PersonRow[] | Promise<readonly PersonRow[]>;
  person(row: PersonRow): P | null | Promise<P | null>;
  personByLocalpart(localpart: string): P | null | Promise<P | null>;
}

/**
 * Who is meant: by the user id of their ghost, or by a network and what it calls them. Spaces and the plus of a number are people's own.
 * @throws Mistake where that is nobody, or several
 */
export async function findPerson<P extends { readonly row: PersonRow; readonly localpart: string }>(register: Register<P>, who: readonly string[]): Promise<P> {
  const [first = '', ...rest] = who;
  if (first.startsWith('@')) {
    const found = await register.personByLocalpart(first.slice(1).split(':', 1)[0] ?? '');
    if (found === null || rest.length > 0) throw new Mistake(`Nobody of a network is called ${first.slice(0, 100)} here.`);
    return await register.person(found.row) ?? found;
  }
  if (first === '' || rest.length === 0) throw new Mistake('Say who: a network and their id there, such as whatsapp +31612345678; or the user id of their ghost.');
  const id = rest.join(' ');
  const called = async (name: string): Promise<readonly PersonRow[]> => register.peopleCalled(first.toLowerCase() as NetworkId, name);
  const people = (await Promise.all([...new Set([id, id.replace(/[\s()-]/g, ''), id.replace(/[\s()+-]/g, '')])].map(called))).find((found) => found.length > 0) ?? [];
  const [one, ...others] = (await Promise.all(people.map(async (row) => register.person(row)))).filter((found) => found !== null);
  if (one === undefined) throw new Mistake(`Nobody on ${first.slice(0, 40)} is known here as ${id.slice(0, 100)}.`);
  if (others.length > 0) throw new Mistake(`Several people are called so, in different places. Name the ghost of one: ${[one, ...others].map(({ localpart }) => `@${localpart}`).join(', ')}.`);
  return one;
}

export interface Wishes {
  readonly who: readonly string[];
  readonly redact: boolean;
  readonly stop: boolean;
}

/** @throws Mistake at a flag that there is not */
export function wishesIn(words: readonly string[]): Wishes {
  const flags = words.filter((word) => word.startsWith('--'));
  const unknown = flags.find((flag) => !['--redact', '--stop'].includes(flag));
  if (unknown !== undefined) throw new Mistake(`There is no ${unknown.slice(0, 40)}. There are --redact and --stop.`);
  return { who: words.filter((word) => !word.startsWith('--')), redact: flags.includes('--redact'), stop: flags.includes('--stop') };
}

/** What somebody who erases a person should know. */
export const NOT_ERASED = 'What the homeserver, other homeservers, the network and the devices of others hold of them is not the bridge’s to erase, nor is the user id of their ghost, which holds their id.';

export function counted(rows: Readonly<Record<string, number>>): string {
  return Object.entries(rows).map(([table, count]) => `${table} ${count}`).join(', ') || 'nothing';
}
