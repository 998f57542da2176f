export interface ClientEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly origin_server_ts: number;
  readonly content: Readonly<Record<string, unknown>>;
  /** Of a redaction, up to room version 10; later ones have it in the content. */
  readonly redacts?: string;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

interface JoinedRoom {
  readonly state?: { readonly events: readonly ClientEvent[] };
  readonly timeline?: { readonly events: readonly ClientEvent[] };
  readonly ephemeral?: { readonly events: readonly ClientEvent[] };
}

export interface SyncBody {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, JoinedRoom>>;
    readonly invite?: Readonly<Record<string, { readonly invite_state: { readonly events: readonly ClientEvent[] } }>>;
    readonly leave?: Readonly<Record<string, JoinedRoom>>;
  };
}

type EventsOf = (room: string) => readonly ClientEvent[];

/** What one user has seen through `/sync`, and who waits to see what. */
export class Timelines {
  /** Room id to stripped state. */
  readonly invites = new Map<string, readonly ClientEvent[]>();
  readonly #timelines = new Map<string, ClientEvent[]>();
  readonly #state = new Map<string, ClientEvent[]>();
  readonly #ephemeral = new Map<string, ClientEvent['content']>();
  readonly #waiting = new Set<() => void>();

  of(room: string): readonly ClientEvent[] {
    return this.#timelines.get(room) ?? [];
  }

  /** What stood in the room before what is known of its timeline, then that. */
  all(room: string): readonly ClientEvent[] {
    return [...(this.#state.get(room) ?? []), ...this.of(room)];
  }

  rooms(): readonly string[] {
    return [...this.#timelines.keys()];
  }

  ephemeral(room: string, type: string): ClientEvent['content'] | undefined {
    return this.#ephemeral.get(`${room} ${type}`);
  }

  apply(body: SyncBody): void {
    for (const [room, invite] of Object.entries(body.rooms?.invite ?? {})) this.invites.set(room, invite.invite_state.events);
    for (const [room, joined] of Object.entries({ ...body.rooms?.leave, ...body.rooms?.join })) {
      this.invites.delete(room);
      append(this.#timelines, room, joined.timeline?.events);
      append(this.#state, room, joined.state?.events);
      for (const event of joined.ephemeral?.events ?? []) this.#ephemeral.set(`${room} ${event.type}`, event.content);
    }
    for (const look of this.#waiting) look();
  }

  /** `find` looks at once and after every sync. */
  wait<T>(find: (events: EventsOf) => T | undefined, timeoutMs = 30_000, seen: () => string): Promise<T> {
    const events: EventsOf = (room) => this.all(room);
    // Made here, so that its stack names the test that waited.
    const late = new Error();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        try {
          const found = find(events);
          if (found === undefined) return;
          end();
          resolve(found);
        } catch (error) {
          end();
          reject(error as Error);
        }
      };
      const timer = setTimeout(() => {
        end();
        late.message = `Nothing that fits came in ${timeoutMs} ms. Seen: ${seen()}`;
        reject(late);
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}

function append(into: Map<string, ClientEvent[]>, room: string, events: readonly ClientEvent[] | undefined): void {
  if (!events || events.length === 0) return;
  into.set(room, [...(into.get(room) ?? []), ...events]);
}
