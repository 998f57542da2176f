import { z } from 'zod';

/** An address of an API: https without a query, or http to this machine. */
export function safeAddress(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere(url.hostname));
}

/** Only this machine may be asked without encryption. */
export function isHere(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The settings with a network's own keys; parsed once for each object, as every webhook asks for them. */
export function parsedOnce<Given extends object, Own>(schema: z.ZodType<Own>): (value: Given) => Own {
  const known = new WeakMap<Given, Own>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const parsed = schema.parse(value);
    known.set(value, parsed);
    return parsed;
  };
}

interface Once<Account> {
  /** What a second account must not have too. */
  readonly of: (account: Account) => string;
  /** Where the error points to. */
  readonly field: keyof Account & string;
  readonly message: (other: string) => string;
}

/** Refuses a second account of the same user, number or bot of the network. */
export function onceEach<Account>({ of, field, message }: Once<Account>): (accounts: Readonly<Record<string, Account>>, context: z.RefinementCtx) => void {
  return (accounts, context) => {
    const seen = new Map<string, string>();
    for (const [name, account] of Object.entries(accounts)) {
      const other = seen.get(of(account));
      if (other !== undefined) context.addIssue({ code: 'custom', path: [name, field], message: message(other) });
      seen.set(of(account), name);
    }
  };
}

/** Of an account with several owners, whose own Matrix account shows what it does in the network's app. */
export function puppet(): z.ZodType<string | undefined> {
  return z
    .string()
    .regex(/^@[^:\s]+:\S+$/, { error: 'must be a whole Matrix user id such as @anna:example.org' })
    .optional()
    .describe('The Matrix user who uses this account in the network’s own app too: what is done there shows as theirs. Without it the owner, where the account is a person’s own login and has one owner alone.');
}
