/** Statements that may read everything, as they are worded for any database. */
const seldom = [
  // Where somebody links a room, or ends that.
  /lower\(title\) = lower/, /^SELECT 1 FROM message_map WHERE portal = .* AND author = /,
  // At the start and for whoever asks how things stand.
  /FROM room WHERE (?:state = 'live'|kind = 'management')/, /^SELECT lane, min\(due_at\)/, /GROUP BY state$/, /count\(\*\)/, /min\(created_at\)/, /^SELECT 'out' AS side/, /code = 'restored'/, /FROM (?:account|audit|blocked)\b/, /^SELECT \* FROM portal WHERE state <> 'closed'/, /^UPDATE (?:portal|conversation) SET account/, /kind = 'command'/,
  // For somebody who asks for it.
  /^\/\* (?:erasure|export) \*\//,
  // Once.
  /^SELECT 1 FROM stopped LIMIT 1/,
  // Every ten minutes.
  /SELECT spool/, /^DELETE FROM (?:media|seen|room_event)/, /^SELECT coalesce\(min\(seq\)/, /^UPDATE inbox SET body = NULL/, /^DELETE FROM inbox WHERE source = 'to-device'/,
  // Where two people, chats or rooms turn out to be one.
  /\bmerged = (?:\+\?|\$\d+|\?) WHERE/, /^DELETE FROM \w+ AS old/, /^UPDATE (?:conversation|inbox) SET person = /, /SET actor = /, /^UPDATE inbox SET (?:conversation|room) = /, /message_map SET portal = /, /^UPDATE outbox SET portal = /,
  // Where a room is given up for another, or for good.
  /^DELETE FROM message_map WHERE portal IN \(SELECT/,
];

export const isSeldom = (text: string): boolean => seldom.some((one) => one.test(text));
