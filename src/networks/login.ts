import type { z } from 'zod';
import type { AppSettings } from './network.ts';

/**
 * One way to add an account of a network: what somebody has to fetch there and type here, step by step. It asks nothing
 * itself: a terminal, a room or a web page does, and all of them with the same steps.
 */
export interface LoginFlow {
  readonly id: string;
  /** Among others: `A bot`. */
  readonly name: string;
  /** What it gives, in one sentence. */
  readonly description: string;
  /** A relay account speaks for everybody in a room, so only administrators add one; a personal account speaks for who logs in. */
  readonly makes: 'relay' | 'personal';
  start(options: LoginOptions): LoginStep;
}

export interface LoginOptions {
  /** Of the app that the account is to be in; its other accounts need not be there. */
  readonly appSettings: AppSettings;
}

export type LoginStep = LoginFields | LoginDone;

export interface LoginFields {
  readonly type: 'fields';
  /** What to do on the network first. */
  readonly instructions: string;
  readonly fields: readonly LoginField[];
  /**
   * Asks the network about them.
   * @throws DeliveryError where it does not take them, or does not answer: its message says what is wrong, and the same step may be tried again
   */
  submit(answers: Readonly<Record<string, string>>): Promise<LoginStep>;
}

export interface LoginField {
  /** The key of the answer. */
  readonly id: string;
  readonly name: string;
  /** Never shown or logged, and taken out of the room where it was typed. */
  readonly secret: boolean;
  /** Only one of these fits. */
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  /** What is wrong with its form, in words. */
  problem(answer: string): string | undefined;
}

export interface LoginDone {
  readonly type: 'done';
  /** The network's id of the account. */
  readonly remoteId: string;
  /** A short name for it. */
  readonly name: string;
  /** Who it is there, for whoever logged in to see whether it is the right one. */
  readonly says: string;
  /** What stands under `accounts.<name>` in the config. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A field that fits where its setting does. */
export function loginField(id: string, name: string, setting: z.ZodType, secret = false): LoginField {
  return { id, name, secret, problem: (answer) => setting.safeParse(answer).error?.issues[0]?.message };
}
