import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../../src/demo/synapse/ports.ts';
import { eventually } from '../stack/stack.ts';

export const PASSWORD = 'password-of-the-test-server';

/** Runs the server until nobody holds the other end of our input: also where the tests were killed. */
const tied = 'exec 3<&0; "$@" & pid=$!; (cat <&3 >/dev/null; kill -QUIT $pid) 2>/dev/null & wait $pid';

/** A real PostgreSQL server of this machine's packages, on a port of its own, its data in a folder that goes with it. */
export class PostgresServer {
  readonly port: number;
  readonly #dir: string;
  readonly #bin: string;
  readonly #as: { readonly uid?: number; readonly gid?: number };
  #process: ChildProcess | null = null;
  #log = '';
  #tls: Readonly<Record<string, string>> = {};

  private constructor(port: number, dir: string, bin: string, as: { readonly uid?: number; readonly gid?: number }) {
    this.port = port;
    this.#dir = dir;
    this.#bin = bin;
    this.#as = as;
  }

  static async start(): Promise<PostgresServer> {
    const port = await freePort();
    const dir = mkdtempSync(join(tmpdir(), 'drawbridge-postgres-'));
    const as: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? postgresUser() : {};
    if (as.uid !== undefined) chownSync(dir, as.uid, as.gid ?? as.uid);
    const server = new PostgresServer(port, dir, programs(), as);
    const password = join(dir, 'password');
    writeFileSync(password, PASSWORD, { mode: 0o644 });
    // An order of texts that is not that of their bytes, so that who leans on the database's own is found out.
    server.#run('initdb', '--pgdata', join(dir, 'data'), '--username', 'postgres', '--pwfile', password, '--auth', 'scram-sha-256', '--no-sync',
      '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--locale-provider', 'icu', '--icu-locale', 'en');
    await server.up();
    return server;
  }

  /** An address in it, of a database that is made for it. */
  async database(name: string, how = ''): Promise<string> {
    await this.query('postgres', `CREATE DATABASE ${name} ${how}`);
    return this.url(name);
  }

  url(database: string, password = PASSWORD): string {
    return `postgres://postgres:${password}@127.0.0.1:${this.port}/${database}`;
  }

  async query(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client(this.url(database));
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Speaks TLS from its next start on. Returns the file of the authority that vouches for it as `localhost`. */
  secure(): string {
    const [key, certificate] = ['server.key', 'server.crt'].map((name) => join(this.#dir, name)) as [string, string];
    const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate];
    execFileSync('openssl', make, { ...this.#as, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    this.#tls = { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key };
    return certificate;
  }

  async up(): Promise<void> {
    // Left to itself it would look at tables that are empty at that moment, and plans would come of when it did.
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: this.#dir, fsync: 'off', autovacuum: 'off', max_connections: '40', shared_buffers: '32MB', log_min_messages: 'fatal', ...this.#tls };
    const child = spawn('/bin/sh', ['-c', tied, 'sh', join(this.#bin, 'postgres'), '-D', join(this.#dir, 'data'), '-p', String(this.port), ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      { ...this.#as, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] });
    this.#process = child;
    child.stderr?.on('data', (piece: Buffer) => void (this.#log = (this.#log + piece.toString()).slice(-10_000)));
    await eventually(`a PostgreSQL server on port ${this.port}`, async () => {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${this.#log}`);
      return this.query('postgres', 'SELECT 1').catch(() => null);
    }, 60_000);
  }

  /** As `pg_ctl stop -m immediate`: it falls where it stands. */
  async fall(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }

  async close(): Promise<void> {
    await this.fall();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #run(program: string, ...args: readonly string[]): void {
    execFileSync(join(this.#bin, program), args, { ...this.#as, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

/** Debian keeps the server's programs out of the way, those of each release apart. */
function programs(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...globSync('/usr/lib/postgresql/*/bin').sort((a, b) => Number(b.split('/')[4]) - Number(a.split('/')[4]))];
  const found = folders.find((folder) => {
    try {
      accessSync(join(folder, 'initdb'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('There is no PostgreSQL server on this machine (Debian: apt-get install postgresql).');
  return found;
}

/** The server refuses to run as root; its package makes a user for it. */
function postgresUser(): { readonly uid: number; readonly gid: number } {
  const id = (what: string): number => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
