/** What goes wrong; may be changed at any time. */
export interface Faults {
  /** The next calls of these endpoints fail. `done`: the call is carried out all the same, and only its answer is lost. `status` 0: the connection breaks. */
  readonly failures: { readonly path: string; readonly status: number; readonly done?: boolean; times: number }[];
  /** Tokens are refused. */
  expired: boolean;
  /** Calls a minute that one user may make of one endpoint without the permission; null: no limit. */
  callsPerMinute: number | null;
  /** Chance that a frame is sent twice, comes after the next one, or never. */
  duplicate: number;
  reorder: number;
  drop: number;
  /** Milliseconds before a frame goes out. */
  delayMs: number;
  /** The sockets take no new connection. */
  socketDown: boolean;
  /** The second factor is asked for. */
  totp: boolean;
}

export function noFaults(): Faults {
  return { failures: [], expired: false, callsPerMinute: null, duplicate: 0, reorder: 0, drop: 0, delayMs: 0, socketDown: false, totp: false };
}
