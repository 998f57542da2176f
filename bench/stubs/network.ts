/** WhatsApp, and the people on it. */
import { startWhatsAppSandbox, type WhatsAppSandboxOptions } from '../../src/sandbox/whatsapp/index.ts';
import { serve, sharedNow } from './process.ts';

export interface NetworkFacts {
  readonly url: string;
}

/** Something that a person says. */
export interface SaidOnPhone {
  readonly number: string;
  readonly name: string;
  readonly text: string;
}

await serve<WhatsAppSandboxOptions>(async (options, arrived) => {
  const sandbox = await startWhatsAppSandbox(options);
  sandbox.listen(({ from, type, status, body }) => {
    if (from === 'business' && type === 'text' && status === 'accepted') arrived((body as { body: string }).body);
  });
  return {
    facts: { url: sandbox.url } satisfies NetworkFacts,
    commands: {
      /** All at once. Returns when it began. */
      say(texts: readonly SaidOnPhone[]): number {
        const from = sharedNow();
        for (const { number, name, text } of texts) sandbox.person(number, { name }).sendText(text);
        return from;
      },
      idle: () => sandbox.idle(),
    },
  };
});
