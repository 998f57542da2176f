/** One line of a vCard: its value taken apart at `;` and without escapes, and its first kind (`CELL`, `WORK`). */
export interface Property {
  readonly value: string;
  readonly parts: readonly string[];
  readonly type?: string;
  /** The parameter in which WhatsApp itself names the person behind a number. */
  readonly waid?: string;
}

const LINE = /^(?:[\w-]+\.)?([\w-]+)((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)$/;
/** Kinds that say nothing to a reader. */
const IDLE = /^(?:pref|voice|internet|msg)$/i;

/** RFC 6350 and the versions before it, as phones write them. Names of properties in capitals; the order stays. */
export function readVcard(vcard: string): ReadonlyMap<string, readonly Property[]> {
  const found = new Map<string, Property[]>();
  // A line that begins with a space goes on with the one before.
  for (const line of vcard.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, '').split('\n')) {
    const [, name, parameters = '', raw = ''] = LINE.exec(line) ?? [];
    if (name === undefined || raw.trim() === '') continue;
    const key = name.toUpperCase();
    const list = found.get(key) ?? [];
    found.set(key, list);
    list.push(property(parameters, raw));
  }
  return found;
}

function property(parameters: string, raw: string): Property {
  let kinds: readonly string[] = [];
  let waid: string | undefined;
  for (const parameter of parameters.split(';')) {
    const [name = '', value] = parameter.split('=', 2);
    if (name.toLowerCase() === 'waid' && value) waid = value;
    // Version 2.1 writes the kind bare.
    else if (name !== '' && (value === undefined || name.toLowerCase() === 'type')) kinds = kinds.concat((value ?? name).replaceAll('"', '').split(',', 8));
  }
  const parts = raw.trim().split(/(?<!\\);/).map(unescaped);
  const type = kinds.find((kind) => kind !== '' && !IDLE.test(kind));
  return { value: unescaped(raw.trim()), parts, ...(type !== undefined && { type }), ...(waid !== undefined && { waid }) };
}

function unescaped(text: string): string {
  return text.replace(/\\([nN,;\\:])/g, (_, sign: string) => (sign.toLowerCase() === 'n' ? '\n' : sign)).trim();
}
