/** What the daemon's edges are to somebody who watches, each way of a message. */
const shown = {
  'WhatsApp →': { 'webhook.accepted': 'stored', 'in.settled': 'decided', 'matrix.begun': 'sent to the homeserver' },
  'Matrix →': { 'transaction.accepted': 'stored', 'in.settled': 'decided', 'network.begun': 'sent to WhatsApp' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Notes when the daemon passes its edges, and tells the way of one message by them. */
export class Hops {
  #noted: { readonly name: string; readonly at: number }[] = [];
  #began = performance.now();

  begin(): void {
    this.#noted = [];
    this.#began = performance.now();
  }

  note(name: string): void {
    this.#noted.push({ name, at: this.#since() });
  }

  /** `stored 3 ms → decided 5 ms → sent to WhatsApp 9 ms → seen 31 ms`: each hop the first of its name after the one before. */
  told(what: string): string {
    const names = Object.entries(shown).find(([way]) => what.startsWith(way))?.[1] ?? {};
    let from = 0;
    const passed = Object.entries<string>(names).flatMap(([name, words]) => {
      const index = this.#noted.findIndex((hop, n) => n >= from && hop.name === name);
      if (index === -1) return [];
      from = index + 1;
      return [`${words} ${this.#noted[index]?.at ?? 0} ms`];
    });
    return [...passed, `seen ${this.#since()} ms`].join(' → ');
  }

  #since(): number {
    return Math.round(performance.now() - this.#began);
  }
}
