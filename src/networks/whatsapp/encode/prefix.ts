import { prefixes } from '../../shared/prefix.ts';

const MAX_NAME = 64;
/** Far beyond what is shown; bounds the work on a name as long as an event can hold. */
const LOOKED_AT = 1024;
const LOOKALIKES: Readonly<Record<string, string>> = { '*': '∗', '`': 'ˋ', _: 'ˍ', '~': '∼' };

/**
 * A display name as it may stand in a message: one line, no control, direction or invisible characters, nothing that
 * WhatsApp takes for markup, at most 64 characters. People choose their names themselves, so none may look like a second sender.
 */
export function safeName(name: string): string {
  const visible = name
    .slice(0, LOOKED_AT)
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, ' ')
    // Of the format characters only the joiner inside an emoji is wanted.
    .replace(/(?<!\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)\u200d|(?!\u200d|\ufe0f)[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu, '')
    .replace(/[*`]|(?<![\p{L}\p{N}])[_~]|[_~](?![\p{L}\p{N}])/gu, (sign) => LOOKALIKES[sign] ?? '')
    .replace(/\s+/gu, ' ')
    .trim();
  // Stacked marks would reach over the lines around them.
  const calm = visible.replace(/(\p{M}{3})\p{M}+/gu, '$1');
  const shown = Array.from(calm);
  if (shown.length === 0) return 'Matrix user';
  return shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME - 1).join('').trimEnd()}…` : calm;
}

export const { label, dress } = prefixes(safeName);
