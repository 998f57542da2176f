/** How to start the sandbox. */
export interface TelegramSandboxOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** As BotFather gives it: the bot's id, a colon, a secret. */
  readonly token: string;
  readonly botName?: string;
  readonly botUsername?: string;
  /** Privacy mode: in groups where the bot is no administrator it gets only commands, mentions and replies to itself. Default off. */
  readonly privacy?: boolean;
  /** Whether the limits of the FAQ are held to. Default off: they are about minutes. */
  readonly limits?: boolean;
  /** How many times faster than documented the limits run. */
  readonly clockScale?: number;
  readonly seed?: number;
  /** As a server of one's own with `--local`: files up to 2000 MB, read from this directory. */
  readonly localDir?: string;
}

/** Documented times and counts. */
export const documented = {
  /** core.telegram.org/bots/api#getupdates; the server holds a question for 50 seconds at most. */
  batch: 100,
  longestPollMs: 50_000,
  /** …#sendmessage, …#sendphoto */
  text: 4096,
  caption: 1024,
  entities: 100,
  /** …#sending-files, …#getfile */
  photoBytes: 10 * 1024 * 1024,
  uploadBytes: 50 * 1024 * 1024,
  localBytes: 2000 * 1024 * 1024,
  downloadBytes: 20 * 1024 * 1024,
  /** …#deletemessage */
  deleteMs: 48 * 3600 * 1000,
  /** core.telegram.org/bots/faq: a second in one chat, 20 a minute in a group, 30 a second in all. */
  chatPerSecond: 1,
  chatBurst: 5,
  groupPerMinute: 20,
  perSecond: 30,
} as const;
