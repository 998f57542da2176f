import type { ContactCard, ContactsContent } from '../../../model/content.ts';
import { at, defined, list, str } from '../../shared/json.ts';
import { readVcard, type Property } from './vcard.ts';

/** …/whatsapp/cloud-api/webhooks/reference/messages/contacts; `vcard` as in …/business-scoped-user-ids. Every field may be missing. */
export function decodeContacts(message: unknown): ContactsContent | undefined {
  const contacts = list(message, 'contacts').map(card);
  return contacts.length === 0 ? undefined : { kind: 'contacts', contacts };
}

type Card = ReadonlyMap<string, readonly Property[]>;

/** What the fields say goes before what the vCard beside them says. */
function card(contact: unknown): ContactCard {
  const vcard = readVcard(str(contact, 'vcard') ?? '');
  const phones = or(phonesOf(contact), of(vcard, 'TEL').map(({ value, type, waid }) => defined({ value: value.replace(/^tel:/i, ''), type, person: waid })));
  const emails = or(values(contact, 'emails', 'email'), typed(vcard, 'EMAIL'));
  const ims = or(list(contact, 'ims').flatMap((each) => named(str(each, 'user_id') ?? str(each, 'user'), str(each, 'service') ?? str(each, 'type'))), typed(vcard, 'IMPP'));
  const company = joined(at(contact, 'org'), ['company', 'department'], ', ') ?? parted(vcard, 'ORG', ', ');
  return defined({
    name: nameOf(contact) ?? first(vcard, 'FN') ?? nameIn(vcard) ?? company ?? phones[0]?.value ?? emails[0]?.value ?? '?',
    organization: company,
    title: str(contact, 'org', 'title') ?? first(vcard, 'TITLE'),
    birthday: str(contact, 'birthday') ?? first(vcard, 'BDAY'),
    phones,
    emails,
    urls: or(values(contact, 'urls', 'url'), typed(vcard, 'URL')),
    addresses: or(addressesOf(contact), of(vcard, 'ADR').flatMap(({ parts, type }) => named(parts.filter((part) => part !== '').join(', '), type))),
    ims: ims.length > 0 ? ims : undefined,
    note: str(contact, 'note') ?? first(vcard, 'NOTE'),
  });
}

type Typed = ContactCard['emails'][number];

function phonesOf(contact: unknown): ContactCard['phones'] {
  return list(contact, 'phones').flatMap((phone) => {
    const person = str(phone, 'wa_id') ?? str(phone, 'user_id');
    const value = str(phone, 'phone') ?? person;
    return value === undefined ? [] : [defined({ value, type: str(phone, 'type'), person })];
  });
}

function addressesOf(contact: unknown): readonly Typed[] {
  return list(contact, 'addresses').flatMap((address) =>
    named(joined(address, ['street', 'city', 'state', 'zip', 'country'], ', ') ?? str(address, 'country_code'), str(address, 'type')));
}

function nameOf(contact: unknown): string | undefined {
  return (
    str(contact, 'name', 'formatted_name') ??
    joined(at(contact, 'name'), ['prefix', 'first_name', 'middle_name', 'last_name', 'suffix'], ' ')
  );
}

/** `N` has the family name first: family, given, more names, prefixes, suffixes. */
function nameIn(vcard: Card): string | undefined {
  const [family, given, more, prefix, suffix] = vcard.get('N')?.[0]?.parts ?? [];
  return [prefix, given, more, family, suffix].filter((part) => part !== undefined && part !== '').join(' ') || undefined;
}

function of(vcard: Card, property: string): readonly Property[] {
  return vcard.get(property) ?? [];
}

function first(vcard: Card, property: string): string | undefined {
  return of(vcard, property)[0]?.value;
}

function parted(vcard: Card, property: string, separator: string): string | undefined {
  return of(vcard, property)[0]?.parts.filter((part) => part !== '').join(separator) || undefined;
}

function typed(vcard: Card, property: string): readonly Typed[] {
  return of(vcard, property).flatMap(({ value, type }) => named(value, type));
}

function values(contact: unknown, key: string, name: string): readonly Typed[] {
  return list(contact, key).flatMap((each) => named(str(each, name), str(each, 'type')));
}

function named(value: string | undefined, type: string | undefined): readonly Typed[] {
  return value === undefined || value === '' ? [] : [defined({ value, type })];
}

function or<T>(listed: readonly T[], other: readonly T[]): readonly T[] {
  return listed.length > 0 ? listed : other;
}

function joined(value: unknown, keys: readonly string[], separator: string): string | undefined {
  const found = keys.flatMap((key) => str(value, key) ?? []);
  return found.length === 0 ? undefined : found.join(separator);
}
