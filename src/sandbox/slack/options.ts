/** How to start the sandbox. The ids and secrets are what Slack's pages for an app would show. */
export interface SlackSandboxOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  readonly teamId?: string;
  readonly teamName?: string;
  readonly appId?: string;
  /** `xoxb-…` of the app's bot. */
  readonly botToken: string;
  readonly botUserId?: string;
  readonly botName?: string;
  /** Default: every scope that the sandbox knows. */
  readonly botScopes?: readonly string[];
  /** `xapp-…`; without it there is no Socket Mode. */
  readonly appToken?: string;
  readonly appScopes?: readonly string[];
  /** Signs what is posted by the Events API. */
  readonly signingSecret?: string;
  /** Where events are posted; then none go over sockets. Taken without the handshake, since the receiver may not be up yet; `subscribe` does it. */
  readonly requestUrl?: string;
  /** How many times faster than documented: rate limits, re-delivery, what happens a moment later. */
  readonly clockScale?: number;
  readonly seed?: number;
}

const seconds = 1000;

/** Documented times and counts (docs.slack.dev/apis/web-api/rate-limits, …/events-api, …/events-api/using-socket-mode). */
export const documented = {
  /** Calls a minute of a method, by its tier. */
  tiers: { 1: 1, 2: 20, 3: 50, 4: 100 },
  /** chat.postMessage: one a second in a channel; short bursts go. */
  postsMs: seconds,
  postsBurst: 5,
  /** An event that is not acknowledged in this time is sent again: at once, after a minute, after five. */
  ackMs: 3 * seconds,
  retriesMs: [0, 60 * seconds, 300 * seconds],
  /** At most this many sockets of one app. */
  sockets: 10,
  maxText: 40_000,
  maxUpdateText: 4_000,
  maxBlocks: 50,
  maxReactions: 23,
} as const;

/** What a bot may be given, as far as the sandbox knows methods for it. */
export const BOT_SCOPES = [
  'chat:write', 'chat:write.customize', 'channels:history', 'channels:read', 'groups:history', 'groups:read', 'im:history', 'im:read', 'im:write', 'mpim:history', 'mpim:read', 'users:read', 'files:read', 'files:write',
  'reactions:read', 'reactions:write', 'pins:read', 'pins:write', 'emoji:read', 'usergroups:read', 'metadata.message:read',
  'users:read.email', 'channels:manage', 'groups:write', 'mpim:write',
] as const;

export const USER_SCOPES = [...BOT_SCOPES.filter((scope) => scope !== 'chat:write.customize' && scope !== 'channels:manage'), 'channels:write'] as const;
