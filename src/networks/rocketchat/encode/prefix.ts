import { prefixes, shortName } from '../../shared/prefix.ts';

const MAX_NAME = 64;

/** A name as it may stand on a message. */
export function safeName(name: string): string {
  return shortName(name, MAX_NAME);
}

export const { label, dress, withPrefix } = prefixes(safeName);
