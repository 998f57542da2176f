/** `element('p', { className: 'x' }, 'text', child)`: strings become text nodes, null children are left out. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (key === 'key') made.dataset.key = value;
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text that somebody else chose: anything but a string counts as none. */
export const said = (value) => (typeof value === 'string' ? value : '');

/** Puts these children into the parent, moving and replacing only what differs: a player that is moved stops. */
export function place(parent, children) {
  const wanted = new Set(children);
  for (const old of [...parent.children]) if (!wanted.has(old)) old.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

/** Draws anew what holds the focus, and gives it back by `data-key`. */
export function keepingFocus(parent, draw) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  draw();
  if (key !== undefined) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** A round picture of a person or room: the avatar, or the first letter on a colour of its own. */
export function avatar(account, { name, avatar: mxc }) {
  const colour = [...name].reduce((sum, sign) => (sum * 31 + sign.codePointAt(0)) % 360, 7);
  const letter = [...name.replace(/^[^\p{L}\p{N}]+/u, '')][0] ?? '?';
  const made = element('span', { className: 'avatar', ariaHidden: 'true' }, letter.toUpperCase());
  made.style.setProperty('--hue', String(colour));
  if (mxc) {
    account.media(mxc).then((src) => made.replaceChildren(element('img', { src, alt: '' })), () => {});
  }
  return made;
}

export const clock = (time) => new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/**
 * Keeps a list at its end, as long as nobody scrolls up in it: also where a picture or a film gets its size only later.
 * Returns a function that goes there.
 */
export function keptAtEnd(list) {
  let follows = true;
  let before = 0;
  const toEnd = () => {
    if (follows) list.scrollTop = list.scrollHeight;
  };
  list.addEventListener('scroll', () => {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    if (atEnd || list.scrollTop < before) follows = atEnd;
    before = list.scrollTop;
  });
  // Neither bubbles.
  for (const loaded of ['load', 'loadedmetadata']) list.addEventListener(loaded, toEnd, true);
  return ({ always = false } = {}) => {
    follows ||= always;
    requestAnimationFrame(toEnd);
  };
}
