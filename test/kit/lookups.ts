import type { Lookups } from '../../src/matrix/appservice/thirdparty.ts';

/** Knows nobody and no room. */
export const noLookups: Lookups = { protocol: () => null, users: () => [], userOf: () => [], locations: () => [], locationOf: () => [] };
