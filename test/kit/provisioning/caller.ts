import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApi } from '../../../src/http/provisioning/openapi.ts';
import { endpoints } from '../../../src/http/provisioning/routes.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // What a test looks into is checked by the document first.
  readonly body: any;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: { readonly 'application/json'?: { readonly schema: object } } }>>;
}

const document = openApi(endpoints) as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>; readonly components: object };
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'https://drawbridge.test/openapi', components: document.components });
const validators = new Map<string, ValidateFunction>();

/** What an answer has that the document does not allow; empty where it is as documented. */
export function undocumented(method: string, path: string, status: number, body: unknown): readonly string[] {
  const found = Object.entries(document.paths).find(([template]) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));
  const operation = found?.[1][method.toLowerCase()];
  if (found === undefined || operation === undefined) return [`${method} ${path} is not documented`];
  const response = operation.responses[String(status)] ?? (status >= 400 ? operation.responses['default'] : undefined);
  const schema = response?.content?.['application/json']?.schema;
  if (schema === undefined) return [`${method} ${path} does not document ${status}`];
  const key = `${found[0]} ${method} ${status}`;
  const validate = validators.get(key) ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://drawbridge.test/openapi#/')) as object);
  validators.set(key, validate);
  return validate(body) ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${key}: ${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
}

/** Somebody who calls the provisioning API, and waits where it is told to; no answer may be other than the OpenAPI document has it. */
export class Caller {
  readonly #url: string;
  readonly #token: string | null;
  readonly #user: string;

  constructor(publicUrl: string, user: string, token: string | null) {
    this.#url = `${publicUrl}/_matrix/provision`;
    this.#user = user;
    this.#token = token;
  }

  get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answered> {
    return this.call('GET', path, query);
  }

  post(path: string, body?: unknown, query: Readonly<Record<string, string>> = {}): Promise<Answered> {
    return this.call('POST', path, query, body);
  }

  async call(method: string, path: string, query: Readonly<Record<string, string>>, body?: unknown): Promise<Answered> {
    const search = new URLSearchParams({ user_id: this.#user, ...query });
    const answer = await fetch(`${this.#url}${path}?${search.toString()}`, {
      method, headers: { ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const parsed: unknown = await answer.json();
    const { error, retry_after_ms: wait } = parsed as { readonly error?: string; readonly retry_after_ms?: number };
    if (answer.status === 429 && error === 'Too many calls.' && wait !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      return this.call(method, path, query, body);
    }
    const wrong = undocumented(method, path, answer.status, parsed);
    if (wrong.length > 0) throw new Error(`the answer is not as documented: ${wrong.join('; ')}\n${JSON.stringify(parsed)}`);
    return { status: answer.status, headers: answer.headers, body: parsed };
  }
}
