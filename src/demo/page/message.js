import { avatar, clock, element, said } from './dom.js';
import { fromHtml, fromText } from './richtext.js';

const quick = ['👍', '❤️', '😂', '🎉'];

/**
 * One event as a list item. `actions` has reply, edit, remove and react; `context` the account, the room and whether the
 * message before is by the same person.
 */
export function drawItem(item, { account, room, joined, actions }) {
  if (item.event.state_key !== undefined) return drawState(item, room);
  const { event } = item;
  const sender = room.member(event.sender);
  const mine = event.sender === account.userId;
  const parts = item.redacted ? [element('em', { className: 'gone' }, 'Message deleted')] : body(item, account, room);
  const bubble = element('div', { className: `bubble ${item.content.msgtype === 'm.notice' ? 'machine' : ''}` },
    joined || mine ? null : element('strong', { className: 'who' }, sender.name),
    quote(item, room), ...parts,
    element('span', { className: 'when' }, item.edited ? 'edited ' : null, clock(event.origin_server_ts), mark(item, mine)));
  return element('li', { className: `message ${mine ? 'mine' : ''} ${joined ? 'joined' : ''}`, id: event.event_id },
    joined || mine ? element('span', { className: 'avatar none' }) : avatar(account, sender),
    element('div', { className: 'column' },
      element('div', { className: 'line' }, bubble, item.redacted ? null : toolbar(item, mine, actions)),
      reactions(item, account, actions), failure(item), element('small', { className: 'read', hidden: true })));
}

function body(item, account, room) {
  const { content, event } = item;
  if (event.type === 'm.sticker') return [picture(content, account, 'sticker'), caption(content)];
  if (event.type === 'm.room.encrypted') return [element('em', {}, 'Encrypted message')];
  if (event.type !== 'm.room.message') return [element('em', {}, event.type)];
  switch (content.msgtype) {
    case 'm.image': return [picture(content, account, 'picture'), caption(content)];
    case 'm.video': return [player('video', content, account), caption(content)];
    case 'm.audio': return [player('audio', content, account), caption(content)];
    case 'm.file': return [file(content, account), caption(content)];
    case 'm.location': return [place(content)];
    case 'm.emote': return [element('em', {}, `${room.member(event.sender).name} `, text(content))];
    default: return [text(content)];
  }
}

function text(content) {
  const formatted = content.format === 'org.matrix.custom.html' && typeof content.formatted_body === 'string';
  const plain = String(content.body ?? '');
  const emojiOnly = !formatted && plain.length <= 24 && /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s)+$/u.test(plain) && /\p{Extended_Pictographic}/u.test(plain);
  return element('div', { className: emojiOnly ? 'text big' : 'text' }, formatted ? fromHtml(content.formatted_body) : fromText(plain));
}

/** A media message's body is a caption only where a file name stands beside it (spec v1.10). */
function caption(content) {
  return content.filename !== undefined && content.body !== content.filename ? text(content) : null;
}

function picture(content, account, className) {
  const image = element('img', { className, alt: String(content.body ?? ''), loading: 'lazy' });
  const { w, h } = content.info ?? {};
  if (w > 0 && h > 0) image.style.aspectRatio = `${w} / ${h}`;
  return loaded(image, content, account);
}

function player(name, content, account) {
  const voice = content['org.matrix.msc3245.voice'] !== undefined || content['m.voice'] !== undefined;
  const made = element(name, { controls: true, preload: 'metadata', ariaLabel: voice ? 'Voice message' : String(content.filename ?? content.body ?? name) });
  return element('div', { className: voice ? 'voice' : name }, voice ? element('span', { ariaHidden: 'true' }, '🎤') : null, loaded(made, content, account));
}

function loaded(made, content, account) {
  account.media(String(content.url)).then((src) => { made.src = src; }, () => made.replaceWith(element('em', {}, `${content.body ?? 'file'} (not available)`)));
  return made;
}

function file(content, account) {
  const name = String(content.filename ?? content.body ?? 'file');
  const size = content.info?.size;
  const anchor = element('a', { className: 'file', download: name }, element('span', { className: 'sheet', ariaHidden: 'true' }, '📄'),
    element('span', {}, element('strong', {}, name), element('small', {}, [content.info?.mimetype, bytes(size)].filter(Boolean).join(' · '))));
  account.media(String(content.url)).then((href) => { anchor.href = href; }, () => anchor.classList.add('lost'));
  return anchor;
}

