import { meant } from '../config/problems.ts';
import { CodedError } from '../model/errors.ts';

/** @throws CodedError DB-4002 with the names that there are */
export function knownNetwork<N extends { readonly id: string }>(networks: readonly N[], id: string): N {
  const network = networks.find((one) => one.id === id);
  if (network !== undefined) return network;
  const known: string[] = networks.map((one) => one.id);
  throw new CodedError('DB-4002', `There is no network ${JSON.stringify(id.slice(0, 40))}${meant(id, known) || '.'}`, `Choose among ${known.join(', ')}.`);
}
