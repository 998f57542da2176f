import { at, isFields, list, str, type Fields } from '../../shared/json.ts';
import { digest } from './context.ts';

/** A line of what people export of a room or of themselves: no ids, and neither the room nor anything that came of the message. */
export function isExported(body: Fields): boolean {
  return typeof at(body, 'msg') === 'string' && str(body, 'username') !== undefined && at(body, 'ts') !== undefined
    && Object.keys(body).every((key) => ['msg', 'username', 'ts', 'attachments', 'type'].includes(key));
}

/** Of what happened in the room the export says the sentence itself, in the language of the server. */
export function messageOfExport(body: unknown): Fields {
  const attachments = list(body, 'attachments').map((each) => (isFields(each) && str(each, 'title_link') === undefined ? { ...each, title_link: str(each, 'url') } : each));
  const files = attachments.flatMap((each) => (str(each, 'fileId') === undefined ? [] : [{ _id: str(each, 'fileId'), name: str(each, 'fileName') }]));
  return { _id: digest(body), rid: 'unknown', u: { username: str(body, 'username') }, msg: str(body, 'msg') ?? '', ts: at(body, 'ts'), attachments, files };
}
