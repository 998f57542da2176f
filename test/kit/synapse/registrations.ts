import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { puppetRegistrationPath } from '../../../src/config/registration.ts';
import { freePort } from '../../../src/demo/synapse/ports.ts';
import { newToken, writeRegistration, type ServiceRegistration } from '../../../src/demo/synapse/registration.ts';
import { buildPuppetRegistration } from '../../../src/matrix/appservice/registration.ts';

/** One application service that the homeserver was started with; a test file's bridge takes it over whole. */
export interface BridgeSlot extends ServiceRegistration {
  readonly registrationFile: string;
  /** Where the bridge has to listen on 127.0.0.1 for the homeserver. */
  readonly port: number;
}

/** One for all bridges: to Synapse each more is as many events to look at again. */
export const puppetFile = (dir: string): string => join(dir, 'doublepuppet.yaml');

/**
 * Writes `count` registrations into `dir`, ids `bridge0`, `bridge1`, …, none of which overlaps another, and one for double puppets that
 * stands beside each.
 */
export async function writeRegistrations(dir: string, serverName: string, count: number): Promise<BridgeSlot[]> {
  const puppets = buildPuppetRegistration({ id: 'doublepuppet', asToken: newToken(), hsToken: newToken(), senderLocalpart: 'doublepuppet-nobody', domain: serverName });
  await mkdir(dir, { recursive: true });
  await writeFile(puppetFile(dir), JSON.stringify(puppets), { mode: 0o600 });
  const slots: BridgeSlot[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = `bridge${index}`;
    const port = await freePort();
    const slot: BridgeSlot = {
      id, port,
      registrationFile: join(dir, `${id}.yaml`),
      url: `http://127.0.0.1:${port}`,
      asToken: newToken(), hsToken: newToken(),
      senderLocalpart: `${id}bot`,
      prefix: `${id}_`,
    };
    await writeRegistration(slot.registrationFile, slot, serverName);
    await copyFile(puppetFile(dir), puppetRegistrationPath(slot.registrationFile));
    slots.push(slot);
  }
  return slots;
}
