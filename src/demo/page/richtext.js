/**
 * Matrix HTML as DOM: what the specification's list allows (client-server API, "m.room.message", formatted_body) is built
 * anew element by element; of anything else only the text stays.
 */
const allowed = new Set(['del', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'p', 'a', 'ul', 'ol', 'sup', 'sub', 'li', 'b', 'i',
  'u', 'strong', 'em', 's', 'code', 'hr', 'br', 'div', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'caption', 'pre', 'span', 'details', 'summary']);
const dropped = new Set(['mx-reply', 'script', 'style', 'template']);
const maxDepth = 50;

/** Untrusted HTML to a fragment without scripts, styles, handlers or foreign loads. */
export function fromHtml(html) {
  // A parsed document runs nothing and loads nothing.
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const into = document.createDocumentFragment();
  copy(parsed.body, into, 0);
  return into;
}

function copy(from, into, depth) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) into.append(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    const name = node.localName;
    if (dropped.has(name)) continue;
    if (name === 'img') into.append(node.getAttribute('alt') ?? '');
    const element = depth < maxDepth && allowed.has(name) ? into.appendChild(document.createElement(name)) : into;
    if (element !== into) attributes(node, element);
    copy(node, element, depth + 1);
  }
}

function attributes(from, to) {
  const href = from.getAttribute('href');
  if (to.localName === 'a' && href !== null && /^(https?|mailto|magnet|ftp):/i.test(href)) link(to, href);
  if (to.localName === 'span' && from.hasAttribute('data-mx-spoiler')) spoiler(to);
  if (to.localName === 'ol' && /^\d{1,6}$/.test(from.getAttribute('start') ?? '')) to.start = Number(from.getAttribute('start'));
}

function link(anchor, href) {
  anchor.href = href;
  anchor.target = '_blank';
  anchor.rel = 'noreferrer noopener';
  if (href.startsWith('https://matrix.to/#/@')) anchor.className = 'pill';
}

function spoiler(span) {
  span.className = 'spoiler';
  span.tabIndex = 0;
  span.role = 'button';
  span.ariaLabel = 'Spoiler, hidden';
  const toggle = () => { span.ariaLabel = span.classList.toggle('shown') ? null : 'Spoiler, hidden'; };
  span.addEventListener('click', toggle);
  span.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    toggle();
  });
}

/** Plain text, its web addresses made links. */
export function fromText(text) {
  const into = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g)) {
    into.append(text.slice(end, match.index));
    const anchor = into.appendChild(document.createElement('a'));
    link(anchor, match[0]);
    anchor.append(match[0]);
    end = match.index + match[0].length;
  }
  into.append(text.slice(end));
  return into;
}

const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
const marks = [[/\*\*(\S(?:.*?\S)?)\*\*/g, 'strong'], [/~~(\S(?:.*?\S)?)~~/g, 'del'], [/(?<![\w*])\*(\S(?:[^*]*?\S)?)\*(?![\w*])/g, 'em'], [/(?<!\w)_(\S(?:.*?\S)?)_(?!\w)/g, 'em']];

/** `**bold**`, `*italic*`, `_italic_`, `~~gone~~`, `` `code` `` as message content: with formatted_body only when there is any. */
export function textContent(body) {
  const html = body.split('\n').map((row) => row.split(/(`[^`]+`)/).map((part, index) => {
    if (index % 2 === 1) return `<code>${escape(part.slice(1, -1))}</code>`;
    return marks.reduce((text, [pattern, tag]) => text.replace(pattern, `<${tag}>$1</${tag}>`), escape(part));
  }).join('')).join('<br>');
  const plain = escape(body).replaceAll('\n', '<br>') === html;
  return { msgtype: 'm.text', body, ...(!plain && { format: 'org.matrix.custom.html', formatted_body: html }) };
}
