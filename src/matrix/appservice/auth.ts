import { createHash, timingSafeEqual } from 'node:crypto';
import type { RouteAnswer, RouteHead } from '../../model/route.ts';

/** A spec error body (client-server API, "Standard error response"). */
export function matrixError(status: number, errcode: string, error: string): RouteAnswer {
  return { status, body: { errcode, error } };
}

/**
 * Checks the homeserver's token (application-service API, "Authorization"). The header counts; the query parameter of
 * versions before v1.4 is read only without a header, and both must agree where both are there.
 * @param hsToken an empty one is refused with an Error: it would let everybody in
 * @returns what to answer instead of handling the request, or null when the caller is the homeserver
 */
export function tokenCheck(hsToken: string): (head: RouteHead) => RouteAnswer | null {
  if (hsToken === '') throw new Error('the homeserver token is empty');
  const expected = digest(hsToken);
  const matches = (token: string): boolean => timingSafeEqual(digest(token), expected);
  return (head) => {
    const header = head.headers['authorization'];
    const query = head.query['access_token'];
    if (header === undefined && query === undefined) return matrixError(401, 'M_UNAUTHORIZED', 'No token was given.');
    const bearer = header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header.trim())?.[1];
    if (header !== undefined && bearer === undefined) return matrixError(401, 'M_UNAUTHORIZED', 'The Authorization header is no bearer token.');
    const tokens = [bearer, query].filter((token) => token !== undefined);
    // Every token is compared, so that the time taken says nothing.
    const wrong = tokens.filter((token) => !matches(token)).length;
    return wrong === 0 ? null : matrixError(403, 'M_FORBIDDEN', 'This is not the token of the homeserver.');
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
