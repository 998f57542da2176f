import { join } from 'node:path';
import { freePort } from '../../../src/demo/synapse/ports.ts';
import { newToken, writeRegistration, type ServiceRegistration } from '../../../src/demo/synapse/registration.ts';

/** One application service that the homeserver was started with; a test file's bridge takes it over whole. */
export interface BridgeSlot extends ServiceRegistration {
  readonly registrationFile: string;
  /** Where the bridge has to listen on 127.0.0.1 for the homeserver. */
  readonly port: number;
}

/** Writes `count` registrations into `dir`, ids `bridge0`, `bridge1`, …, none of which overlaps another. */
export async function writeRegistrations(dir: string, serverName: string, count: number): Promise<BridgeSlot[]> {
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
    slots.push(slot);
  }
  return slots;
}
