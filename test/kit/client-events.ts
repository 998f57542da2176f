import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';

export function relationOf(event: ClientEvent): { readonly rel_type?: string; readonly event_id?: string; readonly key?: string; readonly 'm.in_reply_to'?: { readonly event_id: string } } {
  return (event.content['m.relates_to'] ?? {}) as ReturnType<typeof relationOf>;
}

/** What a redaction takes away, wherever the room's version puts it. */
export function redactedBy({ type, redacts, content }: ClientEvent): unknown {
  return type === 'm.room.redaction' ? (redacts ?? content['redacts']) : undefined;
}
