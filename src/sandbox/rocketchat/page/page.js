const $ = (id) => document.getElementById(id);
const state = { me: decodeURIComponent(location.hash.slice(1)), room: '', messages: [], context: null, typing: new Map() };

const ask = async (path) => (await fetch(path)).json();
async function act(what, given, options = {}) {
  const answer = await fetch(`/sandbox/do/${encodeURIComponent(state.me)}/${what}${options.query ?? ''}`, { method: 'POST', body: JSON.stringify(given), ...options.request });
  const body = await answer.json();
  $('notice').hidden = answer.ok;
  $('notice').textContent = body.error ?? '';
  return body;
}

const make = (tag, more = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), more);
  element.append(...children);
  return element;
};

const STYLES = { BOLD: 'strong', ITALIC: 'em', STRIKE: 'del' };
const plain = (node) => (typeof node === 'string' ? node : Array.isArray(node) ? node.map(plain).join('') : node?.value === undefined ? '' : plain(node.value));
const NAMES = { smile: '😄', thumbsup: '👍', heart: '❤️', tada: '🎉', joy: '😂', eyes: '👀' };
const shown = (name) => NAMES[name.replaceAll(':', '')] ?? name;

/** The tree of a message (`md`) as elements; nothing of it is ever read as HTML. */
function draw(node) {
  const { type, value } = node;
  if (Array.isArray(node)) return node.map(draw);
  if (STYLES[type]) return make(STYLES[type], {}, ...value.map(draw));
  switch (type) {
    case 'PLAIN_TEXT': return value;
    case 'SPOILER': return make('span', { className: 'spoiler' }, ...value.map(draw));
    case 'INLINE_CODE': return make('code', {}, plain(value));
    case 'LINK': return plain(value.label).trim() === '' ? '' : make('a', { href: /^(?:https?|mailto):/.test(plain(value.src)) ? plain(value.src) : '#', target: '_blank', rel: 'noreferrer' }, ...[value.label].flat().map(draw));
    case 'MENTION_USER': return make('span', { className: 'mention' }, `@${plain(value)}`);
    case 'MENTION_CHANNEL': return `#${plain(value)}`;
    case 'EMOJI': return node.unicode ?? shown(`:${node.shortCode}:`);
    case 'PARAGRAPH': return make('div', {}, ...value.map(draw));
    case 'HEADING': return make('strong', {}, ...value.map(draw), '\n');
    case 'QUOTE': return make('blockquote', {}, ...value.map(draw));
    case 'CODE': return make('pre', {}, value.map((line) => plain(line)).join('\n'));
    case 'UNORDERED_LIST': return make('ul', {}, ...value.map((item) => make('li', {}, ...item.value.map(draw))));
    case 'ORDERED_LIST': return make('ol', { start: value[0]?.number ?? 1 }, ...value.map((item) => make('li', {}, ...item.value.map(draw))));
    case 'LINE_BREAK': return make('br');
    default: return plain(node);
  }
}

function drawFile(attachment) {
  const id = /\/file-upload\/([^/]+)/.exec(attachment.title_link ?? '')?.[1];
  if (attachment.message_link) return make('blockquote', {}, `${attachment.author_name}: ${attachment.text}`);
  if (!id) return make('blockquote', {}, [attachment.title, attachment.text].filter(Boolean).join('\n'));
  const src = `/sandbox/file/${id}`;
  if (attachment.image_url) return make('img', { src, alt: attachment.title });
  if (attachment.audio_url) return make('audio', { src, controls: true });
  if (attachment.video_url) return make('video', { src, controls: true });
  return make('div', {}, make('a', { href: src, download: attachment.title }, attachment.title));
}

const SYSTEM = { uj: 'joined', ul: 'left', au: 'added', ru: 'removed', r: 'renamed the room to', room_changed_topic: 'changed the topic to', message_pinned: 'pinned a message', 'room-archived': 'archived the room' };

function drawMessage(message) {
  const mine = message.u.username === state.me;
  const item = make('li', { className: `${mine ? 'mine' : ''} ${message.tmid ? 'thread' : ''}` });
  const own = /^(?:https?:|\/)/.test(message.avatar ?? '') && new URL(message.avatar, location.href).origin === location.origin;
  item.append(make('img', { className: 'face', alt: '', src: own ? message.avatar : `/avatar/${encodeURIComponent(message.alias ?? message.u.username)}` }));
  const time = new Date(message.ts).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  item.append(make('div', { className: 'who' }, message.alias ?? message.u.name, make('small', {}, `@${message.u.username} · ${time}${message.editedAt ? ' · edited' : ''}${message.pinned ? ' · 📌' : ''}`)));
  const what = make('div', { className: 'what' });
  if (message.t) what.append(make('span', { className: 'system' }, `${SYSTEM[message.t] ?? message.t} ${message.msg}`));
  else {
    for (const quote of (message.attachments ?? []).filter((each) => each.message_link)) what.append(drawFile(quote));
    what.append(...(message.md ? message.md.map(draw) : [message.msg]));
    for (const file of (message.attachments ?? []).filter((each) => !each.message_link)) what.append(drawFile(file));
  }
  item.append(what);
  const below = make('div', { className: 'below' });
  for (const [name, { usernames }] of Object.entries(message.reactions ?? {})) {
    const on = usernames.includes(state.me);
    const button = make('button', { title: usernames.join(', '), onclick: () => act(on ? 'unreact' : 'react', { id: message._id, emoji: name }) }, `${shown(name)} ${usernames.length}`);
    button.setAttribute('aria-pressed', String(on));
    below.append(button);
  }
  if (!message.t) {
    const tool = (label, title, onclick) => {
      const button = make('button', { title, onclick }, label);
      button.setAttribute('aria-label', title);
      return button;
    };
    const tools = make('span', { className: 'tools' }, tool('👍', 'React with a thumb', () => act('react', { id: message._id, emoji: 'thumbsup' })), tool('↩', 'Reply', () => setContext('reply', message)), tool('🧵', 'Answer in a thread', () => setContext('thread', message)), tool('📌', 'Pin', () => act('pin', { id: message._id })));
    if (mine) tools.append(tool('✎', 'Edit', () => setContext('edit', message)), tool('🗑', 'Delete', () => act('remove', { id: message._id })));
    below.append(tools);
  }
  item.append(below);
  return item;
}

