import { describe, expect, test } from '@jest/globals';
import { openApi } from '../../src/http/provisioning/openapi.ts';
import { endpoints } from '../../src/http/provisioning/routes.ts';
import { undocumented } from '../kit/provisioning/caller.ts';

describe('the OpenAPI document', () => {
  test('has every endpoint once, and every reference leads somewhere', () => {
    const document = openApi(endpoints) as { readonly paths: Record<string, Record<string, { operationId: string }>>; readonly components: { readonly schemas: Record<string, object> } };
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(operations.length).toBe(endpoints.length);
    expect(new Set(operations).size).toBe(operations.length);
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"/]+)/g)) expect(document.components.schemas).toHaveProperty(name ?? '?');
  });

  test('names each part of each path', () => {
    for (const { path, params = {} } of endpoints) expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(Object.keys(params));
  });

  test('is strict: what it does not name, lacks or has of another type is found', () => {
    expect(undocumented('GET', '/v3/logins', 200, { login_ids: ['a'] })).toEqual([]);
    expect(undocumented('GET', '/v3/logins', 200, { login_ids: ['a'], more: 1 })).toHaveLength(1);
    expect(undocumented('GET', '/v3/logins', 200, {})).toHaveLength(1);
    expect(undocumented('GET', '/v3/logins', 200, { login_ids: [7] })).toHaveLength(1);
    expect(undocumented('GET', '/v3/logins', 201, { login_ids: [] })).toHaveLength(1);
    expect(undocumented('GET', '/v3/logins', 401, { errcode: 'M_MISSING_TOKEN', error: 'x' })).toEqual([]);
    expect(undocumented('GET', '/v3/logins', 401, { error: 'x' })).toHaveLength(1);
    expect(undocumented('POST', '/v3/logins', 200, {})).toHaveLength(1);
  });
});
