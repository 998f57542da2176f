import { z } from 'zod';
import { invalidBlocks } from './errors.ts';
import { documented } from './options.ts';

const style = z.strictObject({ bold: z.boolean().optional(), italic: z.boolean().optional(), strike: z.boolean().optional(), code: z.boolean().optional(), underline: z.boolean().optional() }).optional();
const mentionStyle = z.strictObject({
  bold: z.boolean().optional(), italic: z.boolean().optional(), strike: z.boolean().optional(), highlight: z.boolean().optional(), client_highlight: z.boolean().optional(), unlink: z.boolean().optional(),
}).optional();
const filled = z.string().min(1);
const inline = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: filled, style }),
  z.strictObject({ type: z.literal('link'), url: filled, text: filled.optional(), unsafe: z.boolean().optional(), style }),
  z.strictObject({ type: z.literal('user'), user_id: filled.regex(/^[UW][A-Z0-9]+$/), style: mentionStyle }),
  z.strictObject({ type: z.literal('channel'), channel_id: filled, style: mentionStyle }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: filled, style: mentionStyle }),
  z.strictObject({ type: z.literal('broadcast'), range: z.enum(['here', 'channel', 'everyone']) }),
  z.strictObject({ type: z.literal('emoji'), name: filled, unicode: z.string().optional(), skin_tone: z.number().optional() }),
  z.strictObject({ type: z.literal('date'), timestamp: z.number(), format: filled, url: z.string().optional(), fallback: z.string().optional() }),
  z.strictObject({ type: z.literal('color'), value: filled }),
]);
const section = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(inline).min(1) });
const border = z.number().int().min(0).max(1).optional();
const richText = z.strictObject({
  type: z.literal('rich_text'), block_id: z.string().max(255).optional(),
  elements: z.array(z.discriminatedUnion('type', [
    section,
    z.strictObject({ type: z.literal('rich_text_list'), style: z.enum(['bullet', 'ordered']), elements: z.array(section).min(1), indent: z.number().int().min(0).max(8).optional(), offset: z.number().int().min(0).optional(), border }),
    z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(inline).min(1), border }),
    z.strictObject({
      type: z.literal('rich_text_preformatted'), border, language: z.string().optional(),
      elements: z.array(z.discriminatedUnion('type', [z.strictObject({ type: z.literal('text'), text: filled, style }), z.strictObject({ type: z.literal('link'), url: filled, text: z.string().optional(), style })])).min(1),
    }),
  ])).min(1),
});
const plainText = z.strictObject({ type: z.literal('plain_text'), text: filled.max(3000), emoji: z.boolean().optional() });
const textObject = z.union([plainText, z.strictObject({ type: z.literal('mrkdwn'), text: filled.max(3000), verbatim: z.boolean().optional() })]);
const block_id = z.string().max(255).optional();
const block = z.discriminatedUnion('type', [
  richText,
  z.strictObject({ type: z.literal('section'), block_id, text: textObject.optional(), fields: z.array(textObject).min(1).max(10).optional(), accessory: z.record(z.string(), z.unknown()).optional(), expand: z.boolean().optional() }),
  z.strictObject({ type: z.literal('context'), block_id, elements: z.array(z.union([textObject, z.strictObject({ type: z.literal('image'), image_url: z.string(), alt_text: z.string() })])).min(1).max(10) }),
  z.strictObject({ type: z.literal('header'), block_id, text: plainText }),
  z.strictObject({ type: z.literal('divider'), block_id }),
  z.strictObject({ type: z.literal('image'), block_id, image_url: z.url().optional(), slack_file: z.record(z.string(), z.unknown()).optional(), alt_text: z.string().max(2000), title: plainText.optional() }),
]);

/** The blocks of a message, checked as far as the bridge could use them. @throws SlackError invalid_blocks_format, invalid_blocks */
export function checkBlocks(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidBlocks('must be an array of blocks [json-pointer:/blocks]');
  if (value.length > documented.maxBlocks) throw invalidBlocks(`no more than ${documented.maxBlocks} items allowed [json-pointer:/blocks]`);
  return value.map((each, index) => {
    const found = block.safeParse(each);
    if (!found.success) {
      const [issue] = found.error.issues;
      throw invalidBlocks(`${issue?.message ?? 'invalid'} [json-pointer:/blocks/${index}/${issue?.path.join('/') ?? ''}]`);
    }
    return { block_id: Math.random().toString(36).slice(2, 7), ...found.data };
  });
}
