import type { AccountId, NetworkId, UserId } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import type { AuditRow, Blocked, StoredAccount } from '../store.ts';
import type { Sql } from './driver.ts';

/** What people and administrators set while the bridge runs: accounts, who is shut out, and the log of who did what. */
export class Admin {
  readonly #sql: Sql;
  readonly #seal: Seal;

  constructor(sql: Sql, seal: Seal) {
    this.#sql = sql;
    this.#seal = seal;
  }

  accounts(): readonly StoredAccount[] {
    return this.#sql.all<AccountSql>('SELECT id, network, app, remote_id, kind, owner, body, created_at FROM account ORDER BY created_at, id').map((found) => ({
      id: found.id as AccountId, network: found.network as NetworkId, app: found.app, remoteId: found.remote_id, kind: found.kind, owner: found.owner as UserId,
      settings: found.body === null ? null : this.#seal.open(found.body) as Readonly<Record<string, unknown>>, createdAt: found.created_at,
    }));
  }

  keep({ id, network, app, remoteId, kind, owner, settings, createdAt }: StoredAccount): void {
    this.#sql.run(`INSERT INTO account (id, network, app, remote_id, kind, owner, state, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET remote_id = excluded.remote_id, kind = excluded.kind, owner = excluded.owner, state = excluded.state, body = excluded.body, created_at = excluded.created_at`,
      id, network, app, remoteId, kind, owner, settings === null ? 'gone' : 'live', settings === null ? null : this.#seal.seal(settings), createdAt);
  }

  end(id: AccountId): void {
    this.#sql.run("UPDATE account SET state = 'gone', body = NULL WHERE id = ?", id);
    // Who logs in again begins anew, and is not shown what was said meanwhile.
    this.#sql.run('DELETE FROM meta WHERE key = ?', `cursor:${id}`);
  }

  waitingBy(): Readonly<Record<string, number>> {
    const rows = this.#sql.all<{ account: string; n: number }>(
      "SELECT account, count(*) AS n FROM outbox WHERE account IS NOT NULL AND lane LIKE 'out:p%' AND state IN ('ready', 'sending', 'uncertain', 'parked') GROUP BY account");
    return Object.fromEntries(rows.map(({ account, n }) => [account, n]));
  }

  audit({ at, who, verb, object }: AuditRow): void {
    this.#sql.run('INSERT INTO audit (at, who, verb, object) VALUES (?, ?, ?, ?)', at, who, verb, object);
  }

  audited(limit: number): readonly AuditRow[] {
    return this.#sql.all<AuditRow>('SELECT at, who, verb, object FROM audit ORDER BY seq DESC LIMIT ?', limit);
  }

  blocked(): readonly Blocked[] {
    return this.#sql.all<{ who: string; by_user: string; at: number }>('SELECT who, by_user, at FROM blocked ORDER BY who').map(({ who, by_user: by, at }) => ({ who, by: by as UserId, at }));
  }

  block({ who, by, at }: Blocked): void {
    this.#sql.run('INSERT INTO blocked (who, by_user, at) VALUES (?, ?, ?) ON CONFLICT (who) DO NOTHING', who, by, at);
  }

  unblock(who: string): void {
    this.#sql.run('DELETE FROM blocked WHERE who = ?', who);
  }
}

interface AccountSql {
  id: string;
  network: string;
  app: string;
  remote_id: string;
  kind: StoredAccount['kind'];
  owner: string;
  body: Uint8Array | null;
  created_at: number;
}
