import { joypixelsNames } from '../../text/emoji-names.ts';

/** `:smile:` or `smile` as its characters; a custom emoji of the server stays `:name:`. */
export function emojiOf(name: string): string {
  const bare = name.replace(/^:|:$/g, '');
  return joypixelsNames.emoji(bare) ?? (/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(bare) ? bare : `:${bare}:`);
}

/** Whether a name stands for characters everybody has. */
export function isStandard(name: string): boolean {
  return joypixelsNames.emoji(name) !== null;
}

/** What `chat.react` takes: `:name:`. Null for what has no name there, for instance a picture or a word. */
export function reactionName(emoji: string): string | null {
  if (/^:[\w+-]{1,100}(?:::skin-tone-[2-6])?:$/.test(emoji)) return emoji;
  const name = joypixelsNames.name(emoji) ?? joypixelsNames.name(emoji.replace(/[\u{1F3FB}-\u{1F3FF}]/gu, ''));
  return name === null ? null : `:${name.replace(/::skin-tone-.*$/, '')}:`;
}
