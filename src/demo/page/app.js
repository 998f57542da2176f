import { Account } from './account.js';
import { Composer } from './composer.js';
import { avatar, clock, element, keepingFocus, keptAtEnd, place, said } from './dom.js';
import { drawItem, tellReaders } from './message.js';

const byId = (id) => document.getElementById(id);
const session = await (await fetch('session.json')).json();
const accounts = session.users.map((user) => new Account(session.homeserver, user));
let account = accounts[0];
/** Account to the id of the room it looks at. */
const chosen = new Map();
/** Event id to what is drawn of it, for the room on show. */
let drawn = new Map();
/** What was marked read last, so that each event is marked once. */
let marked = '';
const toEnd = keptAtEnd(byId('timeline'));
const composer = new Composer({ form: byId('composer'), attempt, sending: () => toEnd({ always: true }) });

let told = 0;

/** Runs what a person asked for; what goes wrong is told in words. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    tell(error.message);
    clearTimeout(told);
    told = setTimeout(() => tell(''), 8000);
  }
}

function tell(words) {
  byId('notice').textContent = words;
  byId('notice').hidden = words === '';
}

function show(id) {
  chosen.set(account, id);
  drawn = new Map();
  byId('timeline').replaceChildren();
  composer.clear();
  draw([id]);
  toEnd({ always: true });
  byId('draft').focus();
}

function draw(changed) {
  byId('away').hidden = accounts.every((one) => one.answers);
  const rooms = [...account.rooms.values()].sort((a, b) => b.lastTime - a.lastTime);
  if (!account.rooms.has(chosen.get(account)) && rooms[0]) return show(rooms[0].id);
  drawAccounts();
  drawRooms(rooms);
  const room = account.rooms.get(chosen.get(account));
  composer.open(account, room);
  if (!room) return drawEmpty();
  if (changed.includes(room.id)) drawRoom(room);
}

function drawAccounts() {
  keepingFocus(byId('accounts'), () => byId('accounts').replaceChildren(...accounts.map((one) => {
    const open = one.invites.size + [...one.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
    return element('button', {
      type: 'button', key: one.userId, ariaPressed: String(one === account), title: one.userId,
      onclick: () => { account = one; if (chosen.has(one)) show(chosen.get(one)); else draw([]); },
    }, avatar(one, { name: nameOf(one) }), nameOf(one), open > 0 && one !== account ? count(open) : null);
  })));
}

const count = (number) => element('b', { className: 'count', ariaLabel: `${number} new`, role: 'img' }, String(number));

function nameOf(one) {
  const [local] = one.userId.slice(1).split(':');
  return local[0].toUpperCase() + local.slice(1);
}

function drawRooms(rooms) {
  const invites = [...account.invites].map(([id, invite]) => element('li', { className: 'invite' },
    element('span', { className: 'about' }, element('strong', {}, invite.name), element('small', { title: invite.inviter }, `Invitation from ${invite.inviterName}`)),
    element('button', { type: 'button', key: `join ${id}`, ariaLabel: `Join ${invite.name}`, onclick: () => attempt(async () => { await account.join(id); chosen.set(account, id); }) }, 'Join'),
    element('button', { type: 'button', key: `refuse ${id}`, ariaLabel: `Refuse ${invite.name}`, className: 'quiet', onclick: () => attempt(() => account.leave(id)) }, 'No')));
  const joined = rooms.map((room) => element('li', {}, element('button', {
    type: 'button', key: room.id, ariaCurrent: String(room.id === chosen.get(account)), onclick: () => show(room.id),
  }, avatar(account, { name: room.name, avatar: room.state('m.room.avatar')?.url }),
  element('span', { className: 'about' }, element('strong', {}, room.name), element('small', {}, preview(room))),
  element('span', { className: 'meta' }, element('time', {}, clock(room.lastTime)), room.unread > 0 ? count(room.unread) : null))));
  keepingFocus(byId('rooms'), () => byId('rooms').replaceChildren(...invites, ...joined));
}

function preview(room) {
  const last = [...room.items.values()].findLast((item) => item.event.state_key === undefined);
  return !last ? '' : last.redacted ? 'Message deleted' : said(last.content.body).split('\n')[0];
}

function drawEmpty() {
  byId('room-head').replaceChildren();
  byId('typing').textContent = '';
  byId('timeline').replaceChildren(element('li', { className: 'empty' },
    element('strong', {}, 'No conversation yet'),
    element('span', {}, whatNext())));
}

/** The first account owns the bridge's number: who writes to it is brought to that one. */
function whatNext() {
  if (account.invites.size > 0) return 'Join the room that you are invited to.';
  if (account === accounts[0]) return 'Write something on the phone: the bridge makes a room and invites this account.';
  return `${nameOf(accounts[0])} can invite this account into a room: then two people of Matrix speak with one on WhatsApp.`;
}

