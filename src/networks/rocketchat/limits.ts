import type { Capabilities, Capability, MediaCapability } from '../../model/capabilities.ts';
import { full, none, partial } from '../shared/levels.ts';

/** The server sets no limit; this many are more than anybody looks at. */
const MAX_REACTIONS = 100;

/** What the server allows; read from its public settings, else Rocket.Chat's own defaults. */
export interface ServerLimits {
  /** `Message_MaxAllowedSize`, UTF-16 units. */
  readonly maxText: number;
  /** `FileUpload_MaxFileSize`, bytes. */
  readonly maxFile: number;
  readonly uploads: boolean;
  readonly editing: boolean;
  /** `Message_AllowEditing_BlockEditInMinutes`; 0: at any time. */
  readonly editMinutes: number;
  readonly deleting: boolean;
  readonly deleteMinutes: number;
  readonly pinning: boolean;
  readonly threads: boolean;
  readonly receipts: boolean;
  /** Where the server says it is reached: what it knows its own links by. */
  readonly siteUrl: string | undefined;
  /** As `/api/info` tells it. */
  readonly version: string | undefined;
}

export const DEFAULTS: ServerLimits = {
  maxText: 5000, maxFile: 104_857_600, uploads: true, editing: true, editMinutes: 0, deleting: true, deleteMinutes: 0, pinning: true, threads: true, receipts: false,
  siteUrl: undefined, version: undefined,
};

export const SETTINGS = [
  'Message_MaxAllowedSize', 'FileUpload_MaxFileSize', 'FileUpload_Enabled', 'Message_AllowEditing', 'Message_AllowEditing_BlockEditInMinutes', 'Message_AllowDeleting',
  'Message_AllowDeleting_BlockDeleteInMinutes', 'Message_AllowPinning', 'Threads_enabled', 'Message_Read_Receipt_Enabled', 'Site_Url',
] as const;

/** Out of `settings.public`: `[{_id, value}]`. */
export function limitsFrom(values: ReadonlyMap<string, unknown>, version: string | undefined): ServerLimits {
  const number = (key: (typeof SETTINGS)[number], fallback: number, min: number): number => {
    const value = Number(values.get(key) ?? Number.NaN);
    return Number.isFinite(value) && value >= min ? Math.floor(value) : fallback;
  };
  const flag = (key: (typeof SETTINGS)[number], fallback: boolean): boolean => {
    const value = values.get(key);
    return typeof value === 'boolean' ? value : fallback;
  };
  const site = values.get('Site_Url');
  const maxFile = values.get('FileUpload_MaxFileSize');
  return {
    maxText: number('Message_MaxAllowedSize', DEFAULTS.maxText, 100),
    // -1 is without a limit; what cannot be measured would not end.
    maxFile: maxFile === -1 ? 2 ** 31 : number('FileUpload_MaxFileSize', DEFAULTS.maxFile, 1),
    uploads: flag('FileUpload_Enabled', true), editing: flag('Message_AllowEditing', true), editMinutes: number('Message_AllowEditing_BlockEditInMinutes', 0, 0),
    deleting: flag('Message_AllowDeleting', true), deleteMinutes: number('Message_AllowDeleting_BlockDeleteInMinutes', 0, 0),
    pinning: flag('Message_AllowPinning', true), threads: flag('Threads_enabled', true), receipts: flag('Message_Read_Receipt_Enabled', false),
    siteUrl: typeof site === 'string' && /^https?:\/\//.test(site) ? site.replace(/\/+$/, '') : undefined, version,
  };
}

export interface Able {
  readonly limits: ServerLimits;
  /** The account may speak under other names, and is asked to. */
  readonly aliases: boolean;
  /** The login of a person. */
  readonly personal: boolean;
}

const FRESH: Able = { limits: DEFAULTS, aliases: true, personal: false };

export function capabilitiesOf(able: Able = FRESH): Capabilities {
  const { limits, aliases, personal } = able;
  const media = (mimes: readonly string[]): MediaCapability => (limits.uploads
    ? { level: 'full', mimes, maxBytes: limits.maxFile, maxCaption: limits.maxText }
    : { level: 'none', reason: 'The server takes no files.', mimes: [], maxBytes: 0, maxCaption: 0 });
  const anything = media(['*']);
  const timed = (minutes: number, allowed: boolean, what: string): Capability => (!allowed ? none(`The server lets nobody ${what} messages.`) : minutes > 0 ? partial(`Within ${minutes} minutes after it was sent.`) : full);
  return {
    out: {
      text: full,
      edit: timed(limits.editMinutes, limits.editing, 'edit'),
      delete: timed(limits.deleteMinutes, limits.deleting, 'delete'),
      react: partial('Emoji that Rocket.Chat has a name for, and the server’s own. All of Matrix is one user there: an emoji counts once, whoever put it there.'),
      reply: full,
      thread: limits.threads ? full : none('The server has threads switched off.'),
      pin: limits.pinning ? partial('Where the user may pin: as an owner, a moderator or with the permission pin-message.') : none('The server has pins switched off.'),
      typing: full,
      readReceipts: full,
      deliveryReceipts: none('The bridge has nothing to tell here.'),
      location: full,
      contacts: none('Rocket.Chat has no contact cards; they are sent as text.'),
      poll: none('Polls come from apps that a server may have or not; they are sent as text.'),
      groups: full,
      members: partial('Where the user may: people are brought into rooms, and sent out of them, by a command.'),
      profiles: none('The bridge cannot change how a user looks.'),
      history: none('Nothing can be written into the past.'),
      impersonation: aliases && !personal ? full : none(personal ? 'A person speaks for themselves; names of others are put before the text.' : 'The user lacks the permission message-impersonate; names are put before the text.'),
    },
    in: {
      text: full,
      edit: full,
      delete: partial('Of messages that are deleted all at once the server does not always tell which.'),
      react: full,
      reply: full,
      thread: full,
      pin: full,
      typing: full,
      readReceipts: limits.receipts ? partial('In direct chats.') : partial('In direct chats, where the server has read receipts switched on.'),
      deliveryReceipts: none('Rocket.Chat does not tell.'),
      location: full,
      contacts: none('Rocket.Chat has no contact cards.'),
      poll: none('Polls come from apps; their words are shown as text.'),
      groups: full,
      members: full,
      profiles: full,
      history: full,
      impersonation: full,
    },
    media: { image: media(['image/*']), video: media(['video/*']), audio: media(['audio/*']), voice: media(['audio/*']), file: anything, sticker: media(['image/*']) },
    reach: {
      contacts: partial('Where the user has the permission view-d-room.'),
      conversations: partial('Those that the user is in.'),
      search: partial('What the server’s own search finds: some people, and some open rooms.'),
      resolve: partial('By user name or id; rooms by id.'),
      createDirect: full,
      createGroup: partial('A private room with a title, where the user has the permission create-p; without one a direct chat of several.'),
      invite: partial('Where the user may: as an owner, a moderator or with a permission.'),
      kick: partial('Where the user may: as an owner, a moderator or with a permission.'),
      leave: partial('Not the last owner of a room.'),
      setTitle: partial('Where the user may, and the name is free.'),
    },
    maxReactions: MAX_REACTIONS,
  };
}
