/** Draws the messages of one chat. Everything from a message is put in as text, never as markup. */

const REACTIONS = ['👍', '❤', '🔥', '😁', '🎉', '😢'];

export function element(tag, given = {}, ...children) {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...children);
  return made;
}

const BLOCKS = new Set(['pre', 'blockquote', 'expandable_blockquote']);
const FORMATS = { bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', blockquote: 'blockquote', expandable_blockquote: 'blockquote' };

/** A text with its entities; their places are UTF-16 units, as those of strings here. */
export function rich(text, entities = [], from = 0, to = text.length) {
  const parts = [];
  const sorted = entities.filter(({ offset, length }) => offset >= from && offset + length <= to).sort((one, other) => one.offset - other.offset || other.length - one.length);
  let at = from;
  while (sorted.length > 0) {
    const entity = sorted.shift();
    if (entity.offset < at) continue;
    // The line feed between a block and what is beside it is the block's own edge.
    const before = text.slice(at, entity.offset).replace(BLOCKS.has(entity.type) ? /\n+$/ : /$^/, '');
    if (before !== '') parts.push(before);
    const end = entity.offset + entity.length;
    const inner = rich(text, sorted.filter(({ offset, length }) => offset >= entity.offset && offset + length <= end), entity.offset, end);
    parts.push(wrapped(entity, inner));
    at = BLOCKS.has(entity.type) && text[end] === '\n' ? end + 1 : end;
  }
  if (at < to) parts.push(text.slice(at, to));
  return parts;
}

function wrapped(entity, inner) {
  if (entity.type === 'text_link' && /^(https?|tg):/.test(entity.url ?? '')) return element('a', { href: entity.url, target: '_blank', rel: 'noreferrer' }, ...inner);
  if (entity.type === 'spoiler') return element('span', { className: 'spoiler', tabIndex: 0, title: 'Hidden' }, ...inner);
  if (entity.type === 'text_mention') return element('strong', {}, ...inner);
  const tag = FORMATS[entity.type];
  return tag === undefined ? element('span', {}, ...inner) : element(tag, {}, ...inner);
}

/** One line of a message, for lists and quotes. */
export function summary(message) {
  if (message === undefined) return '';
  if (message.deleted) return 'Deleted';
  const kinds = { photo: 'Photo', sticker: 'Sticker', animation: 'GIF', video_note: 'Video message', video: 'Video', voice: 'Voice message', audio: 'Music', document: 'File', venue: 'Place', location: 'Place', contact: 'Contact', dice: 'Dice' };
  if (message.poll !== undefined) return `📊 ${message.poll.question}`;
  const kind = Object.keys(kinds).find((key) => message[key] !== undefined);
  return message.text ?? (kind === undefined ? service(message) : [kinds[kind], message.caption].filter(Boolean).join(': '));
}

const nameOf = (user) => [user?.first_name, user?.last_name].filter(Boolean).join(' ') || user?.title || 'Somebody';

function service(message) {
  const who = nameOf(message.from ?? message.sender_chat);
  if (message.new_chat_members) return `${message.new_chat_members.map(nameOf).join(', ')} joined`;
  if (message.left_chat_member) return message.left_chat_member.id === message.from?.id ? `${who} left` : `${who} removed ${nameOf(message.left_chat_member)}`;
  if (message.new_chat_title) return `${who} changed the name to “${message.new_chat_title}”`;
  if (message.new_chat_photo) return `${who} changed the picture`;
  if (message.delete_chat_photo) return `${who} removed the picture`;
  if (message.pinned_message) return `${who} pinned “${summary(message.pinned_message).slice(0, 40)}”`;
  if (message.forum_topic_created) return `${who} began the topic “${message.forum_topic_created.name}”`;
  if (message.forum_topic_closed) return `${who} closed the topic`;
  if (message.migrate_to_chat_id) return 'This group became a supergroup';
  if (message.migrate_from_chat_id) return 'This was a small group before';
  return 'Something that this page has no picture for';
}

const isService = (message) => ['text', 'photo', 'video', 'animation', 'voice', 'video_note', 'audio', 'document', 'sticker', 'poll', 'location', 'contact', 'dice'].every((key) => message[key] === undefined);

/** `acts`: what a click does: `reply`, `menu`, `react`, `vote`, `jump`. */
export function draw(list, messages, { me, group, acts }) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  list.replaceChildren(...messages.map((message) => (isService(message) && !message.deleted ? element('li', { className: 'service' }, service(message)) : bubble(message, { me, group, acts }))));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function bubble(message, { me, group, acts }) {
  const mine = message.own_from === me;
  const row = element('li', { className: `row${mine ? ' mine' : ''}${message.sticker ? ' sticker' : ''}`, id: `m${message.message_id}` });
  const box = element('div', { className: 'bubble' });
  if (group && !mine) box.append(element('span', { className: 'from' }, nameOf(message.sender_chat ?? message.from)));
  if (message.deleted) box.append(element('span', { className: 'gone' }, 'Deleted'));
  else {
    if (message.reply_to_message && !message.reply_to_message.forum_topic_created) {
      const target = message.reply_to_message;
      const quoted = element('button', { className: 'quoted', type: 'button' }, element('b', {}, nameOf(target.sender_chat ?? target.from)), message.quote?.text ?? summary(target));
      quoted.addEventListener('click', () => acts.jump(target.message_id));
      box.append(quoted);
    }
    box.append(...content(message, { me, acts }));
  }
  const time = new Date(message.date * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  box.append(element('span', { className: 'meta' }, message.edit_date && !message.deleted ? `edited ${time}` : time));
  if (message.reactions.length > 0 && !message.deleted) box.append(reactions(message, me, acts));
  row.append(box);
  if (!message.deleted) {
    const act = element('button', { className: 'icon act', type: 'button', title: 'More', ariaLabel: 'More about this message' }, '⋯');
    act.setAttribute('aria-haspopup', 'menu');
    act.addEventListener('click', () => acts.menu(act, message, REACTIONS));
    row.append(act);
  }
  return row;
}

function reactions(message, me, acts) {
  const counts = new Map();
  for (const { from, list } of message.reactions) for (const reaction of list) {
    const emoji = reaction.emoji ?? (reaction.type === 'paid' ? '⭐' : '🦊');
    counts.set(emoji, [...(counts.get(emoji) ?? []), from]);
  }
  const box = element('div', { className: 'reactions' });
  for (const [emoji, from] of counts) {
    const button = element('button', { type: 'button', title: 'Reaction' }, from.length > 1 ? `${emoji} ${from.length}` : emoji);
    button.setAttribute('aria-pressed', String(from.includes(me)));
    button.addEventListener('click', () => acts.react(message, emoji));
    box.append(button);
  }
  return box;
}

function content(message, { me, acts }) {
  const parts = [];
  const source = message.file === null ? '' : `/_sandbox/files/${encodeURIComponent(message.file.id)}`;
  if (message.photo) parts.push(element('img', { src: source, alt: message.caption ?? 'Photo' }));
  else if (message.sticker) parts.push(element('img', { src: source, alt: message.sticker.emoji ?? 'Sticker' }));
  else if (message.animation || message.video || message.video_note) parts.push(element('video', { src: source, controls: true, loop: Boolean(message.animation) }));
  else if (message.voice || message.audio) parts.push(element('audio', { src: source, controls: true }));
  else if (message.document) parts.push(card('📄', message.document.file_name ?? 'File', `${message.document.file_size ?? 0} bytes`, source));
  else if (message.poll) parts.push(poll(message, me, acts));
  else if (message.location) {
    const { latitude, longitude, live_period: live } = message.location;
    parts.push(card('📍', message.venue?.title ?? (live ? 'Live location' : 'Location'), message.venue?.address ?? `${latitude}, ${longitude}`));
  } else if (message.contact) parts.push(card('👤', [message.contact.first_name, message.contact.last_name].filter(Boolean).join(' '), message.contact.phone_number));
  else if (message.dice) parts.push(element('span', { className: 'body' }, `${message.dice.emoji} ${message.dice.value}`));
  const words = message.text ?? message.caption;
  if (words) parts.push(element('span', { className: 'body' }, ...rich(words, message.entities ?? message.caption_entities)));
  return parts;
}

function card(glyph, title, below, href) {
  return element(href ? 'a' : 'div', { className: 'card', ...(href && { href, download: title }) }, element('span', { className: 'glyph', ariaHidden: 'true' }, glyph), element('span', {}, title, element('small', {}, below)));
}

function poll(message, me, acts) {
  const { question, options, is_closed: closed, total_voter_count: total } = message.poll;
  const mine = new Map(message.votes).get(me) ?? [];
  const box = element('div', { className: 'poll' }, element('strong', {}, question));
  options.forEach((option, index) => {
    const button = element('button', { type: 'button', disabled: closed }, `${option.text} · ${option.voter_count}`);
    button.setAttribute('aria-pressed', String(mine.includes(index)));
    button.addEventListener('click', () => acts.vote(message, mine.includes(index) ? [] : [index]));
    box.append(button);
  });
  box.append(element('small', {}, closed ? `Final results, ${total} votes` : `${total} votes`));
  return box;
}
