/** Draws one conversation. Everything that anybody wrote goes in as text, never as markup. */

/** @param {string} tag @param {Record<string, unknown>} properties @param {(Node | string | null)[]} children */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') element.setAttribute(name, String(value));
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const marks = [
  { tag: 'code', pattern: /```([^]+?)```/ }, { tag: 'code', pattern: /`([^`\n]+)`/ },
  { tag: 'b', pattern: /(?<![\w*])\*(\S(?:[^\n*]*\S)?)\*(?![\w*])/ }, { tag: 'i', pattern: /(?<![\w_])_(\S(?:[^\n_]*\S)?)_(?![\w_])/ },
  { tag: 's', pattern: /(?<![\w~])~(\S(?:[^\n~]*\S)?)~(?![\w~])/ },
];
const link = /https?:\/\/[^\s<>"]+/;

/** WhatsApp's own marks: *bold* _italic_ ~struck~ `code` ```code```, and links. */
function inline(text) {
  const found = [...marks.map((mark) => ({ ...mark, match: mark.pattern.exec(text) })), { tag: 'a', match: link.exec(text) }]
    .filter((one) => one.match)
    .sort((one, other) => one.match.index - other.match.index)[0];
  if (!found) return text === '' ? [] : [text];
  const { match, tag } = found;
  const inner = tag === 'a'
    ? make('a', { href: match[0], target: '_blank', rel: 'noopener noreferrer' }, match[0])
    : make(tag, {}, ...(tag === 'code' ? [match[1]] : inline(match[1])));
  return [...inline(text.slice(0, match.index)), inner, ...inline(text.slice(match.index + match[0].length))];
}

function written(text) {
  const body = make('div', { className: 'body', dir: 'auto' });
  for (const part of String(text).split(/((?:^> .*(?:\n|$))+)/m)) {
    if (part.startsWith('> ')) body.append(make('blockquote', {}, ...inline(part.trimEnd().replace(/^> /gm, ''))));
    else body.append(...inline(part));
  }
  return body;
}

function card(glyph, title, detail, href) {
  const properties = { className: 'card', ...(href ? { href, download: title } : {}) };
  return make(href ? 'a' : 'div', properties, make('span', { className: 'glyph' }, glyph), make('span', {}, make('b', {}, title), make('small', {}, detail)));
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1_048_576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

const path = (message) => message.media?.path ?? '';
const captioned = (message, element) => [element, ...(message.body.caption ? [written(message.body.caption)] : [])];
const drawings = {
  text: (message) => [written(message.body.body)],
  image: (message) => captioned(message, make('img', { src: path(message), alt: message.body.caption ?? 'Photo' })),
  sticker: (message) => [make('img', { src: path(message), alt: 'Sticker' })],
  video: (message) => captioned(message, make('video', { src: path(message), controls: true })),
  audio: (message) => [make('audio', { src: path(message), controls: true, preload: 'metadata' })],
  document: (message) => captioned(message, card('📄', message.body.filename ?? 'File', `${message.media?.mime ?? ''} · ${size(message.media?.size ?? 0)}`, path(message))),
  location: ({ body }) => [card('📍', body.name ?? 'Location', body.address ?? `${body.latitude}, ${body.longitude}`)],
  contacts: ({ body }) => body.map((one) => card('👤', one.name?.formatted_name ?? 'Contact', (one.phones ?? []).map((phone) => phone.phone ?? phone.wa_id).join(', '))),
  order: ({ body }) => [card('🛒', 'Order', `${body.product_items?.length ?? 0} items`), ...(body.text ? [written(body.text)] : [])],
  template: ({ body }) => [written(`Template ${body.name}`)],
  button: ({ body }) => [written(body.text)],
  interactive: ({ body }) => [
    ...(body.header?.text ? [make('b', {}, body.header.text)] : []),
    written(body.body?.text ?? body[body.type]?.title ?? body.type),
    ...(body.footer ? [make('span', { className: 'label' }, body.footer.text)] : []),
  ],
};

/** One line of what a message is, for quotes and the list. */
export function summary(message) {
  if (!message) return 'a message';
  if (message.revoked) return '🚫 Deleted';
  const { body, type } = message;
  const words = { image: '📷 Photo', video: '🎥 Video', audio: '🎤 Audio', document: '📄 File', sticker: 'Sticker', location: '📍 Location', contacts: '👤 Contact', order: '🛒 Order' };
  if (type === 'text') return body.body;
  return body?.caption ?? words[type] ?? body?.body?.text ?? body?.text ?? body?.body ?? type;
}

/** What is no bubble of its own: it changes another message, or never reached the phone. */
export function isShown(message) {
  return !['reaction', 'edit', 'revoke'].includes(message.type) && message.status !== 'failed';
}

function ticks(message) {
  if (message.from !== 'person') return null;
  return make('span', { className: `ticks ${message.status}`, title: message.status === 'read' ? 'Read' : 'Delivered' }, '✓✓');
}

function quoteOf(message, messages, names) {
  if (!message.replyTo || message.quoteMissing) return null;
  const target = messages.get(message.replyTo);
  const jump = () => document.getElementById(message.replyTo)?.scrollIntoView({ block: 'center', behavior: 'smooth' });
  return make('button', { type: 'button', className: 'quoted', onclick: jump }, make('b', {}, target?.from === 'person' ? 'You' : names.business), summary(target));
}

/** A row of the thread. `acts` has what the row's buttons do. */
export function drawMessage(message, messages, names, acts, gap) {
  if (message.type === 'system') return make('li', { className: 'system', id: message.id }, message.body.body);
  const mine = message.from === 'person';
  const draw = Object.hasOwn(drawings, message.type) ? drawings[message.type] : () => [make('span', { className: 'label' }, `${message.type}: not shown by the sandbox`)];
  const parts = message.revoked ? [make('span', { className: 'gone' }, '🚫 This message was deleted')] : draw(message);
  const time = new Date(message.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const meta = make('span', { className: 'meta' }, `${message.edited ? 'Edited ' : ''}${time}`, ticks(message));
  const choices = message.revoked || mine ? [] : message.choices;
  const reactions = Object.values(message.reactions);
  const bubble = make('div', { className: 'bubble' }, quoteOf(message, messages, names), ...parts, meta,
    choices.length > 0 ? make('div', { className: 'choices' }, ...choices.map((one, index) => make('button', { type: 'button', onclick: () => acts.press(message, index) }, one.title))) : null,
    reactions.length > 0 ? make('span', { className: 'reactions' }, [...new Set(reactions)].join(' '), reactions.length > 1 ? ' 2' : '') : null);
  const more = make('button', { type: 'button', className: 'icon more', title: 'More', 'aria-label': 'More', onclick: (event) => acts.menu(message, event.currentTarget) }, '⋯');
  const names_ = ['row', mine ? 'mine' : 'theirs', message.type, gap ? 'gap' : '', reactions.length > 0 ? 'reacted' : ''];
  return make('li', { className: names_.join(' '), id: message.id }, bubble, message.revoked ? null : more);
}
