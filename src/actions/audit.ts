import type { ActionContext } from './action.ts';

/** Who did what. Names no person of a network: they may have been erased. */
export function audit(_context: Pick<ActionContext, 'store' | 'sender'>, _verb: string, _object: string): Promise<void> {
  return Promise.resolve();
}
