import { draw, element, summary } from './thread.js';

const $ = (id) => document.getElementById(id);
const app = $('app');
const state = { me: Number(location.hash.slice(1)) || null, chat: null, replyTo: null, people: [], chats: [], bot: null, messages: [] };

async function get(path) {
  const answer = await fetch(`/_sandbox/${path}`);
  return answer.json();
}

async function post(path, body) {
  const answer = await fetch(`/_sandbox/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const result = await answer.json();
  if (!answer.ok) throw new Error(result.error ?? 'That did not work.');
  return result;
}

/** Does what somebody asked for, and says so where it cannot be done. */
async function act(body) {
  try {
    await post(`people/${state.me}/act`, { ...body, ...(state.chat < 0 && body.chat === undefined && body.action !== 'block' && { chat: state.chat }) });
    say('');
  } catch (error) {
    say(error.message);
  }
}

function say(text) {
  $('notice').hidden = text === '';
  $('notice').textContent = text;
}

const person = (id) => state.people.find((each) => each.id === id);
const chatOf = (id) => state.chats.find((each) => each.id === id);
const titleOf = (id) => (id > 0 ? (state.bot?.name ?? 'Bot') : (chatOf(id)?.title ?? 'Group'));
const initials = (name) => Array.from(name.trim())[0]?.toUpperCase() ?? '?';

function avatar(into, id) {
  into.textContent = initials(titleOf(id));
  into.className = `avatar c${Math.abs(id) % 6}`;
}

/** The bot first, then the groups that this person is in. */
function myChats() {
  if (state.me === null) return [];
  const groups = state.chats.filter(({ type, members, migratedTo }) => type !== 'private' && migratedTo === null && members.some(([id, status]) => id === state.me && status !== 'left' && status !== 'kicked'));
  return [state.me, ...groups.map(({ id }) => id)];
}

async function refresh() {
  try {
    const [seen, messages] = await Promise.all([get('state'), get('messages')]);
    Object.assign(state, { people: seen.people, chats: seen.chats, bot: seen.bot, messages });
    $('away').hidden = true;
  } catch {
    $('away').hidden = false;
    return;
  }
  if (person(state.me) === undefined) state.me = state.people[0]?.id ?? null;
  if (state.chat !== null && !myChats().includes(state.chat)) state.chat = null;
  if (state.chat === null && matchMedia('(min-width: 700px)').matches) state.chat = myChats()[0] ?? null;
  show();
}

function show() {
  $('me').replaceChildren(...state.people.map(({ id, name }) => element('option', { value: id, selected: id === state.me }, name)));
  $('empty').hidden = state.people.length > 0;
  $('chats').replaceChildren(...myChats().map(chatRow));
  if (state.chat === null) delete app.dataset.chat;
  else app.dataset.chat = String(state.chat);
  if (state.chat === null) return;
  $('title').textContent = titleOf(state.chat);
  avatar($('avatar'), state.chat);
  const chat = chatOf(state.chat);
  const there = chat?.members.filter(([, status]) => status !== 'left' && status !== 'kicked').length ?? 0;
  $('subtitle').textContent = chat?.typing ? 'typing…' : state.chat > 0 ? (person(state.me)?.blocked ? 'blocked' : `@${state.bot?.username}`) : `${there} members`;
  draw($('thread'), state.messages.filter((message) => message.chat.id === state.chat), { me: state.me, group: state.chat < 0, acts: { menu: messageMenu, react, vote, jump } });
}

function chatRow(id) {
  const last = state.messages.findLast((message) => message.chat.id === id);
  const picture = element('span', { ariaHidden: 'true' });
  avatar(picture, id);
  const button = element('button', { type: 'button' }, picture, element('span', { className: 'two' }, element('strong', {}, titleOf(id)), element('span', { className: 'last' }, last === undefined ? 'No messages yet' : summary(last))));
  if (id === state.chat) button.setAttribute('aria-current', 'true');
  button.addEventListener('click', () => {
    state.chat = id;
    app.dataset.view = 'chat';
    drop();
    show();
    $('thread').scrollTop = $('thread').scrollHeight;
    $('text').focus();
  });
  return element('li', {}, button);
}

function react(message, emoji) {
  const mine = message.reactions.find(({ from }) => from === state.me)?.list.map((each) => each.emoji) ?? [];
  void act({ action: 'react', messageId: message.message_id, emojis: mine.includes(emoji) ? [] : [emoji] });
}

function vote(message, options) {
  void act({ action: 'vote', messageId: message.message_id, options });
}

function jump(id) {
  $(`m${id}`)?.scrollIntoView({ block: 'center', behavior: 'smooth' });
}

function messageMenu(button, message, emojis) {
  const row = element('div', { className: 'emojis' });
  for (const emoji of emojis) row.append(choice(emoji, () => react(message, emoji)));
  const entries = [row, choice('Reply', () => reply(message))];
  if (message.own_from === state.me && message.text !== undefined) entries.push(choice('Edit', () => edit(message)));
  if (message.own_from === state.me) entries.push(choice('Delete', () => act({ action: 'delete', messageId: message.message_id })));
  if (state.chat < 0) entries.push(choice('Pin', () => act({ action: 'pin', messageId: message.message_id })));
  menu(button, entries);
}

function choice(label, work) {
  const button = element('button', { type: 'button' }, label);
  button.setAttribute('role', 'menuitem');
  button.addEventListener('click', () => {
    closeMenu();
    void work();
  });
  return button;
}

let opener = null;
function menu(button, entries) {
  closeMenu();
  opener = button;
  button.setAttribute('aria-expanded', 'true');
  const box = $('menu');
  box.replaceChildren(...entries);
  box.hidden = false;
  const [place, outer] = [button.getBoundingClientRect(), app.getBoundingClientRect()];
  box.style.left = `${Math.max(8, Math.min(place.left, outer.width - box.offsetWidth - 8))}px`;
  box.style.top = `${place.bottom + box.offsetHeight + 8 < outer.height ? place.bottom + 4 : Math.max(8, place.top - box.offsetHeight - 4)}px`;
  box.querySelector('button')?.focus();
}

function closeMenu() {
  $('menu').hidden = true;
  opener?.setAttribute('aria-expanded', 'false');
  opener = null;
}

function reply(message) {
  state.replyTo = message.message_id;
  $('quote').hidden = false;
  $('quote-who').textContent = message.from?.first_name ?? titleOf(state.chat);
  $('quote-text').textContent = summary(message);
  $('text').focus();
}

function drop() {
  state.replyTo = null;
  $('quote').hidden = true;
}

async function edit(message) {
  const given = await ask('Edit message', [{ name: 'text', label: 'Text', value: message.text }]);
  if (given !== null) await act({ action: 'edit', messageId: message.message_id, text: given.text });
}

/** A dialog with some fields; null where it was left. */
function ask(title, fields) {
  $('dialog-title').textContent = title;
  $('dialog-fields').replaceChildren(...fields.map(({ name, label, value = '', choices, optional }) => {
    const field = choices === undefined ? element('input', { name, value, required: optional !== true }) : element('select', { name }, ...choices.map(([each, shown]) => element('option', { value: each }, shown)));
    return element('label', {}, label, field);
  }));
  const dialog = $('dialog');
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const given = Object.fromEntries(new FormData(dialog.querySelector('form')));
      resolve(dialog.returnValue === 'ok' ? given : null);
      dialog.returnValue = '';
    }, { once: true });
  });
}

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

async function sendFile(file) {
  const kind = file.type === 'image/gif' ? 'animation' : file.type.startsWith('image/') ? 'photo' : file.type.startsWith('video/') ? 'video' : file.type.startsWith('audio/') ? 'audio' : 'document';
  await act({ action: 'media', kind, data: await base64(file), mime: file.type || 'application/octet-stream', name: file.name });
}

$('me').addEventListener('change', () => {
  state.me = Number($('me').value);
  history.replaceState(null, '', `#${state.me}`);
  state.chat = matchMedia('(min-width: 700px)').matches ? state.me : null;
  drop();
  show();
});
async function addPerson() {
  const given = await ask('Add a person', [{ name: 'firstName', label: 'First name' }, { name: 'lastName', label: 'Last name', optional: true }]);
  if (given === null) return;
  const id = 100_000_000 + Math.floor(Math.random() * 900_000_000);
  await post('people', { id, firstName: given.firstName, ...(given.lastName && { lastName: given.lastName }) });
  state.me = id;
  state.chat = id;
  history.replaceState(null, '', `#${id}`);
  await refresh();
}

