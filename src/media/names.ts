import { normalise } from './sniff.ts';

const MAX_BYTES = 255;
const MAX_EXTENSION = 32;

/** The first is what a name gets; the others are taken as they are. IANA's registrations and common use. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'], 'image/png': ['png'], 'image/apng': ['png', 'apng'], 'image/gif': ['gif'],
  'image/webp': ['webp'], 'image/avif': ['avif'], 'image/heic': ['heic', 'heif'], 'image/heif': ['heif', 'heic'],
  'image/tiff': ['tiff', 'tif'], 'image/bmp': ['bmp'], 'image/x-icon': ['ico'], 'image/svg+xml': ['svg'],
  'video/mp4': ['mp4', 'm4v'], 'video/webm': ['webm'], 'video/quicktime': ['mov', 'qt'], 'video/3gpp': ['3gp', '3gpp'],
  'video/matroska': ['mkv'], 'video/vnd.avi': ['avi'], 'video/mpeg': ['mpg', 'mpeg'], 'video/ogg': ['ogv'], 'video/x-flv': ['flv'],
  'audio/mpeg': ['mp3', 'mpga'], 'audio/mp4': ['m4a', 'mp4'], 'audio/aac': ['aac'], 'audio/ogg': ['ogg', 'oga', 'opus'],
  'audio/ogg; codecs=opus': ['ogg', 'opus', 'oga'], 'audio/wav': ['wav'], 'audio/flac': ['flac'], 'audio/amr': ['amr'],
  'audio/webm': ['webm', 'weba'], 'audio/x-caf': ['caf'], 'audio/midi': ['mid', 'midi'],
  'application/pdf': ['pdf'], 'text/html': ['html', 'htm', 'xhtml'], 'text/vcard': ['vcf'], 'text/calendar': ['ics'],
  'application/x-msdownload': ['exe', 'dll', 'scr', 'com', 'sys', 'msi'], 'application/x-elf': ['elf', 'so', 'bin', 'o'],
  'application/x-mach-binary': ['macho', 'dylib'], 'application/vnd.android.package-archive': ['apk'],
  'application/java-archive': ['jar', 'war'], 'application/java-vm': ['class'], 'application/wasm': ['wasm'],
  'application/x-ms-shortcut': ['lnk'], 'application/x-deb': ['deb'], 'application/x-rpm': ['rpm'],
  'application/zip': ['zip'], 'application/gzip': ['gz', 'tgz'], 'application/x-7z-compressed': ['7z'],
  'application/x-rar-compressed': ['rar'], 'application/rtf': ['rtf'], 'text/plain': ['txt'],
};

/** A container or plain text under which many honest extensions live. */
const GENERIC = new Set([
  'application/octet-stream', 'text/plain', 'application/zip', 'application/x-cfb', 'application/xml', 'application/gzip',
]);

const MEDIA_EXTENSIONS = new Set(Object.entries(EXTENSIONS)
  .filter(([mime]) => /^(image|video|audio)\//.test(mime) && !mime.endsWith('+xml'))
  .flatMap(([, extensions]) => extensions));

/** Line and paragraph ends, controls, lone surrogates, and formatting characters: among them those that turn the direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Reserved on Windows whatever the extension (Microsoft, "Naming Files, Paths, and Namespaces"). */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/**
 * Makes a file name that is safe to show, to hand to a network and to save on any system: no path, no invisible or
 * direction characters, no reserved name, at most 255 bytes, never empty. Its extension tells the true type: where name
 * and type disagree the type's is put in place (media) or added (anything else), so that no program passes for a picture.
 * @param mime what the bytes were found to be, see `sniff`; undefined leaves the extension as it is
 * @param fallback used where nothing is left of the name
 */
export function cleanName(name: string | undefined, mime: string | undefined, fallback: string): string {
  const plain = [name ?? '', fallback, 'file'].map(strip).find((text) => text !== '') ?? 'file';
  const typed = mime === undefined ? plain : withTrueExtension(plain, normalise(mime) ?? 'application/octet-stream');
  return shorten(RESERVED.test(typed) ? `_${typed}` : typed);
}

function strip(name: string): string {
  // Far beyond what can be kept; bounds the work on a hostile name.
  const segments = name.slice(-4096).normalize('NFC').replace(UNSEEN, '').split(/[/\\]/);
  const last = segments.map(trim).findLast((segment) => segment !== '') ?? '';
  return trim(last.replace(/[<>:"|?*]/g, '_'));
}

/** Leading dots hide a file; trailing dots and spaces are dropped by Windows, which would uncover another extension. */
function trim(name: string): string {
  return name.replace(/^[.\s]+/, '').replace(/[.\s]+$/, '');
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 && Buffer.byteLength(name.slice(dot + 1)) <= MAX_EXTENSION ? name.slice(dot + 1) : '';
}

function withTrueExtension(name: string, mime: string): string {
  const given = extensionOf(name).toLowerCase();
  const known = EXTENSIONS[mime];
  if (known?.includes(given)) return name;
  const isMedia = MEDIA_EXTENSIONS.has(given);
  if (GENERIC.has(mime) || known === undefined) {
    const wanted = known?.[0] ?? 'bin';
    return isMedia || (given === '' && known !== undefined) ? `${name}.${wanted}` : name;
  }
  const wanted = known[0] ?? 'bin';
  return isMedia && MEDIA_EXTENSIONS.has(wanted) ? `${name.slice(0, -given.length)}${wanted}` : `${name}.${wanted}`;
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const extension = extensionOf(name);
  const tail = extension === '' ? '' : `.${extension}`;
  let stem = '';
  let left = MAX_BYTES - Buffer.byteLength(tail);
  for (const character of name.slice(0, name.length - tail.length)) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    stem += character;
  }
  return `${stem.replace(/[.\s]+$/, '')}${tail}`;
}
