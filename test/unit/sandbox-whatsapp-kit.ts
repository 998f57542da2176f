import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startWhatsAppSandbox, type WhatsAppSandbox, type WhatsAppSandboxOptions } from '../../src/sandbox/whatsapp/index.ts';

export const secrets = { appSecret: 'app secret', verifyToken: 'verify', accessToken: 'token' };
export const anna = '31612345678';
export type Json = Record<string, unknown>;

export interface Received {
  readonly raw: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a business runs: takes webhooks, and can be told to refuse. */
export class Receiver {
  readonly received: Received[] = [];
  /** The statuses answered to the next posts; 200 after that. */
  readonly answers: number[] = [];
  url = '';
  readonly #server: Server;
  #watchers: (() => void)[] = [];

  constructor(verifyToken = secrets.verifyToken) {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (request.method === 'GET') {
        const fits = url.searchParams.get('hub.mode') === 'subscribe' && url.searchParams.get('hub.verify_token') === verifyToken;
        response.writeHead(fits ? 200 : 403).end(fits ? url.searchParams.get('hub.challenge') : 'no');
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.received.push({ raw: Buffer.concat(chunks).toString('utf8'), headers: request.headers });
        response.writeHead(this.answers.shift() ?? 200).end();
        this.#watchers.forEach((watcher) => watcher());
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
    return this;
  }

  /** Everything received so far in `entry[].changes[]`, in order. */
  get changes(): { field: string; value: Json }[] {
    return this.received.flatMap(({ raw }) => (JSON.parse(raw) as { entry: { changes: { field: string; value: Json }[] }[] }).entry.flatMap((entry) => entry.changes));
  }

  get messages(): Json[] {
    return this.changes.flatMap((change) => (change.value['messages'] ?? []) as Json[]);
  }

  get statuses(): Json[] {
    return this.changes.flatMap((change) => (change.value['statuses'] ?? []) as Json[]);
  }

  /** Resolves once `look` gives something, tried after every post. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    const now = look();
    if (now !== undefined && now !== false) return now;
    return new Promise<T>((resolve) => {
      const watcher = (): void => {
        const found = look();
        if (found === undefined || found === false) return;
        this.#watchers = this.#watchers.filter((one) => one !== watcher);
        resolve(found);
      };
      this.#watchers.push(watcher);
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const plainOptions: WhatsAppSandboxOptions = {
  ...secrets, phoneNumberId: '106540352242922', displayPhoneNumber: '+31 970 1020 3040', wabaId: '102290129340398',
  clockScale: { pair: 1e9, throughput: 1e9, retry: 500 },
};

export interface Bench {
  readonly sandbox: WhatsAppSandbox;
  readonly receiver: Receiver;
  close(): Promise<void>;
}

/** A sandbox that posts to a receiver. Rates are off unless the options say otherwise. */
export async function bench(options: Partial<WhatsAppSandboxOptions> = {}): Promise<Bench> {
  const receiver = await new Receiver().start();
  const sandbox = await startWhatsAppSandbox({ ...plainOptions, webhookUrl: receiver.url, ...options });
  return { sandbox, receiver, close: async () => { await sandbox.close(); await receiver.close(); } };
}

export interface Answered {
  readonly status: number;
  readonly body: Json;
}

export async function graph(sandbox: WhatsAppSandbox, method: string, path: string, body?: Json | FormData, token = secrets.accessToken): Promise<Answered> {
  const isForm = body instanceof FormData;
  const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && !isForm ? { 'content-type': 'application/json' } : {}) };
  const answer = await fetch(`${sandbox.url}/v23.0${path}`, { method, headers, ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }) });
  return { status: answer.status, body: (await answer.json()) as Json };
}

export async function send(sandbox: WhatsAppSandbox, body: Json): Promise<Answered> {
  return graph(sandbox, 'POST', `/${plainOptions.phoneNumberId}/messages`, { messaging_product: 'whatsapp', to: anna, ...body });
}

export function idOf(answer: Answered): string {
  return (answer.body['messages'] as { id: string }[])[0]?.id ?? '';
}

export function errorOf(answer: Answered): { code: number; message: string; error_data?: { details: string }; error_subcode?: number } {
  return answer.body['error'] as ReturnType<typeof errorOf>;
}

export async function upload(sandbox: WhatsAppSandbox, bytes: Uint8Array<ArrayBuffer>, type: string, fields: Record<string, string> = {}): Promise<Answered> {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', type);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([bytes], { type }), 'file name é.bin');
  return graph(sandbox, 'POST', `/${plainOptions.phoneNumberId}/media`, form);
}
