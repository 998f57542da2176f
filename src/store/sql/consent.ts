import type { ConversationRef, NetworkEvent, PersonRef } from '../../model/events.ts';
import type { Millis, PersonRow } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import type { Sql } from './driver.ts';

type Ids = Pick<PersonRef, 'id' | 'aliases' | 'scope'>;

/** Whether people want to be bridged. Of somebody who was erased and does not, only keyed hashes of their ids are left. */
export class Consent {
  readonly #sql: Sql;
  readonly #seal: Seal;
  /** Nobody has been erased who is not to be bridged, which is nearly always so. Null: nobody has looked yet. */
  #nobody: boolean | null = null;

  constructor(sql: Sql, seal: Seal) {
    this.#sql = sql;
    this.#seal = seal;
  }

  set(person: PersonRow, stopped: Millis | null): void {
    this.#sql.run('UPDATE person SET stopped = ? WHERE id = (SELECT coalesce(merged, id) FROM person WHERE id = ?)', stopped, person);
  }

  isStopped(person: PersonRow): boolean {
    return this.#sql.get('SELECT 1 FROM person WHERE id = ? AND stopped IS NOT NULL', person) !== undefined;
  }

  /** Somebody who was erased and is not to be bridged. */
  isErased(network: string, ids: Ids): boolean {
    return this.#any() && this.#isErased(network, ids);
  }

  /** Whether this is of somebody who was erased and is not to be bridged: then nothing of it is kept. */
  isOfErased(network: string, event: NetworkEvent, author: PersonRef | undefined): boolean {
    if (!this.#any()) return false;
    if (event.type === 'identity.alias') return this.#alsoKnownAs(network, event.scope, event.from, event.to);
    if (author !== undefined && author.isSelf !== true && event.type !== 'delivery' && this.#isErased(network, author)) return true;
    const conversation: ConversationRef | undefined = 'conversation' in event ? event.conversation : undefined;
    return conversation?.kind === 'direct' && this.#isErased(network, conversation);
  }

  remember(network: string, scope: string, values: readonly string[], at: Millis): void {
    this.#nobody = false;
    for (const value of values) this.#sql.run('INSERT INTO stopped (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING', this.#hash(network, scope, value), at);
  }

  forget(network: string, ids: Ids): void {
    for (const hash of this.#hashes(network, ids)) this.#sql.run('DELETE FROM stopped WHERE hash = ?', hash);
  }

  #any(): boolean {
    this.#nobody ??= this.#sql.get('SELECT 1 FROM stopped LIMIT 1') === undefined;
    return !this.#nobody;
  }

  #isErased(network: string, ids: Ids): boolean {
    return this.#hashes(network, ids).some((hash) => this.#sql.get('SELECT 1 FROM stopped WHERE hash = ?', hash) !== undefined);
  }

  /** Whoever goes on under another id wants no more under that. */
  #alsoKnownAs(network: string, scope: string, from: string, to: string): boolean {
    const found = this.#hashes(network, { id: from, aliases: [to], scope }).map((hash) => this.#sql.get<{ at: Millis }>('SELECT at FROM stopped WHERE hash = ?', hash)).find((row) => row !== undefined);
    if (found !== undefined) this.remember(network, scope, [from, to], found.at);
    return found !== undefined;
  }

  #hashes(network: string, { id, aliases = [], scope }: Ids): readonly Buffer[] {
    return [id, ...aliases].map((value) => this.#hash(network, scope, value));
  }

  #hash(network: string, scope: string, value: string): Buffer {
    return this.#seal.hash('stopped', network, scope, value);
  }
}
