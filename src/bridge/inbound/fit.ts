import { type Content, isMedia, type TextContent } from '../../model/content.ts';
import { plain, type RichText } from '../../model/richtext.ts';
import { toPlain } from '../../text/plain.ts';
import { splitText } from '../../text/split.ts';
import { toMatrix } from '../../text/to-matrix.ts';
import { inWords, led } from './render.ts';

/**
 * Bytes of a text's content as JSON. An event may have 65,536 with its envelope (client-server API, "Size limits"), and an
 * edit holds its content twice.
 */
const MOST_BYTES = 24_000;

/**
 * Characters. No network lets a person write so much in one message; whatever sends it all the same must not keep the process
 * busy. Formatting is what takes long to cut apart, so that goes first, and then the rest.
 */
const MOST_FORMATTED = 65_536;
const MOST_CHARACTERS = 262_144;
/** Of each line that stands beside a place on the map. */
const MOST_OF_PLACE = 1_000;

interface Part {
  readonly content: Content;
  readonly job?: number;
}

/**
 * The parts of a message as events can hold them: a very long text is several. Media jobs come by the index in `parts`.
 * @param lead what stands before the text of the first; such an event is no edit
 */
export function fitToEvents(parts: readonly Content[], jobs: Readonly<Record<number, number>>, lead?: string): readonly Part[] {
  const bytesOf: Measure = (text) => (lead === undefined ? jsonBytes(text) : jsonBytes(led(lead, text)) / 2);
  return parts.flatMap((content, index): readonly Part[] => {
    const job = jobs[index];
    if (!isMedia(content)) return fitted(content, bytesOf).map((one) => ({ content: one }));
    const { caption, ...bare } = content;
    const file = job === undefined ? {} : { job };
    if (caption === undefined || isSmall(caption, bytesOf)) return [{ content, ...file }];
    // What is too much for a caption stands below its file.
    return [{ content: bare, ...file }, ...texts({ kind: 'text', text: caption }, bytesOf).map((one) => ({ content: one }))];
  });
}

type Measure = (text: RichText) => number;

function fitted(content: Exclude<Content, { media: unknown }>, bytesOf: Measure): readonly Content[] {
  switch (content.kind) {
    case 'text': return texts(content, bytesOf);
    case 'location': {
      const { name, address, url } = content;
      const cut = (words: string): string => (words.length > MOST_OF_PLACE ? `${start(words, MOST_OF_PLACE)}…` : words);
      return [{
        ...content, ...(name === undefined ? {} : { name: cut(name) }), ...(address === undefined ? {} : { address: cut(address) }),
        ...(url === undefined || url.length <= MOST_OF_PLACE ? {} : { url: '' }),
      }];
    }
    default: {
      const words = inWords(content);
      return isSmall(words, bytesOf) ? [content] : texts({ kind: 'text', text: words, ...(content.kind === 'unsupported' ? { style: 'notice' } : {}) }, bytesOf);
    }
  }
}

const jsonBytes: Measure = (text) => Buffer.byteLength(JSON.stringify(toMatrix(text)));
const isSmall = (text: RichText, bytesOf: Measure): boolean => toPlain(text).length <= MOST_BYTES && bytesOf(text) <= MOST_BYTES;

function texts(content: TextContent, bytesOf: Measure): readonly TextContent[] {
  return splitText(bounded(content.text), MOST_BYTES, bytesOf).map((text) => ({ ...content, text }));
}

function bounded(text: RichText): RichText {
  const words = toPlain(text);
  if (words.length <= MOST_FORMATTED) return text;
  if (words.length <= MOST_CHARACTERS) return plain(words);
  const kept = start(words, MOST_CHARACTERS);
  return plain(`${kept}\n✂️ Cut off here: the ${words.length - kept.length} characters that follow are more than one message may have.`);
}

/** No half of a character is left at the end. */
function start(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
