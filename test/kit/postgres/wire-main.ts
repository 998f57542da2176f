import { connect, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { CUT, COMMITS, cuts } from './wire.ts';

/** The line itself, in a thread of its own: whoever waits for an answer sleeps, and could not hand it over. */
const { port, shared } = workerData as { readonly port: number; readonly shared: SharedArrayBuffer };
const state = new Int32Array(shared);
const sockets = new Set<Socket>();

const server = createServer((near) => {
  const far = connect(port, '127.0.0.1');
  let cut: (typeof cuts)[number] = 'none';
  for (const socket of [near, far]) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (cut !== 'silence') for (const other of [near, far]) other.destroy();
    });
  }
  near.on('data', (piece) => {
    if (piece.includes('COMMIT\0')) {
      Atomics.add(state, COMMITS, 1);
      cut = cuts[Atomics.exchange(state, CUT, 0)] ?? 'none';
      if (cut === 'before') near.destroy();
    }
    if (cut === 'none' || cut === 'after') far.write(piece);
  });
  far.on('data', (piece) => {
    if (cut === 'none') near.write(piece);
    else if (cut === 'after') near.destroy();
  });
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as { port: number }).port));
parentPort?.on('message', () => {
  for (const socket of sockets) socket.destroy();
});
