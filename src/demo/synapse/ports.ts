import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * TCP ports of 127.0.0.1 that nothing listens on. Chosen below the range from which operating systems take the ports of outgoing
 * connections, so that a server that is stopped can come back on its own port; all held at once before they are let go: one by
 * one, the same could come twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(10_000, 32_000);
    const server = await hold(port);
    if (server !== null) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Null where it is taken. */
function hold(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
