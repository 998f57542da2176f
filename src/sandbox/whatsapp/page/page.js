import { drawMessage, isShown, make, place, summary, tellTicks } from './thread.js';
import { VoiceRecorder } from './voice.js';

const byId = (id) => document.getElementById(id);
const people = new Map();
const messages = new Map();
const seen = new Map();
let business = { name: '', number: '' };
/** Key of the person one is. */
let self = null;
/** `{mode: 'reply' | 'edit', message}` while one is being written. */
let about = null;

async function call(method, path, body) {
  const answer = await fetch(path, { method, ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}) });
  const result = await answer.json();
  if (!answer.ok) throw new Error(String(result.error ?? answer.status));
  return result;
}

/** Does one thing as the chosen person; what the phone would refuse is said above the composer. */
async function act(action, details = {}) {
  try {
    await call('POST', `/_sandbox/people/${encodeURIComponent(self)}/send`, { action, ...details });
    tell(null);
  } catch (error) {
    tell(error.message);
  }
}

function tell(text) {
  byId('notice').textContent = text ?? '';
  byId('notice').hidden = text === null;
}

// What is known, and drawing it.

async function load() {
  const state = await call('GET', '/_sandbox/state');
  business = state.business;
  for (const person of state.people) people.set(person.key, person);
  for (const message of await call('GET', '/_sandbox/messages')) messages.set(message.id, message);
  draw();
}

function listen() {
  const events = new EventSource('/_sandbox/events');
  events.onopen = () => {
    byId('away').hidden = true;
    void load();
  };
  events.onerror = () => { byId('away').hidden = false; };
  events.onmessage = async ({ data }) => {
    const event = JSON.parse(data);
    if (event.kind === 'message') {
      for (const message of await call('GET', `/_sandbox/messages?id=${encodeURIComponent(event.id)}`)) messages.set(message.id, message);
    } else if (event.kind === 'person') {
      for (const person of (await call('GET', '/_sandbox/state')).people) people.set(person.key, person);
    }
    draw();
  };
}

const conversation = (key) => [...messages.values()].filter((message) => message.person === key && isShown(message)).sort((one, other) => one.seq - other.seq);
const initials = (name) => name.split(/\s+/).map((word) => [...word][0] ?? '').slice(0, 2).join('').toUpperCase();
const address = (person) => (person.phoneless ? `${person.username ?? person.userId} (number hidden)` : `+${person.waId}`);

let drawing = false;
/** Many events in one frame make one drawing. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawPeople();
    drawThread();
  });
}

function drawPeople() {
  byId('business-short').textContent = business.name;
  byId('empty').hidden = people.size > 0;
  const rows = [...people.values()].map((person) => {
    const thread = conversation(person.key);
    const last = thread.at(-1);
    const unread = thread.filter((message) => message.from === 'business' && !['read', 'played'].includes(message.status) && message.seq > (seen.get(person.key) ?? 0)).length;
    const badge = unread > 0 && person.key !== self ? make('span', { className: 'badge', role: 'img', 'aria-label': `${unread} new` }, String(unread)) : null;
    const text = make('span', { className: 'two' }, make('strong', {}, person.name), make('span', { className: 'last' }, last ? summary(last) : address(person)));
    const open = () => { location.hash = person.key; };
    const button = make('button', { type: 'button', onclick: open, ...(person.key === self ? { 'aria-current': 'true' } : {}) }, make('span', { className: 'avatar', 'aria-hidden': 'true' }, initials(person.name)), text, badge);
    button.dataset.key = person.key;
    return make('li', {}, button);
  });
  const list = byId('people-list');
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...rows);
  if (focused !== undefined) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

let drawn = '';
function drawThread() {
  const person = people.get(self);
  const app = byId('app');
  app.dataset.view = person ? 'chat' : 'people';
  if (!person) {
    delete app.dataset.person;
    return;
  }
  app.dataset.person = person.key;
  byId('business').textContent = business.name;
  byId('avatar').textContent = initials(business.name);
  const typing = person.typingUntil - Date.now();
  byId('subtitle').textContent = typing > 0 ? 'typing…' : `you are ${person.name} · ${address(person)}`;
  if (typing > 0) setTimeout(draw, typing + 50);
  const thread = conversation(self);
  const state = JSON.stringify([self, thread]);
  if (state === drawn) return;
  drawn = state;
  drawRows(thread);
  readIfSeen(thread);
}

/** Id to what is drawn of a message, and of what. */
let rowsDrawn = new Map();

