import { inspect, readBody } from '../../actions/inspect.ts';
import { knownNetwork } from '../../actions/known-network.ts';
import type { CliParts } from '../parts.ts';

export async function inspectCommand(id: string, file: string, parts: CliParts): Promise<void> {
  const network = knownNetwork(await parts.networks(), id);
  if (file === '-' && parts.interactive) parts.err('Reading from the terminal; Ctrl-D ends it.\n');
  const body = await readBody(file, parts.stdin, network);
  parts.out(`${JSON.stringify(inspect(network, body), null, 2)}\n`);
}
