import { Rejected } from '../../../model/errors.ts';

/** What bots may react with (core.telegram.org/bots/api#reactiontypeemoji), written as Telegram does, without variation selectors. */
const ALLOWED: ReadonlySet<string> = new Set([
  '👍', '👎', '❤', '🔥', '🥰', '👏', '😁', '🤔', '🤯', '😱', '🤬', '😢', '🎉', '🤩', '🤮', '💩', '🙏', '👌', '🕊', '🤡', '🥱', '🥴', '😍', '🐳', '❤‍🔥', '🌚', '🌭', '💯', '🤣', '⚡',
  '🍌', '🏆', '💔', '🤨', '😐', '🍓', '🍾', '💋', '🖕', '😈', '😴', '😭', '🤓', '👻', '👨‍💻', '👀', '🎃', '🙈', '😇', '😨', '🤝', '✍', '🤗', '🫡', '🎅', '🎄', '☃', '💅', '🤪', '🗿',
  '🆒', '💘', '🙉', '🦄', '😘', '💊', '🙊', '😎', '👾', '🤷‍♂', '🤷', '🤷‍♀', '😡',
]);

/** A `ReactionType` for an emoji; skin tones are left out, as Telegram has none. @throws Rejected `not_emoji`, `no_such_reaction` */
export function reactionOf(text: string): { readonly type: 'emoji'; readonly emoji: string } {
  const bare = text.replace(/[\ufe0e\ufe0f]|\p{Emoji_Modifier}/gu, '').trim();
  if (ALLOWED.has(bare)) return { type: 'emoji', emoji: bare };
  if (!/^\p{RGI_Emoji}$/v.test(text) && !/^\p{Emoji}/u.test(text)) throw new Rejected('Telegram takes only an emoji as a reaction.', 'not_emoji');
  throw new Rejected(`Bots on Telegram cannot react with ${text.slice(0, 32)}; they can with 👍 👎 ❤️ 🔥 👏 😁 🤔 😢 🎉 🙏 and some others.`, 'no_such_reaction');
}
