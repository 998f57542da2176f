import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { MemorySink, options, run } from '../kit/telegram/account.ts';

test('what waits is taken in, however long the messages are that people fill it with', async () => {
  const waiting = Array.from({ length: 100 }, (_, index) => ({
    update_id: index + 1,
    message: { message_id: index + 1, date: 1_714_557_599, chat: { id: 7, type: 'private' }, from: { id: 7, is_bot: false, first_name: 'Eve' }, text: 'x'.repeat(1_000_000) },
  }));
  const limits: number[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      if (request.url?.endsWith('/getUpdates') !== true) return response.end('{"ok":true,"result":{"id":700100200}}');
      const { offset = 0, limit } = JSON.parse(Buffer.concat(pieces).toString()) as { offset?: number; limit: number };
      limits.push(limit);
      const result = waiting.filter(({ update_id: id }) => id >= offset).slice(0, limit);
      setTimeout(() => response.end(JSON.stringify({ ok: true, result })), result.length === 0 ? 200 : 0);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const sink = new MemorySink();
  const running = await run(options(`http://127.0.0.1:${(server.address() as { port: number }).port}`), sink);
  try {
    await sink.until('the last', () => (sink.items.length === 100 ? true : undefined), 60_000);
    expect(Math.min(...limits)).toBeLessThan(32);
    // Once that is done, as many as ever are asked for.
    await sink.until('a whole question', () => (limits.at(-1) === 100 ? true : undefined));
  } finally {
    await running.stop();
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
}, 90_000);
