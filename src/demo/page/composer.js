import { element } from './dom.js';
import { textContent } from './richtext.js';

/** How often the homeserver is told that somebody still types. */
const typingEveryMs = 4000;

/** The line at the foot of a room: text, files, replies and edits. */
export class Composer {
  #form;
  #draft;
  #context;
  #attempt;
  #sending;
  #account = null;
  #room = null;
  /** `{ kind: 'reply' | 'edit', item }` or null. */
  #about = null;
  #typedAt = 0;

  /** `attempt` runs what a person asked for and tells what goes wrong; `sending` is called when something is sent. */
  constructor({ form, attempt, sending }) {
    this.#form = form;
    this.#attempt = attempt;
    this.#sending = sending;
    this.#draft = form.querySelector('textarea');
    this.#context = form.querySelector('#context');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#draft.addEventListener('keydown', (event) => this.#key(event));
    this.#draft.addEventListener('input', () => this.#input());
    const file = form.querySelector('input[type=file]');
    file.addEventListener('change', () => {
      for (const one of file.files) this.#sendFile(one);
      file.value = '';
    });
  }

  open(account, room) {
    this.#account = account;
    this.#room = room ?? null;
    this.#form.hidden = !room;
  }

  clear() {
    this.#set(null, '');
  }

  reply(item) {
    this.#set({ kind: 'reply', item }, this.#draft.value);
  }

  edit(item) {
    this.#set({ kind: 'edit', item }, String(item.content.body ?? ''));
  }

  #set(about, text) {
    this.#about = about;
    this.#draft.value = text;
    this.#context.hidden = about === null;
    if (about === null) return;
    const words = String(about.item.content.body ?? about.item.event.type).split('\n')[0];
    this.#context.replaceChildren(
      element('span', {}, element('strong', {}, about.kind === 'edit' ? 'Edit ' : 'Reply to '), words),
      element('button', { type: 'button', title: 'Cancel', ariaLabel: 'Cancel', onclick: () => this.clear() }, '✕'));
    this.#draft.focus();
  }

  #key(event) {
    if (event.key === 'Escape') this.clear();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #input() {
    const active = this.#draft.value !== '';
    if (active && Date.now() - this.#typedAt < typingEveryMs) return;
    this.#typedAt = active ? Date.now() : 0;
    this.#account.typing(this.#room.id, active).catch(() => {});
  }

  #submit() {
    const text = this.#draft.value.trim();
    if (text === '') return;
    const about = this.#about;
    const [account, room] = [this.#account, this.#room];
    this.clear();
    this.#typedAt = 0;
    account.typing(room.id, false).catch(() => {});
    this.#sending();
    void this.#attempt(() => account.send(room.id, 'm.room.message', related(textContent(text), about)));
  }

  #sendFile(file) {
    const about = this.#about;
    const [account, room] = [this.#account, this.#room];
    this.#set(null, this.#draft.value);
    this.#sending();
    void this.#attempt(async () => {
      const kind = file.type.split('/')[0];
      const size = kind === 'image' ? await dimensions(file) : {};
      const url = await account.upload(file);
      await account.send(room.id, 'm.room.message', related({
        msgtype: ['image', 'video', 'audio'].includes(kind) ? `m.${kind}` : 'm.file',
        body: file.name, filename: file.name, url, info: { mimetype: file.type || 'application/octet-stream', size: file.size, ...size },
      }, about?.kind === 'reply' ? about : null));
    });
  }
}

function related(content, about) {
  const id = about?.item.event.event_id;
  if (about?.kind === 'reply') return { ...content, 'm.relates_to': { 'm.in_reply_to': { event_id: id } } };
  if (about?.kind === 'edit') return { ...content, body: `* ${content.body}`, 'm.new_content': content, 'm.relates_to': { rel_type: 'm.replace', event_id: id } };
  return content;
}

async function dimensions(file) {
  try {
    const bitmap = await createImageBitmap(file);
    return { w: bitmap.width, h: bitmap.height };
  } catch {
    return {};
  }
}