function drawRow(message, gap) {
  const target = message.replyTo === null ? undefined : messages.get(message.replyTo);
  const state = JSON.stringify([{ ...message, status: null }, gap, business.name, target?.body, target?.revoked]);
  const known = rowsDrawn.get(message.id);
  const drawnRow = known?.state === state ? known : { state, row: drawSafely(message, gap) };
  tellTicks(drawnRow.row, message);
  return drawnRow;
}

/** Anything can come over the API: a message that cannot be drawn must not keep the others from being. */
function drawSafely(message, gap) {
  try {
    return drawMessage(message, messages, { business: business.name }, { press, menu: messageMenu }, gap);
  } catch {
    return make('li', { className: 'system', id: message.id }, `${message.type}: cannot be shown`);
  }
}

/** Whether the newest message is to stay in sight: until somebody scrolls up. */
let followsEnd = true;

function toEnd() {
  if (followsEnd) byId('thread').scrollTop = byId('thread').scrollHeight;
}

function drawRows(thread) {
  const list = byId('thread');
  const atEnd = followsEnd || list.scrollHeight - list.scrollTop - list.clientHeight < 90 || list.dataset.person !== self;
  const rows = [];
  const next = new Map();
  let day = '';
  let before = null;
  for (const message of thread) {
    const date = new Date(message.at).toLocaleDateString([], { day: 'numeric', month: 'long', year: 'numeric' });
    if (date !== day) {
      const heading = rowsDrawn.get(date) ?? { row: make('li', { className: 'day' }, date) };
      next.set(date, heading);
      rows.push(heading.row);
    }
    day = date;
    const drawnNow = drawRow(message, before?.from !== message.from);
    next.set(message.id, drawnNow);
    rows.push(drawnNow.row);
    before = message;
  }
  rowsDrawn = next;
  place(list, rows);
  list.dataset.person = self;
  followsEnd = atEnd;
  toEnd();
}

/** An open chat is a read chat. */
function readIfSeen(thread) {
  const last = thread.findLast((message) => message.from === 'business');
  if (!last || document.hidden || (seen.get(self) ?? 0) >= last.seq) return;
  seen.set(self, last.seq);
  setTimeout(() => void act('read'), 400);
}

// Writing.

function write(mode, message) {
  about = mode ? { mode, message } : null;
  byId('quote').hidden = about === null;
  if (!about) return;
  byId('quote-who').textContent = mode === 'edit' ? 'Edit' : message.from === 'person' ? 'You' : business.name;
  byId('quote-text').textContent = summary(message);
  if (mode === 'edit') byId('text').value = message.type === 'text' ? message.body.body : (message.body.caption ?? '');
  showSend();
  byId('text').focus();
}

const quoting = () => (about?.mode === 'reply' ? { replyTo: about.message.id } : {});

function showSend() {
  const writing = byId('text').value.trim() !== '';
  byId('send').hidden = !writing;
  byId('voice').hidden = writing;
}

async function submit() {
  const text = byId('text').value.trim();
  if (text === '') return;
  const { mode, message } = about ?? {};
  const reply = quoting();
  byId('text').value = '';
  write(null);
  showSend();
  followsEnd = true;
  if (mode === 'edit') await act('edit', { messageId: message.id, text });
  else await act('text', { text, ...reply });
}

async function sendBytes(kind, blob, details) {
  const data = new Uint8Array(await blob.arrayBuffer());
  followsEnd = true;
  await act('media', { kind, data: data.toBase64?.() ?? base64(data), mime: blob.type || 'application/octet-stream', ...details, ...quoting() });
  write(null);
}

