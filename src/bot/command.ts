import type { ActionContext } from '../actions/action.ts';

/** One thing that the bot can be asked. */
export interface Command {
  /** `open <network> <number>`: the name first. */
  readonly usage: string;
  /** What it does, in one line. */
  readonly help: string;
  /** Under which heading `help` lists it. */
  readonly group: Group;
  /** What its arguments are, a line each. */
  readonly more?: readonly string[];
  readonly example?: string;
  /** For administrators alone: others are not even told of it. */
  readonly admin?: true;
  run(context: ActionContext, words: readonly string[]): Promise<string> | string;
}

export type Group = 'Accounts' | 'Rooms' | 'Messages' | 'Privacy' | 'Bridge' | 'Administration';
export const GROUPS: readonly Group[] = ['Accounts', 'Rooms', 'Messages', 'Privacy', 'Bridge', 'Administration'];
