import { ask, closeMenu, openMenu, walkMenu } from './menu.js';
import { drawMessage, isShown, make, place, summary, tellTicks } from './thread.js';
import { VoiceRecorder } from './voice.js';

const byId = (id) => document.getElementById(id);
const people = new Map();
const groups = new Map();
const messages = new Map();
const seen = new Map();
let business = { name: '', number: '' };
/** Key of the person one is. */
let self = null;
/** Id of the group whose chat is open; null: the chat with the business. */
let inGroup = null;
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
  know(state);
  for (const message of await call('GET', '/_sandbox/messages')) messages.set(message.id, message);
  draw();
}

function know(state) {
  for (const person of state.people) people.set(person.key, person);
  for (const group of state.groups) groups.set(group.id, group);
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
    } else if (event.kind === 'person' || event.kind === 'group') {
      know(await call('GET', '/_sandbox/state'));
    }
    draw();
  };
}

const conversation = (key, group = null) => [...messages.values()].filter((message) => (group === null ? message.person === key && message.group === null : message.group === group) && isShown(message)).sort((one, other) => one.seq - other.seq);
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
  const rows = [...people.values()].flatMap((person) => [
    chatRow(person, null, person.name, address(person)),
    ...[...groups.values()].filter(({ members, deleted }) => !deleted && members.includes(person.key)).map((group) => chatRow(person, group, group.subject, `${person.name} and ${group.members.length} in the group`)),
  ]);
  const list = byId('people-list');
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...rows);
  if (focused !== undefined) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** One chat on one phone: with the business, or a group. */
function chatRow(person, group, title, hint) {
  const key = group === null ? person.key : `${person.key}@${group.id}`;
  const thread = conversation(person.key, group?.id ?? null);
  const last = thread.at(-1);
  const unread = thread.filter((message) => message.from === 'business' && !['read', 'played'].includes(message.status) && message.seq > (seen.get(key) ?? 0)).length;
  const isOpen = key === openKey();
  const badge = unread > 0 && !isOpen ? make('span', { className: 'badge', role: 'img', 'aria-label': `${unread} new` }, String(unread)) : null;
  const text = make('span', { className: 'two' }, make('strong', {}, group === null ? title : `👥 ${title}`), make('span', { className: 'last' }, last ? summary(last) : hint));
  const open = () => { location.hash = key; };
  const button = make('button', { type: 'button', onclick: open, ...(isOpen ? { 'aria-current': 'true' } : {}) }, make('span', { className: 'avatar', 'aria-hidden': 'true' }, initials(title)), text, badge);
  button.dataset.key = key;
  return make('li', {}, button);
}

const openKey = () => (inGroup === null ? self : `${self}@${inGroup}`);

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
  const group = groups.get(inGroup);
  byId('business').textContent = group?.subject ?? business.name;
  byId('avatar').textContent = initials(group?.subject ?? business.name);
  const typing = group ? 0 : person.typingUntil - Date.now();
  byId('subtitle').textContent = typing > 0 ? 'typing…' : `you are ${person.name} · ${address(person)}`;
  if (typing > 0) setTimeout(draw, typing + 50);
  const thread = conversation(self, inGroup);
  const state = JSON.stringify([openKey(), thread, group]);
  if (state === drawn) return;
  drawn = state;
  drawRows(thread);
  readIfSeen(thread);
}

/** Id to what is drawn of a message, and of what. */
let rowsDrawn = new Map();

/** Who is meant by whom in one message; `self` is whose phone this is. */
function namesFor(message) {
  return { business: business.name, self, author: people.get(message.person)?.name ?? message.person, pinned: groups.get(message.group)?.pins.includes(message.id) ?? false };
}

function drawRow(message, gap) {
  const target = message.replyTo === null ? undefined : messages.get(message.replyTo);
  const names = namesFor(message);
  const state = JSON.stringify([{ ...message, status: null }, gap, names, target?.body, target?.revoked]);
  const known = rowsDrawn.get(message.id);
  const drawnRow = known?.state === state ? known : { state, row: drawSafely(message, names, gap) };
  tellTicks(drawnRow.row, message);
  return drawnRow;
}

/** Anything can come over the API: a message that cannot be drawn must not keep the others from being. */
function drawSafely(message, names, gap) {
  try {
    return drawMessage(message, messages, names, { press, menu: messageMenu }, gap);
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
  const atEnd = followsEnd || list.scrollHeight - list.scrollTop - list.clientHeight < 90 || list.dataset.person !== openKey();
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
    const drawnNow = drawRow(message, before?.from !== message.from || (message.from === 'person' && before.person !== message.person));
    next.set(message.id, drawnNow);
    rows.push(drawnNow.row);
    before = message;
  }
  rowsDrawn = next;
  place(list, rows);
  list.dataset.person = openKey();
  followsEnd = atEnd;
  toEnd();
}

/** An open chat is a read chat. */
function readIfSeen(thread) {
  const last = thread.findLast((message) => message.from === 'business');
  if (!last || document.hidden || (seen.get(openKey()) ?? 0) >= last.seq) return;
  seen.set(openKey(), last.seq);
  setTimeout(() => void act('read', there()), 400);
}

// Writing.

function write(mode, message) {
  about = mode ? { mode, message } : null;
  byId('quote').hidden = about === null;
  if (!about) return;
  const { author } = namesFor(message);
  byId('quote-who').textContent = mode === 'edit' ? 'Edit' : message.from === 'business' ? business.name : message.person === self ? 'You' : author;
  byId('quote-text').textContent = summary(message);
  if (mode === 'edit') byId('text').value = message.type === 'text' ? message.body.body : (message.body.caption ?? '');
  showSend();
  byId('text').focus();
}

const there = () => (inGroup === null ? {} : { in: inGroup });
const quoting = () => ({ ...(about?.mode === 'reply' ? { replyTo: about.message.id } : {}), ...there() });

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
/** Groups take texts and files only. */
const groupAttachments = [...attachments.slice(0, 4), ['🚪 Leave the group', () => act('leave', { group: inGroup })]];

function press(message, index) {
  void act('press', { messageId: message.id, choice: index });
}

function messageMenu(message, anchor) {
  const react = (emoji) => () => act('react', { messageId: message.id, emoji });
  const emojis = ['👍', '❤️', '😂', '😮', '😢', '🙏'].map((emoji) => [emoji, react(emoji)]);
  if (message.group !== null) return openMenu(anchor, [['↩ Reply', () => write('reply', message)]]);
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

// Whom one is.

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

/** The business makes it, and whoever has a phone here comes in by its link; eight at most. */
async function addGroup() {
  const given = await ask('A group that the business makes', [['subject', 'Name', 'Garden']]);
  if (!given) return;
  try {
    const group = await call('POST', '/_sandbox/groups', { ...given, members: [...people.keys()].slice(0, 8) });
    groups.set(group.id, group);
    draw();
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
  const [key, group] = location.hash.slice(1).split('@');
  self = people.has(key) ? key : null;
  inGroup = self !== null && groups.get(group)?.members.includes(self) ? group : null;
  write(null);
  tell(null);
  draw();
}

byId('add').onclick = () => void addPerson();
byId('add-group').onclick = () => void addGroup();
byId('back').onclick = () => { location.hash = ''; };
byId('attach').onclick = (event) => { event.stopPropagation(); openMenu(event.currentTarget, inGroup === null ? attachments : groupAttachments); };
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
