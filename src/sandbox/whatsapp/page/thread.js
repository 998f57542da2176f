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

/** Puts these rows into the list, touching only what differs: a player that is moved stops, and what has the focus loses it. */
export function place(list, rows) {
  const wanted = new Set(rows);
  for (const old of [...list.children]) if (!wanted.has(old)) old.remove();
  rows.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
}

const marks = [
  { tag: 'code', pattern: /```([^]+?)```/g }, { tag: 'code', pattern: /`([^`\n]+)`/g },
  { tag: 'b', pattern: /(?<![\w*])\*(\S(?:[^\n*]*\S)?)\*(?![\w*])/g }, { tag: 'i', pattern: /(?<![\w_])_(\S(?:[^\n_]*\S)?)_(?![\w_])/g },
  { tag: 's', pattern: /(?<![\w~])~(\S(?:[^\n~]*\S)?)~(?![\w~])/g }, { tag: 'a', pattern: /https?:\/\/[^\s<>"]+/g },
];

/** WhatsApp's own marks: *bold* _italic_ ~struck~ `code` ```code```, and links. */
function inline(text) {
  const parts = [];
  let at = 0;
  for (let found = nextMark(text, at); found; found = nextMark(text, at)) {
    if (found.index > at) parts.push(text.slice(at, found.index));
    parts.push(marked(found));
    at = found.index + found.match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

function nextMark(text, at) {
  let first = null;
  for (const { tag, pattern } of marks) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match && (!first || match.index < first.index)) first = { tag, match, index: match.index };
  }
  return first;
}

function marked({ tag, match }) {
  if (tag === 'a') return make('a', { href: match[0], target: '_blank', rel: 'noopener noreferrer' }, match[0]);
  return make(tag, {}, ...(tag === 'code' ? [match[1]] : inline(match[1])));
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
  return make(href ? 'a' : 'div', properties, make('span', { className: 'glyph', 'aria-hidden': 'true' }, glyph), make('span', {}, make('b', {}, title), make('small', {}, detail)));
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
  video: (message) => captioned(message, make('video', { src: path(message), controls: true, 'aria-label': 'Video' })),
  audio: (message) => [make('audio', { src: path(message), controls: true, preload: 'metadata', 'aria-label': message.body.voice ? 'Voice message' : 'Audio' })],
  document: (message) => captioned(message, card('📄', message.body.filename ?? 'File', `${message.media?.mime ?? ''} · ${size(message.media?.size ?? 0)}`, path(message))),
  location: ({ body }) => [card('📍', body.name ?? 'Location', body.address ?? `${body.latitude}, ${body.longitude}`)],
  contacts: ({ body }) => body.map((one) => card('👤', one.name?.formatted_name ?? 'Contact', (one.phones ?? []).map((phone) => phone.phone ?? phone.wa_id).join(', '))),
  order: ({ body }) => [card('🛒', 'Order', `${body.product_items?.length ?? 0} items`), ...(body.text ? [written(body.text)] : [])],
  template: ({ body, rendered }) => [written(rendered || `Template ${body.name}`)],
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
  if (type === 'template') return message.rendered || body.name;
  return body?.caption ?? words[type] ?? body?.body?.text ?? body?.text ?? body?.body ?? type;
}

/** What is no bubble of its own: it changes another message, or never reached the phone. */
export function isShown(message) {
  return !['reaction', 'edit', 'revoke', 'pin'].includes(message.type) && message.status !== 'failed';
}

/** Whether the other side has it, and has read it. Told in place: a row that is drawn anew ends what plays in it. */
export function tellTicks(row, { status }) {
  const ticks = row.querySelector('.ticks');
  if (!ticks) return;
  const words = status === 'read' ? 'Read' : 'Delivered';
  ticks.className = `ticks ${status}`;
  ticks.title = words;
  ticks.ariaLabel = words;
}

function quoteOf(message, messages, names) {
  if (!message.replyTo || message.quoteMissing) return null;
  const target = messages.get(message.replyTo);
  const jump = () => document.getElementById(message.replyTo)?.scrollIntoView({ block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  return make('button', { type: 'button', className: 'quoted', title: 'Show the message that this answers', onclick: jump }, make('b', {}, target?.from !== 'person' ? names.business : target.person === names.self ? 'You' : 'Somebody else'), summary(target));
}

/** A row of the thread. `acts` has what the row's buttons do. */
export function drawMessage(message, messages, names, acts, gap) {
  if (message.type === 'system') return make('li', { className: 'system', id: message.id }, message.body.body);
  const mine = message.from === 'person' && message.person === names.self;
  const who = message.group === null || mine ? null : make('b', { className: 'author' }, message.from === 'person' ? names.author : names.business);
  const draw = Object.hasOwn(drawings, message.type) ? drawings[message.type] : () => [make('span', { className: 'label' }, `${message.type}: not shown by the sandbox`)];
  const parts = message.revoked ? [make('span', { className: 'gone' }, '🚫 This message was deleted')] : draw(message);
  const time = new Date(message.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const meta = make('span', { className: 'meta' }, `${names.pinned ? '📌 ' : ''}${message.edited ? 'Edited ' : ''}${time}`, mine ? make('span', { className: 'ticks', role: 'img' }, '✓✓') : null);
  const choices = message.revoked || mine ? [] : message.choices;
  const reactions = Object.values(message.reactions);
  const bubble = make('div', { className: 'bubble' }, who, quoteOf(message, messages, names), ...parts, meta,
    choices.length > 0 ? make('div', { className: 'choices' }, ...choices.map((one, index) => make('button', { type: 'button', onclick: () => acts.press(message, index) }, one.title))) : null,
    reactions.length > 0 ? make('span', { className: 'reactions' }, [...new Set(reactions)].join(' '), reactions.length > 1 ? ' 2' : '') : null);
  const more = make('button', { type: 'button', className: 'icon more', title: 'More', 'aria-label': 'More', 'aria-haspopup': 'menu', onclick: (event) => acts.menu(message, event.currentTarget) }, '⋯');
  const names_ = ['row', mine ? 'mine' : 'theirs', message.type, gap ? 'gap' : '', reactions.length > 0 ? 'reacted' : ''];
  return make('li', { className: names_.join(' '), id: message.id }, bubble, message.revoked ? null : more);
}
