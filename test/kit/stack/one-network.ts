import { type Around, type Between, daemonBetween } from './between.ts';
import { type FakeSide, onFake } from '../matrix/fake.ts';
import type { FakeHomeserver } from '../fake-homeserver/server.ts';

/** The daemon between a fake homeserver and the sandbox of one network, all in this process, over real HTTP and real sockets. */
export interface NetworkStack<Sandbox> extends Omit<Between<FakeSide>, 'matrix'> {
  readonly homeserver: FakeHomeserver;
  readonly sandbox: Sandbox;
}

/** `make`: the network's sandbox, and what stands under `networks` in the config. */
export async function startNetworkStack<Sandbox extends { close(): Promise<void> }>(
  make: (around: Around) => Promise<{ readonly sandbox: Sandbox; readonly networks: object }>,
): Promise<NetworkStack<Sandbox>> {
  let made: Sandbox | undefined;
  const { matrix, ...between } = await daemonBetween(onFake, async (around, started) => {
    const { sandbox, networks } = await make(around);
    made = started.adopt(sandbox, (one) => one.close());
    return networks;
  });
  if (made === undefined) throw new Error('no sandbox');
  await between.start();
  return { ...between, homeserver: matrix.homeserver, sandbox: made };
}
