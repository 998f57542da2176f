import type { AccountId, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { NewOutbox } from '../store.ts';
import type { Sql } from './driver.ts';
import { insert } from './statements.ts';

type Send = (row: NewOutbox) => void;

/** The rows of somebody's space for an account; the room itself is made by the lane. */
function spaceFor(sql: Sql, account: AccountId, user: UserId, now: number, send: Send): RoomRow {
  const known = sql.get<{ room: number }>('SELECT room FROM space WHERE account = ? AND "user" = ?', account, user);
  if (known !== undefined) return known.room as RoomRow;
  const room = insert(sql, 'id', "INSERT INTO room (state, kind, created_by_us, active_at) VALUES ('creating', 'space', 1, ?)", now) as RoomRow;
  sql.run('INSERT INTO space (account, "user", room) VALUES (?, ?, ?)', account, user, room);
  send({ lane: `out:r${room}`, key: `create.s${room}`, room, task: { to: 'matrix', kind: 'create' } });
  send({ lane: `out:r${room}`, key: `invite.s${room}.${user}`, room, task: { to: 'matrix', kind: 'invite', user } });
  return room;
}

const child = (room: RoomRow, id: RoomId, present: boolean): NewOutbox =>
  ({ lane: `out:r${room}`, key: `child.${room}.${id}${present ? '' : '.gone'}`, room, task: { to: 'matrix', kind: 'child', child: id, present } });

export function intoSpaces(sql: Sql, account: AccountId, users: readonly UserId[], id: RoomId, now: number, send: Send): void {
  for (const user of users) send(child(spaceFor(sql, account, user, now, send), id, true));
}

/** A room has gone, or another has come in its place: in the spaces that there are. */
export function inSpaces(sql: Sql, account: string, id: string | null, present: boolean, send: Send): void {
  if (id === null) return;
  for (const { room } of sql.all<{ room: number }>('SELECT room FROM space WHERE account = ?', account)) send(child(room as RoomRow, id as RoomId, present));
}
