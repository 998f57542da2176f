import type { WhatsAppSandbox } from '../../sandbox/whatsapp/index.ts';

export interface DemoOptions {
  /** Where the daemon takes webhooks: `…/webhooks`. */
  readonly webhooks: string;
  /** The Matrix users who own the account. */
  readonly owners: readonly string[];
}

/** A network on the stage: its sandbox, and what the daemon's config says of it. */
export interface DemoNetwork {
  /** As people write it. */
  readonly name: string;
  /** The page on which one is a person there. */
  readonly page: string;
  /** What stands under `networks.<id>`. */
  readonly config: object;
  /** Where the script can play on it. */
  readonly whatsapp?: WhatsAppSandbox;
  close(): Promise<void>;
}

/** Loaded only when it is shown. A further network is one more line. */
export const demoNetworks: Readonly<Record<string, () => Promise<(options: DemoOptions) => Promise<DemoNetwork>>>> = {
  whatsapp: async () => (await import('./whatsapp.ts')).whatsappOnStage,
  slack: async () => (await import('./slack.ts')).slackOnStage,
  telegram: async () => (await import('./telegram.ts')).telegramOnStage,
  rocketchat: async () => (await import('./rocketchat.ts')).rocketchatOnStage,
};
