/** One message as an element. Texts are made of nodes, never of markup: anybody may have written them. */

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const STYLES = [['code', 'code'], ['strike', 's'], ['italic', 'em'], ['bold', 'strong']];

function inline(part, names) {
  let node;
  if (part.type === 'user') node = element('span', { class: 'mention' }, `@${names(part.user_id)}`);
  else if (part.type === 'broadcast') node = element('span', { class: 'mention' }, `@${part.range}`);
  else if (part.type === 'channel') node = element('span', { class: 'mention' }, `#${part.channel_id}`);
  else if (part.type === 'link') node = link(part.url, part.text ?? part.url);
  else if (part.type === 'emoji') node = document.createTextNode(`:${part.name}:`);
  else node = document.createTextNode(part.text ?? part.fallback ?? '');
  for (const [style, tag] of STYLES) if (part.style?.[style]) node = element(tag, {}, node);
  return node;
}

function link(url, text) {
  return /^(?:https?|mailto):/i.test(url) ? element('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, text) : document.createTextNode(text);
}

function richText(block, names) {
  return block.elements.map((part) => {
    const inner = () => part.elements.map((each) => inline(each, names));
    if (part.type === 'rich_text_list') {
      const list = element(part.style === 'ordered' ? 'ol' : 'ul', part.offset ? { start: part.offset + 1 } : {}, ...part.elements.map((item) => element('li', {}, ...item.elements.map((each) => inline(each, names)))));
      list.style.marginLeft = `${(part.indent ?? 0) * 1.5}rem`;
      return list;
    }
    if (part.type === 'rich_text_quote') return element('blockquote', {}, ...inner());
    if (part.type === 'rich_text_preformatted') return element('pre', {}, ...inner());
    return element('p', {}, ...inner());
  });
}

/** Slack's mrkdwn, as far as a page needs it: mentions and links are told, the rest stands as it was written. */
function plain(text, names) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(/<([^<>]+)>/g)) {
    parts.push(unescape(text.slice(from, match.index)));
    const [target, label] = match[1].split('|');
    if (target.startsWith('@')) parts.push(element('span', { class: 'mention' }, `@${label ?? names(target.slice(1))}`));
    else if (target.startsWith('#') || target.startsWith('!')) parts.push(element('span', { class: 'mention' }, label ?? target.slice(1)));
    else parts.push(link(target, unescape(label ?? target)));
    from = match.index + match[0].length;
  }
  parts.push(unescape(text.slice(from)));
  return [element('p', {}, ...parts.map((part) => (typeof part === 'string' ? document.createTextNode(part) : part)))];
}

function unescape(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function body(message, names) {
  const blocks = (message.blocks ?? []).filter((block) => block.type === 'rich_text');
  const nodes = blocks.length > 0 ? blocks.flatMap((block) => richText(block, names)) : message.text === '' ? [] : plain(message.text, names);
  return element('div', { class: 'said' }, ...nodes);
}

function files(message) {
  if (!message.files?.length) return null;
  return element('div', { class: 'files' }, ...message.files.map((file) => {
    if (file.mode === 'tombstone') return element('span', {}, 'This file was deleted.');
    const path = `/_sandbox/files/${file.id}`;
    return file.mimetype?.startsWith('image/') ? element('img', { src: path, alt: file.title ?? file.name }) : element('a', { href: path, download: file.name }, `📎 ${file.title ?? file.name}`);
  }));
}

function reactions(message, me, act) {
  if (!message.reactions?.length) return null;
  return element('div', { class: 'reactions' }, ...message.reactions.map(({ name, users, count }) => {
    const mine = users.includes(me);
    return element('button', { type: 'button', 'aria-pressed': String(mine), onclick: () => act(mine ? 'unreact' : 'react', message, { name }) }, `:${name}: ${count}`);
  }));
}

const SYSTEM = new Set(['channel_join', 'channel_leave', 'channel_topic', 'channel_name', 'channel_archive']);

export function messageElement(message, { me, names, act, pinned }) {
  const who = message.username ?? (message.user ? names(message.user) : (message.bot_profile?.name ?? 'App'));
  const time = new Date(Number(message.ts) * 1000);
  const own = message.user === me;
  const inThread = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  const tools = element('div', { class: 'tools' },
    element('button', { type: 'button', onclick: () => act('react', message, { name: 'thumbsup' }), 'aria-label': 'React with thumbs up' }, '👍'),
    element('button', { type: 'button', onclick: () => act('thread', message) }, 'Reply'),
    element('button', { type: 'button', onclick: () => act('pin', message, { pinned: !pinned }) }, pinned ? 'Unpin' : 'Pin'),
    own ? element('button', { type: 'button', onclick: () => act('edit', message) }, 'Edit') : null,
    own ? element('button', { type: 'button', onclick: () => act('delete', message) }, 'Delete') : null);
  return element('li', { class: [inThread ? 'inthread' : '', SYSTEM.has(message.subtype) ? 'system' : ''].join(' ').trim(), 'data-ts': message.ts },
    element('div', { class: 'face', 'aria-hidden': 'true' }, [...who][0] ?? '?'),
    element('div', {},
      element('span', { class: 'who' }, who), message.bot_id ? element('span', { class: 'app' }, 'app') : null,
      element('time', { class: 'when', datetime: time.toISOString() }, time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })),
      message.edited ? element('span', { class: 'edited' }, ' (edited)') : null, pinned ? element('span', { class: 'edited' }, ' 📌') : null,
      body(message, names), files(message), reactions(message, me, act)),
    tools);
}
