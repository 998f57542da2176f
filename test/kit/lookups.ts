import type { Lookups } from '../../src/model/lookups.ts';

/** Knows nobody and no room. */
export const noLookups: Lookups = { protocol: () => null, users: () => [], userOf: () => [], locations: () => [], locationOf: () => [] };
