/** What goes wrong with requests whose `METHOD path` fits `match`. Plain data, so that it travels over the control API. */
export interface Fault {
  /** A regular expression's source; absent: every request. */
  readonly match?: string;
  /** How often; absent: until removed. */
  times?: number;
  /** 0 to 1. */
  readonly chance?: number;
  readonly latencyMs?: number;
  /** Waits before it answers, after it was done. */
  readonly answerMs?: number;
  /** Answer this instead of doing it; with `done`, after it was done: a proxy gave the homeserver up too early. */
  readonly status?: number;
  readonly done?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Break the connection: before anything is done, after it was done, or after half of the answer. */
  readonly reset?: 'before' | 'after' | 'half';
}

export class Faults {
  #rules: Fault[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  add(fault: Fault): () => void {
    const rule = { ...fault };
    this.#rules.push(rule);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== rule);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** Every rule that strikes this request now. */
  strike(method: string, path: string): Fault[] {
    const hit = this.#rules.filter((rule) => new RegExp(rule.match ?? '').test(`${method} ${path}`) && this.#random() < (rule.chance ?? 1));
    for (const rule of hit) if (rule.times !== undefined) rule.times -= 1;
    this.#rules = this.#rules.filter((rule) => rule.times === undefined || rule.times > 0);
    return hit;
  }
}
