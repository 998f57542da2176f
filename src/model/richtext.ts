/**
 * The rich-text tree that stands between every network's markup and Matrix HTML.
 * A text is a list of blocks; blocks hold inlines. Plain data, JSON-safe.
 */
export type RichText = readonly Block[];

export type Block =
  | { readonly t: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly t: 'heading'; readonly level: 1 | 2 | 3 | 4 | 5 | 6; readonly children: readonly Inline[] }
  | { readonly t: 'quote'; readonly children: readonly Block[] }
  | { readonly t: 'codeblock'; readonly text: string; readonly language?: string }
  | { readonly t: 'list'; readonly ordered: boolean; readonly start?: number; readonly items: readonly (readonly Block[])[] }
  | { readonly t: 'table'; readonly header: boolean; readonly rows: readonly (readonly (readonly Inline[])[])[] }
  | { readonly t: 'details'; readonly summary: readonly Inline[]; readonly children: readonly Block[] }
  | { readonly t: 'rule' };

export type Inline =
  | { readonly t: 'text'; readonly text: string }
  | { readonly t: 'bold' | 'italic' | 'strike' | 'underline' | 'sup' | 'sub'; readonly children: readonly Inline[] }
  | { readonly t: 'spoiler'; readonly reason?: string; readonly children: readonly Inline[] }
  | { readonly t: 'code'; readonly text: string }
  | { readonly t: 'link'; readonly href: string; readonly children: readonly Inline[] }
  /** `id` is a Matrix user id, or a network's own person id: whichever side the text comes from. `room` mentions everybody. */
  | { readonly t: 'mention'; readonly target: 'user' | 'room'; readonly id: string; readonly name: string }
  /** A custom emoji or inline image; `source` is an mxc URI or a network's own address, opaque here. */
  | { readonly t: 'emoji'; readonly name: string; readonly source?: string }
  | { readonly t: 'break' };

/** A rich text of one paragraph without formatting; line ends become breaks. */
export function plain(text: string): RichText {
  const children: Inline[] = [];
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    if (index > 0) children.push({ t: 'break' });
    if (line !== '') children.push({ t: 'text', text: line });
  });
  return children.length === 0 ? [] : [{ t: 'paragraph', children }];
}
