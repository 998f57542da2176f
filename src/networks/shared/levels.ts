import type { Capability } from '../../model/capabilities.ts';

/** How far a network can do something; less than all of it comes with the reason that people are told. */
export const full: Capability = { level: 'full' };
export const partial = (reason: string): Capability => ({ level: 'partial', reason });
export const none = (reason: string): Capability => ({ level: 'none', reason });
