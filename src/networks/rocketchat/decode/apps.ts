import { at, defined, fieldsOf, isFields, list, str, type Fields } from '../../shared/json.ts';
import type { RoomFacts } from '../ids.ts';

/** A message as an app in the server gets it (`@rocket.chat/apps-engine`, definition/messages/IMessage): the same in other words. */
export function isAppMessage(body: Fields): boolean {
  return str(body, 'room', 'id') !== undefined && str(body, 'sender', 'id') !== undefined && ['text', 'createdAt', 'attachments', 'blocks', 'file'].some((key) => Object.hasOwn(body, key));
}

export function messageOfApp(body: unknown): Fields {
  const edited = at(body, 'editedAt');
  return defined({
    ...fieldsOf(body, '_unmappedProperties_'),
    _id: str(body, 'id'), rid: str(body, 'room', 'id'), msg: str(body, 'text') ?? '', ts: at(body, 'createdAt'), _updatedAt: at(body, 'updatedAt'), u: userOf(at(body, 'sender')),
    tmid: str(body, 'threadId'), alias: str(body, 'alias'), editedAt: edited, editedBy: edited === undefined ? undefined : userOf(at(body, 'editor')),
    file: at(body, 'file'), attachments: Array.isArray(at(body, 'attachments')) ? list(body, 'attachments').map(attachmentOf) : undefined,
    reactions: at(body, 'reactions'), blocks: at(body, 'blocks'), pinned: at(body, 'pinned'), pinnedAt: at(body, 'pinnedAt'),
    pinnedBy: isFields(at(body, 'pinnedBy')) ? userOf(at(body, 'pinnedBy')) : undefined, t: str(body, 'type'),
  });
}

export function roomOfApp(room: unknown): RoomFacts {
  const ids = at(room, 'userIds');
  const uids = Array.isArray(ids) ? ids.filter((each) => typeof each === 'string') : undefined;
  const name = str(room, 'slugifiedName');
  return { rid: str(room, 'id') ?? '', type: str(room, 'type'), title: str(room, 'displayName') ?? name, name, ...(uids === undefined ? {} : { uids }) };
}

function userOf(user: unknown): Fields {
  return defined({ _id: str(user, 'id'), username: str(user, 'username'), name: str(user, 'name'), type: str(user, 'type') });
}

function attachmentOf(value: unknown): unknown {
  if (!isFields(value)) return value;
  const { title, author, thumbnailUrl, imageUrl, audioUrl, videoUrl, timestamp, timestampLink, ...rest } = value;
  return defined({
    ...rest, title: str(title, 'value'), title_link: str(title, 'link'), author_name: str(author, 'name'), author_link: str(author, 'link'),
    thumb_url: thumbnailUrl, image_url: imageUrl, audio_url: audioUrl, video_url: videoUrl, ts: timestamp, message_link: timestampLink,
  });
}