function setContext(kind, message) {
  state.context = kind === null ? null : { kind, message };
  $('context').hidden = kind === null;
  if (kind === null) return;
  $('context-text').textContent = `${{ reply: 'Reply to', thread: 'In the thread of', edit: 'Edit' }[kind]} ${message.u.name}: ${message.msg}`;
  if (kind === 'edit') $('text').value = message.msg;
  $('text').focus();
}

async function refresh() {
  const { people, account } = await ask('/sandbox/people');
  if (!people.some(({ username }) => username === state.me)) state.me = people[0]?.username ?? '';
  $('who').replaceChildren(...people.map(({ username, name }) => make('option', { value: username, selected: username === state.me }, name)));
  $('direct').textContent = `Write to ${account.name}`;
  if (state.me === '') return;
  history.replaceState(null, '', `#${encodeURIComponent(state.me)}`);
  const { rooms } = await ask(`/sandbox/rooms/${encodeURIComponent(state.me)}`);
  if (!rooms.some(({ id }) => id === state.room)) state.room = rooms[0]?.id ?? '';
  $('rooms').replaceChildren(...rooms.map((room) => {
    const button = make('button', { onclick: () => { state.room = room.id; setContext(null); void refresh(); } }, `${{ c: '#', p: '🔒', d: '@' }[room.type] ?? ''} ${room.title}`, make('small', {}, room.last.replace(/^\[ \]\([^)]*\) */, '') || '\u00a0'));
    button.setAttribute('aria-current', String(room.id === state.room));
    return make('li', {}, button);
  }));
  const room = rooms.find(({ id }) => id === state.room);
  $('title').textContent = room?.title ?? '';
  $('subtitle').textContent = { c: 'Public channel', p: 'Private group', d: 'Direct messages' }[room?.type] ?? '';
  $('topic').hidden = room === undefined || room.type === 'd';
  const { messages } = await ask(`/sandbox/messages/${encodeURIComponent(state.room)}`);
  const thread = $('thread');
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 40;
  thread.replaceChildren(...messages.map(drawMessage));
  if (atEnd || messages.length !== state.messages.length) thread.scrollTop = thread.scrollHeight;
  state.messages = messages;
}

let due;
const soon = () => { clearTimeout(due); due = setTimeout(() => void refresh(), 60); };

new EventSource('/sandbox/events').onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.what === 'user-activity' && event.rid === state.room && event.args[0] !== state.me) {
    if (event.args[1].length > 0) state.typing.set(event.args[0], Date.now());
    else state.typing.delete(event.args[0]);
    $('typing').textContent = state.typing.size === 0 ? '' : `${[...state.typing.keys()].join(', ')} is typing…`;
  } else soon();
};

$('who').onchange = () => { state.me = $('who').value; state.room = ''; void refresh(); };
$('add').onclick = async () => {
  const name = prompt('What is the person called?')?.trim();
  if (!name) return;
  state.me = name.toLowerCase().replace(/[^a-z0-9._-]+/g, '.');
  await act('make', { name });
  await refresh();
};
$('direct').onclick = async () => { state.room = (await act('direct', {})).room; await refresh(); };
$('make').onclick = async () => {
  const title = prompt('What is the room called?')?.trim();
  if (title) state.room = (await act('room', { title: title.replace(/\s+/g, '-') })).room;
  await refresh();
};
$('topic').onclick = () => {
  const text = prompt('The new topic');
  if (text !== null) void act('topic', { room: state.room, text });
};
$('drop').onclick = () => setContext(null);
$('attach').onclick = () => $('file').click();
$('file').onchange = async () => {
  const [file] = $('file').files;
  if (file) await act('file', {}, { query: `?${new URLSearchParams({ room: state.room, file: file.name, caption: $('text').value })}`, request: { body: file, headers: { 'x-file-type': file.type } } });
  $('file').value = '';
  $('text').value = '';
};
$('text').oninput = () => void act('typing', { room: state.room, active: $('text').value });
$('text').onkeydown = (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
};
$('composer').onsubmit = async (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (text.trim() === '') return;
  const { kind, message } = state.context ?? {};
  $('text').value = '';
  setContext(null);
  if (kind === 'edit') await act('edit', { id: message._id, text });
  else await act('text', { room: state.room, text, ...(kind ? { [kind]: kind === 'thread' ? (message.tmid ?? message._id) : message._id } : {}) });
};
void refresh();
