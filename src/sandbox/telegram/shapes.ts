import { z } from 'zod';

/** A text of a form stands for the JSON that it is; numbers and flags come as texts too. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const json = <Shape extends z.ZodType>(shape: Shape) => z.preprocess(parsed, shape);
const integer = json(z.number().int());
const number = json(z.number());
const flag = json(z.boolean());
const text = z.preprocess((value) => (typeof value === 'number' ? String(value) : value), z.string());

const user = z.looseObject({ id: z.number().int() });
/** core.telegram.org/bots/api#messageentity; `offset` and `length` are UTF-16 units. */
const entity = z.looseObject({
  type: z.enum(['mention', 'hashtag', 'cashtag', 'bot_command', 'url', 'email', 'phone_number', 'bold', 'italic', 'underline', 'strikethrough', 'spoiler', 'blockquote', 'expandable_blockquote', 'code', 'pre', 'text_link', 'text_mention', 'custom_emoji', 'date_time']),
  offset: z.number().int().min(0), length: z.number().int().min(1),
  url: z.string().optional(), user: user.optional(), language: z.string().optional(), custom_emoji_id: z.string().optional(),
});
export type Entity = z.infer<typeof entity>;

const entities = json(z.array(entity)).optional();
const where = { chat_id: z.union([integer, z.string().regex(/^@\w+$/)]) };
/** What every method that sends takes. */
const sending = {
  ...where, message_thread_id: integer.optional(), direct_messages_topic_id: integer.optional(), disable_notification: flag.optional(), protect_content: flag.optional(), message_effect_id: z.string().optional(),
  reply_parameters: json(z.looseObject({ message_id: z.number().int(), chat_id: z.union([z.number(), z.string()]).optional(), allow_sending_without_reply: z.boolean().optional(), quote: z.string().optional() })).optional(),
  reply_markup: json(z.looseObject({})).optional(),
};
const caption = { caption: text.optional(), caption_entities: entities };
const target = { ...where, message_id: integer };
const file = (field: string): Record<string, z.ZodType> => ({ [field]: z.string().optional() });
const place = { latitude: number, longitude: number };

const reaction = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('emoji'), emoji: z.string() }), z.strictObject({ type: z.literal('custom_emoji'), custom_emoji_id: z.string() }), z.strictObject({ type: z.literal('paid') }),
]);

/** Parameters of each method, by its lower-case name. Ones that stand here no method refuses; others are taken no notice of. */
export const SHAPES = {
  getme: {},
  getupdates: { offset: integer.optional(), limit: integer.optional(), timeout: integer.optional(), allowed_updates: json(z.array(z.string())).optional() },
  setwebhook: { url: z.string(), secret_token: z.string().optional(), allowed_updates: json(z.array(z.string())).optional(), max_connections: integer.optional(), drop_pending_updates: flag.optional(), ip_address: z.string().optional() },
  deletewebhook: { drop_pending_updates: flag.optional() },
  getwebhookinfo: {},
  sendmessage: { ...sending, text, entities, parse_mode: z.string().optional(), link_preview_options: json(z.looseObject({})).optional() },
  sendphoto: { ...sending, ...caption, ...file('photo'), has_spoiler: flag.optional(), show_caption_above_media: flag.optional() },
  sendvideo: { ...sending, ...caption, ...file('video'), duration: integer.optional(), width: integer.optional(), height: integer.optional(), has_spoiler: flag.optional(), supports_streaming: flag.optional() },
  sendanimation: { ...sending, ...caption, ...file('animation'), duration: integer.optional(), width: integer.optional(), height: integer.optional(), has_spoiler: flag.optional() },
  sendaudio: { ...sending, ...caption, ...file('audio'), duration: integer.optional(), performer: z.string().optional(), title: z.string().optional() },
  sendvoice: { ...sending, ...caption, ...file('voice'), duration: integer.optional() },
  sendvideonote: { ...sending, ...file('video_note'), duration: integer.optional(), length: integer.optional() },
  senddocument: { ...sending, ...caption, ...file('document'), disable_content_type_detection: flag.optional() },
  sendsticker: { ...sending, ...file('sticker'), emoji: z.string().optional() },
  sendlocation: { ...sending, ...place, horizontal_accuracy: number.optional(), live_period: integer.optional(), heading: integer.optional(), proximity_alert_radius: integer.optional() },
  sendvenue: { ...sending, ...place, title: text, address: text },
  sendcontact: { ...sending, phone_number: text, first_name: text, last_name: text.optional(), vcard: z.string().optional() },
  sendpoll: {
    ...sending, question: text, options: json(z.array(z.union([z.string(), z.looseObject({ text: z.string() })]))), is_anonymous: flag.optional(), type: z.enum(['regular', 'quiz']).optional(),
    allows_multiple_answers: flag.optional(), is_closed: flag.optional(), open_period: integer.optional(),
  },
  stoppoll: target,
  sendchataction: { ...where, message_thread_id: integer.optional(), action: z.enum(['typing', 'upload_photo', 'record_video', 'upload_video', 'record_voice', 'upload_voice', 'upload_document', 'choose_sticker', 'find_location', 'record_video_note', 'upload_video_note']) },
  editmessagetext: { ...target, text, entities, parse_mode: z.string().optional(), link_preview_options: json(z.looseObject({})).optional() },
  editmessagecaption: { ...target, ...caption, show_caption_above_media: flag.optional() },
  editmessagemedia: { ...target, media: json(z.looseObject({ type: z.enum(['photo', 'video', 'animation', 'audio', 'document']), media: z.string(), caption: z.string().optional(), caption_entities: z.array(entity).optional() })) },
  editmessagelivelocation: { ...target, ...place, live_period: integer.optional() },
  stopmessagelivelocation: target,
  deletemessage: target,
  setmessagereaction: { ...target, reaction: json(z.array(reaction)).optional(), is_big: flag.optional() },
  pinchatmessage: { ...target, disable_notification: flag.optional() },
  unpinchatmessage: { ...where, message_id: integer.optional() },
  createchatinvitelink: { ...where, name: z.string().optional(), expire_date: integer.optional(), member_limit: integer.optional(), creates_join_request: flag.optional() },
  banchatmember: { ...where, user_id: integer, until_date: integer.optional(), revoke_messages: flag.optional() },
  unbanchatmember: { ...where, user_id: integer, only_if_banned: flag.optional() },
  leavechat: where,
  setchattitle: { ...where, title: z.string() },
  getfile: { file_id: z.string() },
  getchat: where,
  getchatadministrators: { ...where, return_bots: flag.optional() },
  getchatmember: { ...where, user_id: integer },
  getchatmembercount: where,
  getuserprofilephotos: { user_id: integer, offset: integer.optional(), limit: integer.optional() },
  getcustomemojistickers: { custom_emoji_ids: json(z.array(z.string())) },
} as const;

export type Method = keyof typeof SHAPES;