function bytes(size) {
  if (typeof size !== 'number') return '';
  return size < 1000 ? `${size} B` : size < 1_000_000 ? `${Math.round(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}

function place(content) {
  const [, latitude, longitude] = /^geo:(-?[\d.]+),(-?[\d.]+)/.exec(String(content.geo_uri)) ?? [];
  const href = latitude === undefined ? '' : `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=15/${latitude}/${longitude}`;
  const [name = 'Location', ...more] = said(content.body).split('\n').filter((line) => line !== '' && !line.startsWith('geo:'));
  return element('a', { className: 'file', target: '_blank', rel: 'noreferrer noopener', ...(href && { href }) }, element('span', { className: 'sheet', ariaHidden: 'true' }, '📍'),
    element('span', {}, element('strong', {}, name), element('small', {}, [...more, `${latitude ?? '?'}, ${longitude ?? '?'}`].join(' · '))));
}

function quote(item, room) {
  const id = item.content['m.relates_to']?.['m.in_reply_to']?.event_id;
  if (id === undefined) return null;
  const target = room.items.get(id);
  const words = target === undefined ? 'An earlier message' : target.redacted ? 'Message deleted' : String(target.content.body ?? target.event.type);
  const jump = () => document.getElementById(id)?.scrollIntoView({ block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  return element('button', { type: 'button', className: 'reply', title: 'Show the message that this answers', onclick: jump },
    target ? element('strong', {}, room.member(target.event.sender).name) : null, words.split('\n')[0].slice(0, 120));
}

/** One stop for the Tab key; the arrow keys go from button to button. */
function toolbar(item, mine, actions) {
  const button = (label, title, onclick) => element('button', { type: 'button', title, ariaLabel: title, onclick }, label);
  const isText = item.content.msgtype === 'm.text';
  const buttons = [
    ...quick.map((emoji) => button(emoji, `React ${emoji}`, () => actions.react(item, emoji))),
    button('↩', 'Reply', () => actions.reply(item)),
    ...(mine && isText ? [button('✎', 'Edit', () => actions.edit(item))] : []),
    ...(mine ? [button('🗑', 'Delete', () => actions.remove(item))] : []),
  ];
  buttons.forEach((one, index) => { one.tabIndex = index === 0 ? 0 : -1; });
  const onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
  };
  return element('div', { className: 'tools', role: 'toolbar', ariaLabel: 'What to do with this message', onkeydown }, ...buttons);
}

function reactions(item, account, actions) {
  const counts = Map.groupBy(item.reactions.values(), (reaction) => reaction.key);
  if (item.redacted || counts.size === 0) return null;
  return element('div', { className: 'reactions' }, ...[...counts].map(([key, all]) => element('button', {
    type: 'button', className: all.some((one) => one.sender === account.userId) ? 'own' : '',
    ariaPressed: String(all.some((one) => one.sender === account.userId)), title: all.map((one) => one.sender).join(', '), onclick: () => actions.react(item, key),
  }, key, all.length > 1 ? ` ${all.length}` : '')));
}

/** `com.beeper.message_send_status`: what became of a message at the network. */
function mark(item, mine) {
  if (!mine || item.status?.status !== 'SUCCESS') return null;
  return element('span', { className: 'tick', role: 'img', title: 'Delivered to the network', ariaLabel: 'Delivered to the network' }, ' ✓');
}

function failure(item) {
  if (!String(item.status?.status ?? '').startsWith('FAIL')) return null;
  return element('small', { className: 'failed' }, `Not delivered: ${said(item.status.message) || said(item.status.reason) || 'no reason given'}`);
}

/** Who has read as far as this. Told in place: a row that is drawn anew ends what plays in it. */
export function tellReaders(row, item, room) {
  const line = row.querySelector('.read');
  if (!line) return;
  const names = [...room.receipts].filter(([user, id]) => id === item.event.event_id && user !== room.me).map(([user]) => room.member(user).name);
  line.textContent = names.length === 0 ? '' : `Read by ${names.join(', ')}`;
  line.hidden = names.length === 0;
}

function drawState(item, room) {
  const { event, content, before } = item;
  const words = stateWords(event, content, before, room);
  return words === null ? null : element('li', { className: 'state', id: event.event_id }, words);
}

function stateWords(event, content, before, room) {
  const who = room.member(event.sender).name;
  switch (event.type) {
    case 'm.room.member': return memberWords(event, content, before, who, room);
    case 'm.room.name': return `${who} named the room “${said(content.name)}”`;
    case 'm.room.topic': return `${who} set the topic: ${said(content.topic)}`;
    case 'm.room.encryption': return `${who} turned on encryption`;
    default: return null;
  }
}

function memberWords(event, content, before, who, room) {
  const whom = said(content.displayname) || said(before?.displayname) || room.member(event.state_key).name;
  if (content.membership === before?.membership) return before?.displayname !== content.displayname ? `${said(before?.displayname) || event.state_key} is now ${whom}` : null;
  const self = event.sender === event.state_key;
  return { join: `${whom} joined`, invite: `${who} invited ${whom}`, leave: self ? `${whom} left` : `${who} removed ${whom}`, ban: `${who} banned ${whom}` }[content.membership] ?? null;
}
