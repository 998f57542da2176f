import type { Lookups } from '../../model/lookups.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../model/route.ts';
import { matrixError } from './auth.ts';

type Answer = (request: RouteRequest) => object | readonly object[] | null;

/** Third-party networks (application-service API, "Third-party networks"): the homeserver asks for its users' clients. */
export function lookupRoutes(lookups: Lookups, route: (path: string, handle: (request: RouteRequest) => Promise<RouteAnswer>) => Route): Route[] {
  const answers: Readonly<Record<string, Answer>> = {
    'protocol/:protocol': ({ params }) => lookups.protocol(params['protocol'] ?? ''),
    'user/:protocol': ({ params, query }) => lookups.users(params['protocol'] ?? '', query),
    'user': ({ query }) => lookups.userOf(query['userid'] ?? ''),
    'location/:protocol': ({ params, query }) => lookups.locations(params['protocol'] ?? '', query),
    'location': ({ query }) => lookups.locationOf(query['alias'] ?? ''),
  };
  return Object.entries(answers).map(([path, answer]) => route(`/_matrix/app/v1/thirdparty/${path}`, async (request) => {
    let found: ReturnType<Answer>;
    try {
      found = answer(request);
    } catch {
      return matrixError(503, 'M_UNKNOWN', 'The answer is not known now.');
    }
    return found === null || (Array.isArray(found) && found.length === 0) ? matrixError(404, 'M_NOT_FOUND', 'There is nothing of that name.') : { status: 200, body: found };
  }));
}
