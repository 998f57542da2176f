import * as clack from '@clack/prompts';
import { CodedError } from '../model/errors.ts';

export interface Question {
  /** The flag that answers it without asking. */
  readonly flag: string;
  readonly message: string;
  /** What stands when nothing is typed. */
  readonly initial?: string;
  /** A suggestion that somebody has to look at: it never stands by itself. */
  readonly guess?: string;
  readonly optional?: boolean;
  /** A problem in words, or undefined. */
  validate?(answer: string): string | undefined;
}

/** Asks somebody; or, with `--yes`, takes what is there. */
export interface Prompts {
  text(question: Question): Promise<string>;
  /** Not shown while it is typed; empty where nothing was typed. */
  secret(question: Question): Promise<string>;
  one(question: Question & { readonly options: readonly { readonly value: string; readonly label: string; readonly hint?: string }[] }): Promise<string>;
  several(question: { readonly flag: string; readonly message: string; readonly options: readonly { readonly value: string; readonly label: string }[]; readonly initial: readonly string[] }): Promise<readonly string[]>;
  note(message: string): void;
  /** Shows that something takes its time. */
  during<T>(message: string, work: Promise<T>): Promise<T>;
}

/** A wizard on the terminal. Leaving it (Ctrl-C) throws DB-1006 with nothing written. */
export const terminal: Prompts = {
  async text({ message, initial, guess, optional, validate }) {
    const suggestion = initial ?? guess;
    const answer = await clack.text({
      message,
      ...(suggestion === undefined ? {} : { initialValue: suggestion }),
      validate: (value) => (value === undefined || value === '' ? (optional ? undefined : 'Something has to stand here') : validate?.(value)),
    });
    return kept(answer) ?? '';
  },
  async secret({ message, validate }) {
    const answer = await clack.password({ message, validate: (value) => (value === undefined || value === '' ? undefined : validate?.(value)) });
    return kept(answer) ?? '';
  },
  async one({ message, options, initial }) {
    return kept(await clack.select({ message, options: [...options], ...(initial === undefined ? {} : { initialValue: initial }) }));
  },
  async several({ message, options, initial }) {
    return kept(await clack.multiselect({ message, options: [...options], initialValues: [...initial], required: false }));
  },
  note: (message) => clack.log.info(message),
  async during(message, work) {
    const spinner = clack.spinner();
    spinner.start(message);
    try {
      return await work;
    } finally {
      spinner.stop(message);
    }
  },
};

function kept<T>(answer: T | typeof clack.CANCEL_SYMBOL): T {
  if (answer !== clack.CANCEL_SYMBOL) return answer as T;
  throw new CodedError('DB-1006', 'Left before the end; nothing was written.', 'Run the command again.');
}

/** Answers with what is known already. @throws CodedError DB-1006 where that is nothing */
export function unattended(say: (line: string) => void): Prompts {
  async function text({ flag, initial, optional, message }: Question): Promise<string> {
    if (initial !== undefined && initial !== '') return initial;
    if (optional === true) return '';
    throw new CodedError('DB-1006', `There is no answer to "${message}".`, `Give ${flag}.`);
  }
  return {
    text,
    one: text,
    secret: ({ initial }) => Promise.resolve(initial ?? ''),
    several: ({ initial }) => Promise.resolve(initial),
    note: say,
    during: (_, work) => work,
  };
}
