import { element, messageElement } from './message.js';

/** One is the person named behind `#`, in the conversation behind the slash: `#U0…/C0…`. */
const byId = (id) => document.getElementById(id);
let state = { people: [], channels: [], team: {}, sockets: 0 };
let [me = '', here = ''] = location.hash.slice(1).split('/');
/** What the next message is to: a thread to answer in, or a message to change. */
let context = null;

/** Work that takes its time; what goes wrong in it is said below the field. */
function on(id, type, work) {
  byId(id).addEventListener(type, (event) => void work(event).catch((error) => {
    byId('error').textContent = error.message;
  }));
}

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const result = await answer.json();
  if (!answer.ok) throw new Error(result.error ?? 'It did not work.');
  return result;
}

const names = (id) => {
  const found = state.people.find((person) => person.id === id);
  return found?.profile.display_name || found?.real_name || id;
};

async function act(action, more = {}) {
  try {
    byId('error').textContent = '';
    const { result } = await ask(`/_sandbox/people/${me}/send`, { action, ...more });
    return result;
  } catch (error) {
    byId('error').textContent = error.message;
    return undefined;
  }
}

function onMessage(what, message, more = {}) {
  const one = { channel: here, ts: message.ts };
  if (what === 'thread') setContext({ kind: 'thread', ts: message.thread_ts ?? message.ts, words: 'Answering in a thread' });
  else if (what === 'edit') {
    setContext({ kind: 'edit', ts: message.ts, words: 'Changing a message' });
    byId('text').value = message.text;
  } else void act(what, { ...one, ...more });
}

function setContext(next) {
  context = next;
  byId('context').hidden = next === null;
  byId('context').querySelector('span').textContent = next?.words ?? '';
  byId('text').focus();
}

async function refresh() {
  state = await ask(`/_sandbox/state?as=${encodeURIComponent(me)}`);
  const people = state.people.filter((person) => !person.is_bot);
  if (!people.some((person) => person.id === me)) me = people[0]?.id ?? '';
  byId('team').textContent = state.team.name;
  byId('me').replaceChildren(...people.map((person) => element('option', { value: person.id, selected: person.id === me }, names(person.id))));
  byId('wire').textContent = state.sockets > 0 ? `The app listens over ${state.sockets} socket${state.sockets > 1 ? 's' : ''}.` : 'The app does not listen over a socket.';
  const channels = state.channels.filter((channel) => !channel.is_im && (!channel.is_private || channel.members.includes(me)));
  byId('channels').replaceChildren(...channels.map((channel) => entry(channel.id, `${channel.is_private ? '🔒' : '#'} ${channel.name}`)));
  const direct = (person) => state.channels.find((channel) => channel.is_im && channel.members.includes(me) && channel.members.includes(person.id));
  byId('people').replaceChildren(...state.people.filter((person) => person.id !== me).map((person) => {
    const chat = direct(person);
    return element('li', {}, element('button', { type: 'button', 'aria-current': String(chat !== undefined && chat.id === here), onclick: async () => go((await act('direct', { user: person.id })) ?? here) }, names(person.id)));
  }));
  await show();
}

function entry(id, name) {
  return element('li', {}, element('button', { type: 'button', 'aria-current': String(id === here), onclick: () => go(id) }, name));
}

function go(id) {
  here = id;
  setContext(null);
  void refresh();
}

async function show() {
  history.replaceState(null, '', `#${me}/${here}`);
  const channel = state.channels.find((each) => each.id === here);
  byId('acts').hidden = channel === undefined || channel.is_im;
  byId('say').hidden = channel === undefined;
  if (channel === undefined) return;
  const other = channel.is_im ? channel.members.find((member) => member !== me) : undefined;
  byId('title').textContent = channel.is_im ? names(other ?? me) : `#${channel.name}${channel.is_archived ? ' (archived)' : ''}`;
  byId('topic').textContent = channel.topic?.value ?? '';
  byId('join').textContent = channel.members.includes(me) ? 'Leave' : 'Join';
  byId('archive').textContent = channel.is_archived ? 'Unarchive' : 'Archive';
  const list = byId('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const messages = await ask(`/_sandbox/messages?channel=${encodeURIComponent(here)}`);
  // A thread stands below its first message.
  const order = (message) => `${message.thread_ts ?? message.ts} ${message.ts}`;
  messages.sort((left, right) => (order(left) < order(right) ? -1 : 1));
  list.replaceChildren(...messages.map((message) => messageElement(message, { me, names, act: onMessage, pinned: channel.pins.includes(message.ts) })));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

byId('me').addEventListener('change', (event) => {
  me = event.target.value;
  void refresh();
});
byId('nocontext').addEventListener('click', () => setContext(null));
on('newcomer', 'click', async () => {
  const name = prompt('What is their name?');
  if (name) {
    me = (await ask('/_sandbox/people', { name, realName: name })).id;
    await refresh();
  }
});
on('newchannel', 'click', async () => {
  const name = prompt('Name of the channel (small letters, digits, dashes)');
  if (name) go((await ask('/_sandbox/channels', { name, members: [me] })).id);
});
byId('join').addEventListener('click', () => void act(byId('join').textContent === 'Leave' ? 'leave' : 'join', { channel: here }));
byId('settopic').addEventListener('click', () => {
  const topic = prompt('Topic', byId('topic').textContent);
  if (topic !== null) void act('topic', { channel: here, topic });
});
byId('rename').addEventListener('click', () => {
  const name = prompt('New name');
  if (name) void act('rename', { channel: here, name });
});
byId('archive').addEventListener('click', () => void act('archive', { channel: here, archived: byId('archive').textContent === 'Archive' }));
on('say', 'submit', async (event) => {
  event.preventDefault();
  const text = byId('text').value.trim();
  if (text === '') return;
  byId('text').value = '';
  if (context?.kind === 'edit') await act('edit', { channel: here, ts: context.ts, text });
  else if (text.startsWith('/me ')) await act('emote', { channel: here, text: text.slice(4) });
  else await act('text', { channel: here, text, ...(context?.kind === 'thread' ? { thread: context.ts } : {}) });
  setContext(null);
});
byId('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId('say').requestSubmit();
});
on('file', 'change', async () => {
  const [file] = byId('file').files;
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  for (let at = 0; at < bytes.length; at += 32_768) binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  await act('file', { channel: here, name: file.name, data: btoa(binary), ...(byId('text').value.trim() === '' ? {} : { text: byId('text').value.trim() }) });
  byId('text').value = '';
  byId('file').value = '';
});
addEventListener('hashchange', () => {
  [me = '', here = ''] = location.hash.slice(1).split('/');
  void refresh();
});

let waiting = false;
new EventSource('/_sandbox/events').addEventListener('message', () => {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    void refresh();
  }, 60);
});
void refresh();
