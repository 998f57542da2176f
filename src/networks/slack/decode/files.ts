import type { Content, MediaContent, MediaKind } from '../../../model/content.ts';
import { defined, flag, num, str } from '../../shared/json.ts';

/** What it takes to fetch a file or a picture later; the core keeps it as a text. */
export interface Handle {
  /** `F…` */
  readonly id?: string;
  /** Behind a login, unless it is a picture of somebody. */
  readonly url?: string;
  /** Only files.info tells where it is (a file of another workspace, a picture in a block). */
  readonly ask?: true;
  /** A picture of a person or a custom emoji: no login, and no token for it. */
  readonly open?: true;
}

function writeHandle(handle: Handle): string {
  return JSON.stringify(handle);
}

export function readHandle(text: string): Handle {
  try {
    const value: unknown = JSON.parse(text);
    return defined({ id: str(value, 'id'), url: str(value, 'url'), ask: flag(value, 'ask') ? (true as const) : undefined, open: flag(value, 'open') ? (true as const) : undefined });
  } catch {
    return {};
  }
}

/** Canvases and lists. */
const PAGE = /^(?:quip|canvas|list|application\/vnd\.slack-(?:docs|list))$/;

/** A file object (docs.slack.dev/reference/objects/file-object) as one part of a message. */
export function decodeFile(file: unknown): Content {
  const mode = str(file, 'mode');
  const access = str(file, 'file_access');
  // Pages have a name for their kind alone.
  const title = mode === 'space' || mode === 'email' || PAGE.test(str(file, 'mimetype') ?? mode ?? '') ? str(file, 'title') : undefined;
  const name = title ?? str(file, 'name') ?? str(file, 'title');
  if (mode === 'tombstone' || str(file, 'tombstone') !== undefined) return gone(name, 'The file was deleted.');
  if (mode === 'hidden_by_limit') return gone(name, 'Slack hides the file, because the workspace is over its limit.');
  if (access === 'access_denied') return gone(name, 'The installation may not see the file.');
  if (access === 'file_not_found') return gone(name, 'Slack does not find the file.');
  const id = str(file, 'id');
  const url = str(file, 'url_private_download') ?? str(file, 'url_private');
  // What lies with somebody else is opened there.
  if (mode === 'external' || flag(file, 'is_external')) return link(name, str(file, 'external_url') ?? url ?? str(file, 'permalink'), mode);
  // A page of Slack's is no bytes: a link says where it is.
  if (PAGE.test(str(file, 'mimetype') ?? '') || PAGE.test(mode ?? '')) return link(name, str(file, 'permalink') ?? url ?? str(file, 'external_url'), mode);
  const ask = access === 'check_file_info' || url === undefined;
  if (ask && id === undefined && url === undefined) return gone(name, 'Slack does not say where the file is.');
  const mime = str(file, 'mimetype');
  const width = num(file, 'original_w');
  const height = num(file, 'original_h');
  return defined({
    kind: kindOf(file, mime),
    media: defined({
      source: { network: writeHandle(defined({ id, url, ask: ask ? (true as const) : undefined })) },
      mime: mime?.endsWith('/*') === true ? undefined : mime,
      name,
      size: num(file, 'size'),
      width: width === 0 ? undefined : width,
      height: height === 0 ? undefined : height,
      durationMs: num(file, 'duration_ms'),
    }),
  }) satisfies MediaContent;
}

function kindOf(file: unknown, mime: string | undefined): MediaKind {
  const subtype = str(file, 'subtype');
  if (subtype === 'slack_audio') return 'voice';
  if (subtype === 'slack_video') return 'video';
  const kind = mime?.split('/', 1)[0];
  // Drawings of the web and of designers are no pictures to most apps.
  if (kind === 'image' && !/svg|photoshop|tiff|heic|heif/.test(mime ?? '')) return 'image';
  return kind === 'video' || kind === 'audio' ? kind : 'file';
}

function gone(name: string | undefined, reason: string): Content {
  return { kind: 'unsupported', what: 'file', reason: name === undefined ? reason : `${name}: ${reason}` };
}

function link(name: string | undefined, href: string | undefined, mode: string | undefined): Content {
  const text = name ?? href ?? 'file';
  if (href === undefined) return gone(name, `It lies outside of Slack (${mode ?? 'external'}), and Slack does not say where.`);
  return { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: '📎 ' }, { t: 'link', href, children: [{ t: 'text', text }] }] }] };
}
