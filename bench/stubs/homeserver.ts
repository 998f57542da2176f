/** A homeserver, and alice on it. */
import { FakeHomeserver } from '../../test/kit/fake-homeserver/server.ts';
import { serve, sharedNow } from './process.ts';

export interface HomeserverFacts {
  readonly url: string;
  readonly serverName: string;
  readonly asToken: string;
  readonly hsToken: string;
}

/** Something that alice says. */
export interface SaidInRoom {
  readonly room: string;
  readonly text: string;
}

const patienceMs = 60_000;

await serve<{ readonly appserviceUrl: string }>(async ({ appserviceUrl }, arrived) => {
  const homeserver = await FakeHomeserver.start({
    botLocalpart: 'drawbridge', appserviceUrl, backoffSecondMs: 50,
    onEvent: ({ type, sender, content, room_id }) => {
      if (type === 'm.room.message' && sender.startsWith('@_drawbridge_')) arrived(String(content.body), room_id);
    },
  });
  const alice = homeserver.user('alice');
  const { url, serverName, asToken, hsToken } = homeserver;
  return {
    facts: { url, serverName, asToken, hsToken } satisfies HomeserverFacts,
    commands: {
      /** All at once. Returns when it began. */
      say(texts: readonly SaidInRoom[]): number {
        const from = sharedNow();
        for (const { room, text } of texts) alice.send(room, text);
        return from;
      },
      /** As soon as she is invited. */
      async join(room: string): Promise<void> {
        for (const end = Date.now() + patienceMs; homeserver.membership(room, alice.id) !== 'invite';) {
          if (Date.now() > end) throw new Error(`an invitation to ${room} never came`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        alice.join(room);
      },
      idle: () => homeserver.idle(),
    },
  };
});
