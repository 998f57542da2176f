import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** One application service, as the homeserver is told of it. */
export interface ServiceRegistration {
  readonly id: string;
  /** Where the homeserver sends transactions. */
  readonly url: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly senderLocalpart: string;
  /** Every ghost's localpart starts with it, every alias too. */
  readonly prefix: string;
}

export const newToken = (): string => randomBytes(24).toString('hex');

/** Writes the registration file (application service API, "Registration"; the other keys opt in to experimental features). */
export async function writeRegistration(path: string, service: ServiceRegistration, serverName: string): Promise<void> {
  const names = (sigil: string): string => `${sigil}${literal(service.prefix)}.*:${literal(serverName)}`;
  const content = {
    id: service.id,
    url: service.url,
    as_token: service.asToken,
    hs_token: service.hsToken,
    sender_localpart: service.senderLocalpart,
    rate_limited: false,
    protocols: ['rocketchat', 'slack', 'telegram', 'whatsapp'],
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    'org.matrix.msc3202': true,
    'io.element.msc4190': true,
    namespaces: {
      users: [{ exclusive: true, regex: names('@') }],
      aliases: [{ exclusive: true, regex: names('#') }],
      rooms: [],
    },
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, stringify(content), { mode: 0o600 });
}

/** A text as a regular expression that fits only itself. */
const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
