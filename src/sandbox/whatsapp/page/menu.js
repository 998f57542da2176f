import { make } from './thread.js';

/** Menus and dialogs. */

const byId = (id) => document.getElementById(id);

export function openMenu(anchor, entries, emojis = []) {
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

export function closeMenu() {
  const menu = byId('menu');
  if (menu.hidden) return;
  if (menu.contains(document.activeElement)) opener?.focus();
  menu.hidden = true;
  document.querySelectorAll('[aria-expanded]').forEach((element) => element.removeAttribute('aria-expanded'));
}

/** Arrow keys go through the menu, as everywhere. */
export function walkMenu(event) {
  const buttons = [...byId('menu').querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons.at(to % buttons.length)?.focus();
}

/** Fields are `[name, label, value]`. Null when cancelled. */
export async function ask(title, fields) {
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
