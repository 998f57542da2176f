import type { NetworkItem } from '../../model/events.ts';
import { list, str } from '../shared/json.ts';
import type { BotClient } from './client.ts';
import { CUSTOM } from './decode/reactions.ts';

const MOST = 2000;
/** core.telegram.org/bots/api#getcustomemojistickers */
const BATCH = 200;

/** Reactions with a custom emoji are told by its number alone; each stands for an ordinary one, which is shown instead. */
export class CustomEmoji {
  readonly #client: BotClient;
  readonly #known = new Map<string, string>();

  constructor(client: BotClient) {
    this.#client = client;
  }

  /** The same items with ordinary emoji. Where Telegram does not answer they stay as they are. */
  async named(items: readonly NetworkItem[], signal: AbortSignal): Promise<readonly NetworkItem[]> {
    const wanted = items.flatMap(({ event }) => (event.type === 'reactions.set' ? event.reactions.flatMap(({ emoji }) => numberOf(emoji) ?? []) : []));
    if (wanted.length === 0) return items;
    await this.#learn([...new Set(wanted)].filter((id) => !this.#known.has(id)).slice(0, BATCH), signal);
    return items.map((item) => {
      if (item.event.type !== 'reactions.set') return item;
      const reactions = item.event.reactions.map((each) => ({ ...each, emoji: this.#known.get(numberOf(each.emoji) ?? '') ?? each.emoji }));
      return { ...item, event: { ...item.event, reactions } };
    });
  }

  async #learn(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    try {
      const stickers = await this.#client.call('getCustomEmojiStickers', { custom_emoji_ids: ids }, { signal });
      for (const sticker of list({ stickers }, 'stickers')) {
        const [id, emoji] = [str(sticker, 'custom_emoji_id'), str(sticker, 'emoji')];
        if (id !== undefined && emoji !== undefined) this.#known.set(id, emoji);
      }
    } catch {
      // It is asked again with the next reaction of its kind.
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(id);
    }
  }
}

function numberOf(emoji: string): string | undefined {
  return emoji.startsWith(CUSTOM) ? emoji.slice(CUSTOM.length) : undefined;
}
