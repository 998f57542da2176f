import type { RichText } from '../../model/richtext.ts';
import { encode, MAX_ENTITIES } from './markup-write.ts';

export { decode, entitiesOf } from './markup-read.ts';
export { encode } from './markup-write.ts';

/**
 * How much of a limit of `limit` characters a text takes, in UTF-16 units, which are never fewer than the characters Telegram
 * counts. One with more entities than a message can have counts as too long, so that it is split rather than stripped.
 */
export function weigh(text: RichText, limit: number): number {
  const encoded = encode(text);
  return Math.max(encoded.text.length, Math.ceil((encoded.entities.length / MAX_ENTITIES) * limit));
}
