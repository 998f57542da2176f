import type { ContactCard, ContactsContent } from '../../../model/content.ts';
import { at, defined, list, str } from '../../meta-graph/json.ts';

/** …/whatsapp/cloud-api/webhooks/reference/messages/contacts; `vcard` as in …/business-scoped-user-ids. Every field may be missing. */
export function decodeContacts(message: unknown): ContactsContent | undefined {
  const contacts = list(message, 'contacts').map(card);
  return contacts.length === 0 ? undefined : { kind: 'contacts', contacts };
}

function card(contact: unknown): ContactCard {
  const vcard = str(contact, 'vcard') ?? '';
  const listed = list(contact, 'phones').flatMap((phone) => {
    const person = str(phone, 'wa_id') ?? str(phone, 'user_id');
    const value = str(phone, 'phone') ?? person;
    return value === undefined ? [] : [defined({ value, type: str(phone, 'type'), person })];
  });
  const phones = listed.length > 0 ? listed : fromVcard(vcard, 'TEL').map((value) => ({ value }));
  const mails = values(contact, 'emails', 'email');
  const emails = mails.length > 0 ? mails : fromVcard(vcard, 'EMAIL').map((value) => ({ value }));
  return defined({
    name: nameOf(contact) ?? fromVcard(vcard, 'FN')[0] ?? str(contact, 'org', 'company') ?? phones[0]?.value ?? emails[0]?.value ?? '?',
    organization: joined(at(contact, 'org'), ['company', 'department'], ', '),
    title: str(contact, 'org', 'title'),
    birthday: str(contact, 'birthday'),
    phones,
    emails,
    urls: values(contact, 'urls', 'url'),
    addresses: list(contact, 'addresses').flatMap((address) => {
      const value = joined(address, ['street', 'city', 'state', 'zip', 'country'], ', ') ?? str(address, 'country_code');
      return value === undefined ? [] : [defined({ value, type: str(address, 'type') })];
    }),
  });
}

function nameOf(contact: unknown): string | undefined {
  return (
    str(contact, 'name', 'formatted_name') ??
    joined(at(contact, 'name'), ['prefix', 'first_name', 'middle_name', 'last_name', 'suffix'], ' ')
  );
}

/** Values of one property (RFC 6350), with or without a group before its name; `tel:` of version 4 is left out. */
function fromVcard(vcard: string, property: string): readonly string[] {
  const lines = vcard.matchAll(new RegExp(String.raw`^(?:[\w-]+\.)?${property}(?:;[^:\r\n]*)?:(.+)$`, 'gim'));
  return [...lines].flatMap(([, value]) => value?.trim().replace(/^tel:/i, '') || []);
}

function values(contact: unknown, key: string, name: string): readonly { value: string; type?: string }[] {
  return list(contact, key).flatMap((each) => {
    const value = str(each, name);
    return value === undefined ? [] : [defined({ value, type: str(each, 'type') })];
  });
}

function joined(value: unknown, keys: readonly string[], separator: string): string | undefined {
  const found = keys.flatMap((key) => str(value, key) ?? []);
  return found.length === 0 ? undefined : found.join(separator);
}