function base64(bytes) {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

function chooseFile(accept, kindOf) {
  const input = byId('file');
  input.accept = accept;
  input.value = '';
  input.onchange = async () => {
    const [file] = input.files;
    if (!file) return;
    const kind = kindOf(file);
    const caption = byId('text').value.trim();
    const takesCaption = ['image', 'video', 'document'].includes(kind) && caption !== '' && about?.mode !== 'edit';
    if (takesCaption) byId('text').value = '';
    showSend();
    await sendBytes(kind, file, { ...(kind === 'document' ? { filename: file.name } : {}), ...(takesCaption ? { caption } : {}) });
  };
  input.click();
}

async function sendLocation() {
  const place = await ask('Send a location', [['name', 'Name', 'Dam Square'], ['latitude', 'Latitude', '52.3731'], ['longitude', 'Longitude', '4.8926']]);
  if (place) await act('location', { name: place.name, latitude: Number(place.latitude), longitude: Number(place.longitude), ...quoting() });
}

async function sendContact() {
  const one = await ask('Send a contact', [['name', 'Name', 'Bea de Vries'], ['phone', 'Number', '+31 6 1000 2000']]);
  if (!one) return;
  const contact = { name: { formatted_name: one.name, first_name: one.name.split(' ')[0] }, phones: [{ phone: one.phone, type: 'CELL', wa_id: one.phone.replace(/\D/g, '') }] };
  await act('contacts', { contacts: [contact], ...quoting() });
}

const mediaKind = (file) => (file.type.startsWith('video/') ? 'video' : 'image');
const attachments = [
  ['📷 Photo or video', () => chooseFile('image/jpeg,image/png,video/mp4', mediaKind)],
  ['📄 File', () => chooseFile('', () => 'document')],
  ['🎵 Audio', () => chooseFile('audio/*', () => 'audio')],
  ['🙂 Sticker (webp)', () => chooseFile('image/webp', () => 'sticker')],
  ['📍 Location', sendLocation],
  ['👤 Contact', sendContact],
];

function press(message, index) {
  void act('press', { messageId: message.id, choice: index });
}

function messageMenu(message, anchor) {
  const react = (emoji) => () => act('react', { messageId: message.id, emoji });
  const emojis = ['👍', '❤️', '😂', '😮', '😢', '🙏'].map((emoji) => [emoji, react(emoji)]);
  const mine = message.from === 'person';
  const editable = mine && (message.type === 'text' || message.body.caption !== undefined);
  const entries = [
    ['↩ Reply', () => write('reply', message)],
    ...(message.reactions.person ? [['Take back reaction', react(null)]] : []),
    ...(editable ? [['✎ Edit', () => write('edit', message)]] : []),
    ...(mine ? [['🗑 Delete for everyone', () => act('revoke', { messageId: message.id })]] : []),
    ...(!mine && message.type === 'audio' ? [['▶ Mark as played', () => act('play', { messageId: message.id })]] : []),
  ];
  openMenu(anchor, entries, emojis);
}

// Menus and dialogs.

function openMenu(anchor, entries, emojis = []) {
  const menu = byId('menu');
  const entry = ([label, run]) => make('button', { type: 'button', role: 'menuitem', onclick: () => { closeMenu(); void run(); } }, label);
  menu.replaceChildren(...(emojis.length > 0 ? [make('div', { className: 'emojis' }, ...emojis.map(entry))] : []), ...entries.map(entry));
  menu.hidden = false;
  anchor.setAttribute('aria-expanded', 'true');
  const frame = byId('phone').getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  const top = at.bottom - frame.top + menu.offsetHeight > frame.height ? at.top - frame.top - menu.offsetHeight : at.bottom - frame.top;
  menu.style.top = `${Math.max(4, top)}px`;
  menu.style.left = `${Math.max(4, Math.min(at.left - frame.left, frame.width - menu.offsetWidth - 4))}px`;
  opener = anchor;
  menu.querySelector('button')?.focus();
}

/** What opened the menu: it gets the focus back. */
let opener = null;

function closeMenu() {
  const menu = byId('menu');
  if (menu.hidden) return;
  if (menu.contains(document.activeElement)) opener?.focus();
  menu.hidden = true;
  document.querySelectorAll('[aria-expanded]').forEach((element) => element.removeAttribute('aria-expanded'));
}

/** Arrow keys go through the menu, as everywhere. */
function walkMenu(event) {
  const buttons = [...byId('menu').querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons.at(to % buttons.length)?.focus();
}

/** Fields are `[name, label, value]`. Null when cancelled. */
async function ask(title, fields) {
  const dialog = byId('dialog');
  byId('dialog-title').textContent = title;
  byId('dialog-fields').replaceChildren(...fields.map(([name, label, value]) => (typeof value === 'boolean'
    ? make('label', {}, make('input', { name, type: 'checkbox', checked: value }), ` ${label}`)
    : make('label', {}, label, make('input', { name, value, required: true })))));
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue !== 'ok') return null;
  return Object.fromEntries([...dialog.querySelectorAll('input')].map((input) => [input.name, input.type === 'checkbox' ? input.checked : input.value.trim()]));
}

async function addPerson() {
  const given = await ask('Add a person', [['name', 'Name', 'Anna'], ['waId', 'Number, digits only', `316${String(Date.now()).slice(-8)}`], ['phoneless', 'Number hidden from businesses', false]]);
  if (!given) return;
  try {
    const person = await call('POST', '/_sandbox/people', { ...given, ...(given.phoneless ? { username: `@${given.name.toLowerCase().replace(/\W/g, '')}` } : {}) });
    people.set(person.key, person);
    location.hash = person.key;
  } catch (error) {
    tell(error.message);
  }
}

const recorder = new VoiceRecorder();

function recording(on) {
  const words = on ? 'Stop recording and send' : 'Voice message';
  byId('voice').classList.toggle('recording', on);
  byId('voice').title = words;
  byId('voice').ariaLabel = words;
}

async function voice() {
  try {
    if (!recorder.active) {
      await recorder.start();
      recording(true);
      return;
    }
    recording(false);
    await sendBytes('audio', await recorder.stop(), { voice: true });
  } catch (error) {
    recording(false);
    tell(`No microphone: ${error.message}. Choose a recorded file instead.`);
    chooseFile('audio/ogg', () => 'audio');
  }
}

function choosePerson() {
  self = people.has(location.hash.slice(1)) ? location.hash.slice(1) : null;
  write(null);
  tell(null);
  draw();
}

byId('add').onclick = () => void addPerson();
byId('back').onclick = () => { location.hash = ''; };
byId('attach').onclick = (event) => { event.stopPropagation(); openMenu(event.currentTarget, attachments); };
byId('quote-drop').onclick = () => { byId('text').value = ''; write(null); showSend(); };
byId('voice').onclick = () => void voice();
byId('text').oninput = showSend;
byId('text').onkeydown = (event) => {
  if (event.key === 'Escape' && about !== null) byId('quote-drop').click();
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void submit();
};
let scrolledTo = 0;
byId('thread').onscroll = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
  const atEnd = scrollHeight - scrollTop - clientHeight < 90;
  if (atEnd || scrollTop < scrolledTo) followsEnd = atEnd;
  scrolledTo = scrollTop;
};
// Pictures and films get their size only when they are loaded; neither event bubbles.
for (const loaded of ['load', 'loadedmetadata']) byId('thread').addEventListener(loaded, toEnd, true);
byId('menu').addEventListener('keydown', walkMenu);
byId('composer').onsubmit = (event) => { event.preventDefault(); void submit(); };
document.addEventListener('click', (event) => { if (!byId('menu').contains(event.target) && !event.target.closest('.more')) closeMenu(); });
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') closeMenu(); });
document.addEventListener('visibilitychange', () => { drawn = ''; draw(); });
window.addEventListener('hashchange', choosePerson);

await load();
choosePerson();
listen();
