/** All that the program writes to its log, at its most talkative, until it is let go. */
export class CapturedLog {
  readonly #write = process.stdout.write.bind(process.stdout);
  readonly #level = process.env['TEST_LOG'];
  text = '';

  constructor() {
    process.env['TEST_LOG'] = 'debug';
    process.stdout.write = ((piece: string | Uint8Array) => {
      this.text += String(piece);
      return true;
    }) as typeof process.stdout.write;
  }

  end(): void {
    process.stdout.write = this.#write;
    if (this.#level === undefined) delete process.env['TEST_LOG'];
    else process.env['TEST_LOG'] = this.#level;
  }
}
