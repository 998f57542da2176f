import type { Capabilities, Feature } from '../../../src/model/capabilities.ts';
import type { MediaKind } from '../../../src/model/content.ts';
import type { Case } from './cases.ts';
import type { Place } from './driver.ts';

/** What a conversation of one network must be able to do, at least in part. */
interface Floor {
  readonly out: readonly Feature[];
  readonly in: readonly Feature[];
  readonly media: readonly MediaKind[];
}

const every: readonly MediaKind[] = ['image', 'video', 'audio', 'voice', 'file', 'sticker'];

/**
 * What the vendors document, written from their pages and apart from the adapters: a descriptor that says less is wrong, and so is a case
 * that is left out for it. What stands here needs no more than an ordinary account of the kind that the adapter is for.
 */
export const floors: Readonly<Record<string, Readonly<Record<Place, Floor>>>> = {
  // developers.facebook.com/docs/whatsapp/cloud-api: messages, reactions, typing indicators, webhooks; groups take text and media, and pins.
  whatsapp: {
    direct: {
      out: ['text', 'react', 'reply', 'typing', 'readReceipts', 'location', 'contacts'],
      in: ['text', 'edit', 'delete', 'react', 'reply', 'readReceipts', 'deliveryReceipts', 'location', 'contacts', 'profiles'],
      media: every,
    },
    group: { out: ['text', 'reply', 'pin', 'groups'], in: ['text', 'reply', 'groups', 'members', 'profiles'], media: every },
  },
  // core.telegram.org/bots/api: what a bot may call, and Update. Deletions, typing and reading are told to no bot, and it gets no history.
  telegram: {
    direct: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'pin', 'typing', 'location', 'contacts', 'poll'],
      in: ['text', 'edit', 'react', 'reply', 'pin', 'location', 'contacts', 'poll', 'profiles'],
      media: every,
    },
    group: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'location', 'contacts', 'poll', 'groups'],
      in: ['text', 'edit', 'react', 'reply', 'thread', 'pin', 'location', 'contacts', 'poll', 'groups', 'members', 'profiles'],
      media: every,
    },
  },
  // docs.slack.dev: the Web API of a bot with chat:write.customize, and the Events API. Typing went with the Real Time Messaging API.
  slack: {
    direct: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'impersonation'],
      in: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'profiles', 'history'],
      media: every,
    },
    group: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'groups', 'impersonation'],
      in: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'groups', 'members', 'profiles', 'history'],
      media: every,
    },
  },
  // developer.rocket.chat/apidocs and the streams of its WebSocket, with the rights of a bot (message-impersonate) on a server as it is installed.
  rocketchat: {
    direct: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'readReceipts', 'location', 'impersonation'],
      in: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'readReceipts', 'location', 'profiles', 'history'],
      media: every,
    },
    group: {
      out: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'readReceipts', 'location', 'groups', 'impersonation'],
      in: ['text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'location', 'groups', 'members', 'profiles', 'history'],
      media: every,
    },
  },
};

/** What the descriptor denies although its network must do it; also what it denies without a reason. */
export function belowFloor(network: string, place: Place, capabilities: Capabilities): readonly string[] {
  const floor = floors[network]?.[place];
  if (floor === undefined) return ['there is no floor for it'];
  return [
    ...floor.out.filter((feature) => capabilities.out[feature].level === 'none').map((feature) => `${feature} to it`),
    ...floor.in.filter((feature) => capabilities.in[feature].level === 'none').map((feature) => `${feature} from it`),
    ...floor.media.filter((kind) => capabilities.media[kind].level === 'none').map((kind) => `files: ${kind}`),
    ...[...Object.entries(capabilities.out), ...Object.entries(capabilities.in), ...Object.entries(capabilities.media)]
      .filter(([, { level, reason }]) => level !== 'full' && (reason ?? '').trim() === '').map(([what]) => `${what} without a reason`),
  ];
}

/** Whether a case that needs this may be left out there. */
export function mayBeLeftOut(network: string, place: Place, { way, needs }: Pick<Case, 'way' | 'needs'>): boolean {
  const floor = floors[network]?.[place];
  return floor !== undefined && needs !== undefined && !floor[way].includes(needs as Feature) && !floor.media.includes(needs as MediaKind);
}

/** Whether a case is left out: the descriptor denies what it needs. */
export function isLeftOut(capabilities: Capabilities, { way, needs }: Pick<Case, 'way' | 'needs'>): boolean {
  if (needs === undefined) return false;
  return (Object.hasOwn(capabilities.media, needs) ? capabilities.media[needs as MediaKind] : capabilities[way][needs as Feature]).level === 'none';
}