async function addGroup() {
  const given = await ask('New group', [{ name: 'title', label: 'Name' }, { name: 'type', label: 'Kind', choices: [['supergroup', 'Supergroup'], ['group', 'Small group'], ['channel', 'Channel']] }]);
  if (given === null) return;
  const { id } = await post('groups', { title: given.title, type: given.type, members: [state.me, ...state.people.map((each) => each.id).filter((each) => each !== state.me)] });
  state.chat = id;
  app.dataset.view = 'chat';
  await refresh();
}

$('add-person').addEventListener('click', () => void addPerson());
$('add-group').addEventListener('click', () => void addGroup());
$('more').addEventListener('click', () => {
  const blocked = person(state.me)?.blocked === true;
  menu($('more'), state.chat > 0
    ? [choice(blocked ? 'Unblock the bot' : 'Block the bot', () => act({ action: 'block', blocked: !blocked }))]
    : [choice('Change the name', async () => {
      const given = await ask('Change the name', [{ name: 'title', label: 'Name', value: titleOf(state.chat) }]);
      if (given !== null) await act({ action: 'title', title: given.title });
    }), choice('Leave', () => act({ action: 'leave' })), ...(chatOf(state.chat)?.type === 'group' ? [choice('Make it a supergroup', () => act({ action: 'migrate' }))] : [])]);
});
$('attach').addEventListener('click', () => menu($('attach'), [
  choice('Photo, film or file', () => $('file').click()),
  choice('Location', async () => {
    const given = await ask('Location', [{ name: 'latitude', label: 'Latitude', value: '52.3731' }, { name: 'longitude', label: 'Longitude', value: '4.8926' }]);
    if (given !== null) await act({ action: 'location', latitude: Number(given.latitude), longitude: Number(given.longitude) });
  }),
  choice('Poll', async () => {
    const given = await ask('Poll', [{ name: 'question', label: 'Question' }, { name: 'one', label: 'First option' }, { name: 'two', label: 'Second option' }]);
    if (given !== null) await act({ action: 'poll', question: given.question, options: [given.one, given.two] });
  }),
]));
$('file').addEventListener('change', () => {
  const [file] = $('file').files;
  if (file) void sendFile(file);
  $('file').value = '';
});
$('quote-drop').addEventListener('click', drop);
$('back').addEventListener('click', () => { app.dataset.view = 'chats'; });
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (text === '') return;
  const replyTo = state.replyTo;
  $('text').value = '';
  drop();
  void act({ action: 'text', text, ...(replyTo !== null && { replyTo }) });
});
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') closeMenu();
});
document.addEventListener('click', (event) => {
  if (!$('menu').hidden && !$('menu').contains(event.target) && !(opener?.contains(event.target) ?? false)) closeMenu();
});

/** Pictures get their height late: who looks at the end goes on doing so. */
$('thread').addEventListener('load', () => {
  const list = $('thread');
  if (list.scrollHeight - list.scrollTop - list.clientHeight < 400) list.scrollTop = list.scrollHeight;
}, true);

/** News come in bursts: one look for all of them. */
let planned = false;
function soon() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    void refresh();
  }, 60);
}
const events = new EventSource('/_sandbox/events');
events.addEventListener('message', soon);
events.addEventListener('open', soon);
events.addEventListener('error', () => { $('away').hidden = events.readyState !== EventSource.CONNECTING; });
setInterval(() => { if (state.chats.some(({ typing }) => typing)) soon(); }, 2000);
await refresh();
$('thread').scrollTop = $('thread').scrollHeight;
