import type { DeliverySettings } from '../../../src/bridge/settings.ts';

/** Short waits, so that a run of the core needs little of the manual clock's time. */
export const SETTINGS: DeliverySettings = {
  maxBlock: 40_000, maxAge: 300_000, mediaWait: 4_000, settleWait: 10_000, targetWait: 6_000, echoWait: 6_000, uncertain: 'ask', statusEvents: false,
  readReceipts: true, backfill: 50,
};
