import type { PersonRow, UserId } from '../../model/ids.ts';
import type { MatrixTask, OutboxItem, Store } from '../../store/store.ts';
import type { Puppets } from '../people/puppets.ts';
import type { Rooms } from '../portals/rooms.ts';
import { saysFrom } from './matrix-content.ts';

type MessageTask = Extract<MatrixTask, { kind: 'message' }>;

export interface Voice {
  readonly as: UserId;
  /** Somebody's own account. */
  readonly puppet: UserId | null;
  /** What this voice says: the bot says for whom. */
  say(task: MessageTask): MessageTask;
}

/** Who writes on Matrix: a ghost, somebody's own account, or the bot. */
export class Voices {
  readonly #store: Store;
  readonly #rooms: Rooms;
  readonly #puppets: Puppets;

  constructor(store: Store, rooms: Rooms, puppets: Puppets) {
    this.#store = store;
    this.#rooms = rooms;
    this.#puppets = puppets;
  }

  async ofMessage(row: OutboxItem, task: MessageTask): Promise<Voice> {
    if (task.edits === undefined) {
      const { as, puppet } = await this.of(row, task);
      return { as, puppet, say: puppet === null ? byBot : asItIs };
    }
    // Matrix takes an edit from whoever wrote the event, and from nobody else, also where they turned out to be somebody known.
    const writer = this.#writerOf(row, task);
    if (typeof writer !== 'string') return { as: await this.#rooms.writer(writer, row), puppet: null, say: byBot };
    if (await this.#puppets.enter(writer, row)) return { as: writer, puppet: writer, say: asItIs };
    return { as: await this.#rooms.speaker(null, row), puppet: null, say: anew };
  }

  /** Brings whoever it is into the room. */
  async of(row: OutboxItem, { as, puppet }: { readonly as: PersonRow | null; readonly puppet?: UserId }): Promise<Pick<Voice, 'as' | 'puppet'>> {
    if (puppet !== undefined && await this.#puppets.enter(puppet, row)) return { as: puppet, puppet };
    return { as: await this.#rooms.speaker(as, row), puppet: null };
  }

  #writerOf(row: OutboxItem, { as, map, puppet }: MessageTask): PersonRow | UserId | null {
    if (map === undefined || row.portal === null) return puppet ?? as;
    const found = this.#store.mapOfRemote(row.portal, map.remoteId).find(({ inPart }) => inPart === map.inPart);
    if (found?.origin !== 'network') return as;
    return found.author.startsWith('@') ? (found.author as UserId) : ((Number(found.author) || null) as PersonRow | null);
  }

  /** As the message map names who wrote an event. */
  authorOf({ as }: MessageTask, sender: UserId): string {
    if (as !== null) return String(this.#store.person(as)?.row ?? as);
    return this.#rooms.isOurs(sender) ? '0' : sender;
  }
}

const asItIs = (task: MessageTask): MessageTask => task;

function byBot(task: MessageTask): MessageTask {
  return task.as === null && task.sentFrom !== undefined ? { ...task, content: saysFrom(task, task.sentFrom) } : task;
}

/** Beside what it would have changed. */
function anew({ edits, map: _map, ...task }: MessageTask): MessageTask {
  return byBot({ ...task, ...(edits === undefined ? {} : { replyTo: edits }) });
}
