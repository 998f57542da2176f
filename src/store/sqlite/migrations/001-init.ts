/** Spelled out: where an `IN` list has more than two values SQLite builds a table of them at every use, for each index anew. */
const oneOf = (...states: readonly string[]): string => `(${states.map((state) => `state = '${state}'`).join(' OR ')})`;

/**
 * The first schema. Times are milliseconds since the epoch; `body` columns hold sealed values. AUTOINCREMENT where rows go
 * while somebody may still have their number in hand: SQLite gives the highest number again, and it would mean another row.
 */
export const init = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Accounts that were logged in while the bridge ran; 'body' NULL: logged out, and the id stays that of the same account of the network.
CREATE TABLE account (
  id TEXT PRIMARY KEY, network TEXT NOT NULL, app TEXT NOT NULL, remote_id TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL,
  state TEXT NOT NULL CHECK ${oneOf('live', 'gone')}, body BLOB, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What administrators did, and who logged in, linked or erased: never what was said.
CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL, object TEXT NOT NULL) STRICT;
-- Users and servers that administrators have shut out.
CREATE TABLE blocked (who TEXT PRIMARY KEY, by_user TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE person (
  id INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL, localpart TEXT NOT NULL UNIQUE, name TEXT,
  registered INTEGER NOT NULL DEFAULT 0, shown_name TEXT,
  -- The picture that the network shows (NULL: never told; '': none), how to fetch it, and the one that Matrix shows.
  picture TEXT, picture_handle TEXT, shown_picture TEXT, created_at INTEGER NOT NULL,
  -- Since when they are not to be bridged, as they asked.
  stopped INTEGER,
  merged INTEGER REFERENCES person(id)
) STRICT;
-- Keyed hashes of the ids of people who were erased and are not to be bridged.
CREATE TABLE stopped (hash BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- People who were erased, until all is done on the homeserver; of whom it is stands sealed in the body.
CREATE TABLE erasure (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body BLOB NOT NULL, total INTEGER NOT NULL) STRICT;
CREATE TABLE erasure_event (
  erasure INTEGER NOT NULL REFERENCES erasure(id), event_id TEXT NOT NULL, room_id TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (erasure, event_id)
) STRICT, WITHOUT ROWID;
-- Every id that a person is known by. strong: an id that was seen to outrank another.
CREATE TABLE person_id (
  network TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL,
  person INTEGER NOT NULL REFERENCES person(id), strong INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network, scope, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_id_person ON person_id(person, strong DESC, rank, value);

CREATE TABLE conversation (
  id INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL, scope TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL,
  title TEXT, topic TEXT, picture TEXT, picture_handle TEXT, account TEXT NOT NULL, person INTEGER REFERENCES person(id),
  last_inbound_id TEXT, last_inbound_at INTEGER, created_at INTEGER NOT NULL,
  merged INTEGER REFERENCES conversation(id)
) STRICT;
CREATE TABLE conversation_id (
  network TEXT NOT NULL, scope TEXT NOT NULL, receiver TEXT NOT NULL, value TEXT NOT NULL,
  conversation INTEGER NOT NULL REFERENCES conversation(id), strong INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network, scope, receiver, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_id_conversation ON conversation_id(conversation, strong DESC, rank, value);

CREATE TABLE room (
  id INTEGER PRIMARY KEY AUTOINCREMENT, room_id TEXT UNIQUE, state TEXT NOT NULL, kind TEXT NOT NULL, name TEXT,
  encrypted INTEGER NOT NULL DEFAULT 0, created_by_us INTEGER NOT NULL DEFAULT 0, topic TEXT, picture TEXT, deserted TEXT, active_at INTEGER NOT NULL,
  last_event TEXT, last_seq INTEGER, settled_event TEXT, pinned TEXT NOT NULL DEFAULT '[]'
) STRICT;
-- has_left: went out by themselves or was put out, and has not come back since, whoever asked.
CREATE TABLE member (
  room INTEGER NOT NULL REFERENCES room(id), user TEXT NOT NULL, membership TEXT NOT NULL, has_left INTEGER NOT NULL DEFAULT 0, name TEXT, picture TEXT,
  PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;

-- The room that gathers the portals of an account for one of its owners.
CREATE TABLE space (account TEXT NOT NULL, "user" TEXT NOT NULL, room INTEGER NOT NULL REFERENCES room(id), PRIMARY KEY (account, "user")) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX space_room ON space(room);
-- What a person wants to hear of nothing, or without a sound: a person (p and their number) or a conversation (c).
CREATE TABLE filter (
  "user" TEXT NOT NULL, target TEXT NOT NULL, mode TEXT NOT NULL, left_out INTEGER NOT NULL DEFAULT 0, PRIMARY KEY ("user", target)
) STRICT, WITHOUT ROWID;
CREATE INDEX filter_target ON filter(target);

CREATE TABLE portal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, room INTEGER NOT NULL REFERENCES room(id),
  conversation INTEGER NOT NULL REFERENCES conversation(id), account TEXT NOT NULL, state TEXT NOT NULL,
  -- linked: to a room that was there, which is its people's. relay: others than the owners of the account speak through it.
  linked INTEGER NOT NULL DEFAULT 0, relay INTEGER NOT NULL DEFAULT 1,
  merged INTEGER REFERENCES portal(id)
) STRICT;
CREATE INDEX portal_room ON portal(room);
CREATE INDEX portal_merged ON portal(merged) WHERE merged IS NOT NULL;
CREATE UNIQUE INDEX portal_conversation ON portal(conversation) WHERE state <> 'closed';

CREATE TABLE inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, key TEXT NOT NULL, lane TEXT NOT NULL,
  state TEXT NOT NULL CHECK ${oneOf('ready', 'parked', 'dead')}, wait_key TEXT, due_at INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0, received_at INTEGER NOT NULL, room INTEGER, event_id TEXT,
  account TEXT, conversation INTEGER, person INTEGER, media TEXT, doubtful INTEGER NOT NULL DEFAULT 0,
  body BLOB, code TEXT, reason TEXT, UNIQUE (source, key)
) STRICT;
CREATE INDEX inbox_lane ON inbox(lane, seq) WHERE state = 'ready';
CREATE INDEX inbox_wait ON inbox(wait_key) WHERE state = 'parked';
CREATE INDEX inbox_room ON inbox(room, seq) WHERE room IS NOT NULL AND state <> 'dead';
CREATE INDEX inbox_dead ON inbox(seq) WHERE state = 'dead';
-- Keyed hashes of every id ever taken in: they outlive the mapping.
CREATE TABLE seen (hash BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Events of a room not yet known to be settled, so that the read position never passes one.
CREATE TABLE room_event (seq INTEGER PRIMARY KEY, room INTEGER NOT NULL, event_id TEXT NOT NULL) STRICT;
CREATE INDEX room_event_room ON room_event(room, seq);

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK ${oneOf('ready', 'sending', 'uncertain', 'asked', 'parked', 'accepted', 'confirmed', 'cancelled', 'dead')},
  portal INTEGER, room INTEGER, account TEXT, event TEXT, sender TEXT, person INTEGER, remote_ref TEXT, origin_seq INTEGER,
  part INTEGER NOT NULL DEFAULT 0, parts INTEGER NOT NULL DEFAULT 1, body BLOB, edition INTEGER NOT NULL DEFAULT 0, shows_event TEXT, shows_part INTEGER, wait_key TEXT,
  tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0, blocked_since INTEGER,
  created_at INTEGER NOT NULL, sent_at INTEGER, settled_at INTEGER, remote_id TEXT, code TEXT, reason TEXT,
  report INTEGER, told INTEGER NOT NULL DEFAULT 0, spool TEXT
) STRICT;
CREATE INDEX outbox_head ON outbox(lane, seq) WHERE ${oneOf('ready', 'sending', 'uncertain')};
CREATE INDEX outbox_wait ON outbox(wait_key) WHERE wait_key IS NOT NULL;
CREATE INDEX outbox_event ON outbox(event) WHERE event IS NOT NULL;
CREATE INDEX outbox_shows ON outbox(shows_event) WHERE shows_event IS NOT NULL;
CREATE INDEX outbox_ref ON outbox(portal, remote_ref) WHERE remote_ref IS NOT NULL;
CREATE INDEX outbox_remote ON outbox(account, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX outbox_origin ON outbox(origin_seq) WHERE ${oneOf('ready', 'sending', 'uncertain', 'parked')};
CREATE INDEX outbox_told ON outbox(state, told) WHERE ${oneOf('dead', 'asked', 'uncertain')};
CREATE INDEX outbox_report ON outbox(report) WHERE report IS NOT NULL;
CREATE INDEX outbox_spool ON outbox(spool) WHERE spool IS NOT NULL;
CREATE INDEX outbox_settled ON outbox(state, settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE message_map (
  portal INTEGER NOT NULL, event_id TEXT NOT NULL, out_part INTEGER NOT NULL, remote_id TEXT NOT NULL, in_part INTEGER NOT NULL,
  remote_time INTEGER NOT NULL, origin TEXT NOT NULL, author TEXT NOT NULL, thread TEXT,
  PRIMARY KEY (portal, event_id, out_part, in_part, remote_id)
) STRICT, WITHOUT ROWID;
-- As the rows are read: an index that leaves the sorting over loses to the primary key, which then reads the whole chat.
CREATE INDEX message_map_remote ON message_map(portal, remote_id, out_part, in_part);

-- Which event a network's thread hangs on in Matrix, and the newest event of it.
CREATE TABLE thread (
  portal INTEGER NOT NULL, root TEXT NOT NULL, event_id TEXT NOT NULL, last_event TEXT NOT NULL, PRIMARY KEY (portal, root)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_event ON thread(portal, event_id);

CREATE TABLE reaction (
  portal INTEGER NOT NULL, target TEXT NOT NULL, actor TEXT NOT NULL, emoji TEXT NOT NULL, event_id TEXT, key TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (portal, target, actor, emoji)
) STRICT, WITHOUT ROWID;
CREATE INDEX reaction_key ON reaction(key);
CREATE INDEX reaction_event ON reaction(event_id) WHERE event_id IS NOT NULL;

-- Public links to files, by the key of the row that each was made for.
CREATE TABLE link (key TEXT PRIMARY KEY, event TEXT NOT NULL, shows_event TEXT, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX link_event ON link(event);
CREATE INDEX link_expires ON link(expires_at);
CREATE INDEX link_shows ON link(shows_event) WHERE shows_event IS NOT NULL;

CREATE TABLE media (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, body BLOB, state TEXT NOT NULL, spool TEXT, mime TEXT, size INTEGER,
  tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0, reason TEXT, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX media_wanted ON media(due_at) WHERE state = 'wanted';
`;
