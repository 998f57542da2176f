import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StoreBusy } from '../../src/store/store.ts';
import { Commits } from '../../src/store/sql/commit.ts';
import { SqliteTransactions } from '../../src/store/sqlite/driver.ts';

let db: Database.Database;
let commits: Commits;

beforeEach(() => {
  db = new Database(':memory:');
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT');
  commits = new Commits(new SqliteTransactions(db), 0);
});
afterEach(() => {
  db.close();
});

const put = (n: number, text = 'x') => commits.run(() => db.prepare('INSERT INTO t VALUES (?, ?)').run(n, text).changes);
const held = () => db.prepare('SELECT n FROM t ORDER BY n').pluck().all();

describe('where many came at once', () => {
  test('the next commit waits for more to join it; what comes alone does not', async () => {
    const seen = counted(50);
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => put(n)));
    const soon = put(9);
    await new Promise((resolve) => { setImmediate(resolve); });
    await Promise.all([soon, put(10)]);
    expect(seen.commits).toBe(2);
    await put(11);
    const before = performance.now();
    await put(12);
    expect([seen.commits, performance.now() - before < 50]).toEqual([4, true]);
  });

  test('what still waits when the store is closed is committed', async () => {
    commits = new Commits(new SqliteTransactions(db), 10_000);
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => put(n)));
    const last = put(9);
    commits.close();
    await expect(last).resolves.toBe(1);
    expect(held()).toHaveLength(9);
  });
});

/** Counts the commits of a fresh database from here on. */
function counted(joinMs: number): { commits: number } {
  const seen = { commits: 0 };
  db.close();
  db = new Database(':memory:', { verbose: (sql) => void (sql === 'COMMIT' && (seen.commits += 1)) });
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT');
  commits = new Commits(new SqliteTransactions(db), joinMs);
  return seen;
}

describe('the commands of one tick', () => {
  test('are one commit, in order, each with its own answer', async () => {
    const seen = counted(0);
    const order: number[] = [];
    const answers = await Promise.all([1, 2, 3].map((n) => commits.run(() => {
      order.push(n);
      db.prepare('INSERT INTO t VALUES (?, ?)').run(n, 'x');
      return n * 10;
    })));
    expect(answers).toEqual([10, 20, 30]);
    expect(order).toEqual([1, 2, 3]);
    expect(seen.commits).toBe(1);
  });

  test('that fails takes no other with it, and leaves nothing of itself', async () => {
    const failing = commits.run(() => {
      db.prepare('INSERT INTO t VALUES (?, ?)').run(7, 'half');
      throw new Error('no');
    });
    const results = await Promise.allSettled([put(1), failing, put(1), put(2)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(held()).toEqual([1, 2]);
  });

  test('nobody hears of success before the commit', async () => {
    let heard = false;
    const first = put(1).then(() => {
      heard = true;
    });
    const looked = commits.run(() => heard);
    expect(await looked).toBe(false);
    await first;
    expect(heard).toBe(true);
  });

  test('a command that is called while others commit comes in the next tick', async () => {
    const second = await put(1).then(() => put(2));
    expect(second).toBe(1);
    expect(held()).toEqual([1, 2]);
  });
});

describe('what is decided from what the commands of a tick have written', () => {
  /** Writes, and on the way writes one more from what is there then. */
  const putAndFollow = (n: number, next: (n: number) => Promise<unknown>): { readonly first: Promise<void>; readonly second: Promise<unknown> } => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const first = commits.run(() => {
      db.prepare('INSERT INTO t VALUES (?, ?)').run(n, 'x');
      // As a lane does: a few promises later.
      void Promise.resolve().then(() => {}).then(() => next(Math.max(...(held() as number[])) + 1)).then(resolve, reject);
    });
    return { first, second: promise };
  };

  test('joins their commit, and what follows from that too', async () => {
    const seen = counted(0);
    const heard: string[] = [];
    const { first, second } = putAndFollow(1, (n) => {
      const further = putAndFollow(n, (one) => put(one));
      return Promise.all([further.first, further.second]);
    });
    await Promise.all([first.then(() => heard.push('first')), second.then(() => heard.push('second'))]);
    expect([held(), seen.commits, heard]).toEqual([[1, 2, 3], 1, ['first', 'second']]);
    await put(4);
    expect(seen.commits).toBe(2);
  });

  test('is not written where they are not, whichever of them there is no room for', async () => {
    await put(1);
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`);
    const { first, second } = putAndFollow(2, (n) => put(n, 'x'.repeat(20_000)));
    const results = await Promise.allSettled([first, second, put(7)]);
    expect(results.map((result) => result.status === 'rejected' && result.reason instanceof StoreBusy)).toEqual([true, true, true]);
    expect([held(), db.inTransaction]).toEqual([[1], false]);
  });

  test('is committed where the store is closed meanwhile', async () => {
    const { first, second } = putAndFollow(1, async () => {
      const last = put(2);
      commits.close();
      return last;
    });
    await Promise.all([first, second]);
    expect([held(), db.inTransaction]).toEqual([[1, 2], false]);
  });
});

describe('where the disk is full', () => {
  const fill = () => db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`);
  const free = () => db.pragma('max_page_count = 100000');
  const big = 'x'.repeat(20_000);

  test('every command of the tick may come again, nothing of it is written, and it goes on once there is room', async () => {
    await put(1);
    fill();
    const results = await Promise.allSettled([put(2), put(3, big), put(4)]);
    expect(results.map((result) => result.status === 'rejected' && result.reason instanceof StoreBusy)).toEqual([true, true, true]);
    expect(held()).toEqual([1]);
    expect(db.inTransaction).toBe(false);
    free();
    await Promise.all([put(2), put(3, big), put(4)]);
    expect(held()).toEqual([1, 2, 3, 4]);
  });

  test('what is not about the disk is told as it is', async () => {
    await expect(commits.run(() => {
      throw new TypeError('a bug');
    })).rejects.toThrow(TypeError);
  });
});

test('a database that is closed refuses every command', async () => {
  db.close();
  await expect(put(1)).rejects.toThrow(/not open/);
});
