import type { ContactCard } from '../../../model/content.ts';
import { cleanText } from '../../../text/clean.ts';

type Entry = { readonly value: string; readonly type?: string };

/** What a vCard says beside name and number (RFC 6350; Telegram hands on versions 3 and 2.1 as well). Takes anything. */
export function vcard(text: string): Omit<ContactCard, 'name'> & { readonly name?: string } {
  const lines = cleanText(text.slice(0, 16_384)).replace(/\n[ \t]/g, '').split('\n').slice(0, 200);
  const found = { phones: [] as Entry[], emails: [] as Entry[], urls: [] as Entry[], addresses: [] as Entry[] };
  const single: { name?: string; organization?: string; title?: string; birthday?: string } = {};
  for (const line of lines) {
    const parts = /^(?:[\w-]+\.)?([\w-]+)((?:;[^:]*)?):(.*)$/.exec(line);
    if (parts === null) continue;
    const value = unescaped(parts[3] ?? '');
    if (value === '') continue;
    const type = /;(?:type=)?"?([a-z]+)/i.exec((parts[2] ?? '').replace(/;(?:charset|encoding|value|pref)[^;]*/gi, ''))?.[1]?.toLowerCase();
    const entry = type === undefined ? { value } : { value, type };
    switch (parts[1]?.toUpperCase()) {
      case 'FN': single.name ??= value; break;
      case 'TEL': found.phones.push({ ...entry, value: value.replace(/^tel:/i, '') }); break;
      case 'EMAIL': found.emails.push(entry); break;
      case 'URL': found.urls.push(entry); break;
      case 'ADR': found.addresses.push({ ...entry, value: value.split(';').map((part) => part.trim()).filter(Boolean).join(', ') }); break;
      case 'ORG': single.organization ??= value.split(';').filter(Boolean).join(', '); break;
      case 'TITLE': single.title ??= value; break;
      case 'BDAY': single.birthday ??= value; break;
      default:
    }
  }
  return { ...single, ...found };
}

function unescaped(value: string): string {
  return value.replace(/\\([nN,;\\])/g, (_whole, sign: string) => (sign === 'n' || sign === 'N' ? ' ' : sign)).trim();
}