function drawRoom(room) {
  const topic = said(room.state('m.room.topic')?.topic);
  const absent = accounts.filter((one) => one !== account && !room.others().includes(one.userId));
  byId('room-head').replaceChildren(
    avatar(account, { name: room.name, avatar: room.state('m.room.avatar')?.url }),
    element('span', { className: 'about' }, element('h1', {}, room.name), element('small', {}, topic || room.others().map((user) => room.member(user).name).join(', '))),
    ...(room.networks.length > 0 ? absent : []).map((one) => element('button', { type: 'button', className: 'invites', onclick: () => attempt(() => account.invite(room.id, one.userId)) }, `Invite ${nameOf(one)}`)),
    ...room.networks.map((name) => element('span', { className: 'network' }, name)));
  byId('typing').textContent = room.typing.length === 0 ? '' : `${room.typing.map((user) => room.member(user).name).join(', ')} ${room.typing.length > 1 ? 'are' : 'is'} typing …`;
  drawTimeline(byId('timeline'), room);
  toEnd();
  markRead();
}

/** Draws again only what changed, so that players go on playing and pictures do not flicker. */
function drawTimeline(list, room) {
  const rows = [];
  let before = null;
  for (const [id, item] of room.items) {
    const joined = before !== null && before.event.sender === item.event.sender && before.event.state_key === undefined
      && item.event.origin_server_ts - before.event.origin_server_ts < 5 * 60_000;
    const known = drawn.get(id);
    const row = known?.version === item.version && known.joined === joined ? known.row : drawSafely(item, { account, room, joined, actions });
    drawn.set(id, { version: item.version, joined, row });
    if (!row) continue;
    tellReaders(row, item, room);
    rows.push(row);
    before = item;
  }
  place(list, rows);
}

/** Anybody can send any content: an event that cannot be drawn must not keep the others from being. */
function drawSafely(item, context) {
  try {
    return drawItem(item, context);
  } catch {
    return element('li', { className: 'state' }, 'A message that cannot be shown');
  }
}

const actions = {
  reply: (item) => composer.reply(item),
  edit: (item) => composer.edit(item),
  remove: (item) => attempt(() => account.redact(chosen.get(account), item.event.event_id)),
  react(item, key) {
    const [own] = [...item.reactions].find(([, reaction]) => reaction.sender === account.userId && reaction.key === key) ?? [];
    const room = chosen.get(account);
    if (own) return attempt(() => account.redact(room, own));
    return attempt(() => account.send(room, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: item.event.event_id, key } }));
  },
};

function markRead() {
  const room = account.rooms.get(chosen.get(account));
  const last = room?.last?.event.event_id;
  if (!last || marked === account.userId + last || !document.hasFocus()) return;
  marked = account.userId + last;
  account.markRead(room.id, last).catch(() => {});
}

/** One frame a network: what stands in one that is not on show goes on. */
function drawPhones(shown) {
  byId('networks').hidden = session.phones.length < 2;
  byId('networks').replaceChildren(...session.phones.map(({ name }) => element('button', {
    type: 'button', ariaPressed: String(name === shown), onclick: () => drawPhones(name),
  }, name)));
  for (const frame of byId('phones').children) frame.hidden = frame.dataset.network !== shown;
}
byId('phones').replaceChildren(...session.phones.map(({ name, url }, index) => {
  const frame = element('iframe', { title: `Somebody on ${name}`, allow: 'microphone', src: url });
  frame.id = index === 0 ? 'phone' : `phone-${index}`;
  frame.dataset.network = name;
  return frame;
}));
drawPhones(session.phones[0]?.name);
byId('bot').hidden = !session.bot;
byId('bot').addEventListener('click', () => void attempt(async () => show(await account.talkTo(session.bot))));
for (const one of accounts) {
  one.addEventListener('change', ({ detail }) => draw(one === account ? detail : []));
  void one.follow();
}
addEventListener('focus', () => markRead());
draw([]);
