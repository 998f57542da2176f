import { bad } from './errors.ts';
import { documented } from './options.ts';
import type { World } from './state.ts';
import type { Entity } from './shapes.ts';
import { userView } from './views.ts';

/**
 * What the server makes of a text and its entities: both ends are trimmed and the entities moved along; those over nothing, over
 * white space or beyond the hundredth are left out. One that lies crosswise over another, or in the middle of a character, is refused
 * here: the server would repair it, and a program should not count on that.
 */
export function takeText(world: World, given: string, entities: readonly Entity[], limit: number, tooLong: string): { readonly text: string; readonly entities: readonly Record<string, unknown>[] } {
  const clean = given.toWellFormed();
  check(clean, entities);
  const code = Math.min(...entities.map(({ type, offset }) => (type === 'pre' || type === 'code' ? offset : Infinity)));
  const cut = Math.min(code, clean.length - clean.trimStart().length);
  const text = clean.slice(cut).trimEnd();
  if (Array.from(text).length > limit) throw bad(tooLong);
  const kept = entities.flatMap((entity): Record<string, unknown>[] => {
    const offset = Math.max(0, entity.offset - cut);
    const length = Math.min(entity.offset - cut + entity.length, text.length) - offset;
    if (length <= 0 || text.slice(offset, offset + length).trim() === '') return [];
    if (entity.type !== 'text_mention') return [{ ...entity, offset, length }];
    const known = world.users.get(entity.user?.id ?? 0);
    return known === undefined ? [] : [{ ...entity, offset, length, user: userView(known) }];
  });
  return { text, entities: kept.slice(0, documented.entities) };
}

function check(text: string, entities: readonly Entity[]): void {
  for (const { type, offset, length, url, user } of entities) {
    if (offset + length > text.length) throw bad(`entity beginning at byte offset ${offset} ends after the end of the text at byte offset ${text.length}`);
    if ([offset, offset + length].some((place) => /[\udc00-\udfff]/.test(text.charAt(place)))) throw bad(`entity begins in a middle of a UTF-16 symbol at byte offset ${offset}`);
    if (type === 'text_link' && url === undefined) throw bad("can't parse MessageEntity: Can't find field \"url\"");
    if (type === 'text_mention' && user === undefined) throw bad("can't parse MessageEntity: Can't find field \"user\"");
  }
  const open: Entity[] = [];
  for (const entity of [...entities].sort((one, other) => one.offset - other.offset || other.length - one.length)) {
    while ((open.at(-1) ?? entity) !== entity && (open.at(-1)?.offset ?? 0) + (open.at(-1)?.length ?? 0) <= entity.offset) open.pop();
    const around = open.at(-1);
    if (around !== undefined) {
      if (entity.offset + entity.length > around.offset + around.length) throw bad('entities lie crosswise');
      if (around.type === 'pre' || around.type === 'code') throw bad('nothing can lie in code');
      const quotes = [entity, around].filter(({ type }) => type === 'blockquote' || type === 'expandable_blockquote').length;
      if (quotes === 2 || ((entity.type === 'pre' || entity.type === 'code') && quotes === 0)) throw bad(`${entity.type} cannot lie in ${around.type}`);
    }
    open.push(entity);
  }
}
