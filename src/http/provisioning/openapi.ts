import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import * as schemas from './schemas.ts';

export const BASE = '/_matrix/provision';

const uri = (id: string): string => `#/components/schemas/${id}`;

/** The OpenAPI 3.1 document of these endpoints, made of the schemas that check their calls and answers. */
export function openApi(endpoints: readonly Endpoint[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operation(endpoint) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Drawbridge provisioning', version: '3',
      description: 'Accounts and chats of a Drawbridge bridge. The shape is that of bridgev2’s provisioning API. Every error is a `Failure`; 429 and 503 say when to ask again.',
    },
    servers: [{ url: BASE }],
    security: [{ openid: [] }, { secret: [] }],
    paths,
    components: {
      schemas: { ...components(schemas.answered, 'output'), ...components(schemas.taken, 'input') },
      securitySchemes: {
        openid: { type: 'http', scheme: 'bearer', description: '`openid:` and a token of POST /_matrix/client/v3/user/{userId}/openid/request_token. `user_id` names the same user.' },
        secret: { type: 'http', scheme: 'bearer', description: 'The bridge’s own shared secret, for software of its administrator. `user_id` names whom it speaks for.' },
      },
    },
  };
}

function operation({ operation: operationId, tag, summary, params = {}, query = {}, body, answers }: Endpoint): object {
  const parameter = (where: 'path' | 'query', required: boolean) => ([name, description]: readonly [string, string]): object => ({ name, in: where, required, description, schema: { type: 'string' } });
  const json = (schema: z.ZodType): object => ({ content: { 'application/json': { schema: { $ref: uri(nameOf(schema)) } } } });
  return {
    operationId, tags: [tag], summary,
    parameters: [...Object.entries(params).map(parameter('path', true)), ...Object.entries({ user_id: 'The user who asks, or is asked for.' }).map(parameter('query', true)), ...Object.entries(query).map(parameter('query', false))],
    ...(body === undefined ? {} : { requestBody: { required: true, ...json(body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, schema]) => [status, { description: DONE[Number(status)] ?? 'Done.', ...json(schema) }])),
      default: { description: 'It was not done.', ...json(schemas.failure) },
    },
  };
}

const DONE: Readonly<Record<number, string>> = { 201: 'Done: it is new.', 202: 'It is under way.' };

function nameOf(schema: z.ZodType): string {
  const name = Object.entries({ ...schemas.answered, ...schemas.taken }).find(([, one]) => one === schema)?.[0];
  if (name === undefined) throw new Error('a schema of an endpoint has no name in the document');
  return name;
}

function components(named: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, uri }).schemas;
  return Object.fromEntries(Object.entries(made).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]));
}
