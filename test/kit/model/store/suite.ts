import { describe } from '@jest/globals';
import { acceptSuite } from './accept.ts';
import { consentSuite } from './consent.ts';
import { effectsSuite } from './effects.ts';
import { erasureSuite } from './erasure.ts';
import { identitiesSuite } from './identities.ts';
import { keepingSuite } from './keeping.ts';
import { lanesSuite } from './lanes.ts';
import { linkedSuite } from './linked.ts';
import { mappingsSuite } from './mappings.ts';
import { pastSuite } from './past.ts';
import type { StoreFactory } from './setup.ts';
import { standingSuite } from './standing.ts';
import { statesSuite } from './states.ts';

/** What every store does, whatever it is made of. */
export function storeSuite(name: string, factory: StoreFactory): void {
  describe(name, () => {
    describe('accept', () => acceptSuite(factory));
    describe('identities', () => identitiesSuite(factory));
    describe('lanes', () => lanesSuite(factory));
    describe('states', () => statesSuite(factory));
    describe('effects', () => effectsSuite(factory));
    describe('consent', () => consentSuite(factory));
    describe('erasure', () => erasureSuite(factory));
    describe('mappings', () => mappingsSuite(factory));
    describe('linked rooms', () => linkedSuite(factory));
    describe('threads, pins and the past', () => pastSuite(factory));
    describe('keeping', () => keepingSuite(factory));
    describe('what stands until somebody changes it', () => standingSuite(factory));
  });
}
