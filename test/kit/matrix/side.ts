import type { ClientEvent } from '../../../src/demo/matrix/timelines.ts';

/** The Matrix side of a stage: a homeserver that knows the daemon's registration, and Alice, who follows her rooms there. */
export interface MatrixSide {
  /** What the daemon's config says of it. */
  readonly config: Readonly<Record<'homeserver' | 'registration' | 'bridge', unknown>>;
  /** Where the daemon listens for it: host:port. */
  readonly listen: string;
  readonly serverName: string;
  /** Alice's id. */
  readonly alice: string;
  readonly bot: string;
  isGhost(user: string): boolean;
  /** Alice's room of this name; waits until she is asked in, and goes in. */
  room(name: string): Promise<string>;
  /** The rooms that she is in; what she is asked into, she joins. */
  rooms(): Promise<readonly string[]>;
  /** All of a room that has reached her, the oldest first; what was set before she came, before that. */
  events(room: string, type?: string): readonly ClientEvent[];
  /** Makes a room of Alice's, with the bot asked in; resolves once it is there. */
  make(): Promise<string>;
  // What Alice does; each resolves to the event's id.
  send(room: string, content: string | Readonly<Record<string, unknown>>, type?: string): Promise<string>;
  redact(room: string, event: string): Promise<string>;
  setState(room: string, type: string, content: Readonly<Record<string, unknown>>): Promise<string>;
  /** Resolves to its mxc URI. */
  upload(bytes: Buffer, mime: string, name: string): Promise<string>;
  /** Null where there is no such file. */
  download(mxc: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** Puts one up. `dir`: where it may leave files; removed after `close`. */
export type MatrixMaker = (dir: string) => Promise<MatrixSide>;

/** What a loaded machine may need; what is there is found at once. Milliseconds. */
export const patience = 30_000;

/** The newest state of this type in each key. */
export function stateOf(side: MatrixSide, room: string, type: string): ReadonlyMap<string, ClientEvent['content']> {
  return new Map(side.events(room, type).flatMap(({ state_key, content }) => (state_key === undefined ? [] : [[state_key, content] as const])));
}
