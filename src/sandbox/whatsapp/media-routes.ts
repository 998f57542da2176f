import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { invalid, unknownObject } from './errors.ts';
import { bearer, mustBe, type Call, type Graph } from './graph.ts';
import { bareMime, checkUpload, inspect } from './media-check.ts';
import { documented } from './options.ts';
import type { Media, World } from './state.ts';

/** Where media is downloaded; at Meta this is another host, with the same path. */
const downloadPath = '/whatsapp_business/attachments/';

/** Upload, look up, delete and download media (Cloud API, Media). */
export function mediaRoutes(app: FastifyInstance, graph: Graph, world: World): void {
  graph.on('POST', '/:phone/media', async (call) => {
    mustBe(call.params['phone'], world.options.phoneNumberId);
    const { bytes, mime, filename } = await readUpload(call);
    const media = world.storeMedia(bytes, mime, await inspect(bytes), filename, 'uploaded');
    return { json: { id: media.id } };
  });
  app.get(downloadPath, async (request, reply) => {
    const { mid, ext, hash } = request.query as Record<string, string | undefined>;
    const media = world.liveMedia(mid ?? '');
    const signed = media && hash === urlHash(world, media.id, ext ?? '') && Number(ext) > Date.now();
    if (bearer(request.headers.authorization) !== world.options.accessToken) return reply.code(401).send();
    if (!media || !signed) return reply.code(404).send();
    return reply.header('content-type', media.mime).send(media.bytes);
  });
}

/** The answer to `GET /{media-id}`. @throws GraphError when it is unknown or expired, or of another number */
export function mediaInfo(world: World, call: Call): Record<string, unknown> {
  const media = mustLive(world, call);
  return {
    messaging_product: 'whatsapp', url: mediaUrl(world, media), mime_type: media.mime, sha256: media.sha256,
    file_size: String(media.bytes.length), id: media.id,
  };
}

/** `DELETE /{media-id}` */
export function deleteMedia(world: World, call: Call): Record<string, unknown> {
  world.media.delete(mustLive(world, call).id);
  return { success: true };
}

/** Good for five minutes, and only with the token. `ext` is its end in ms: a scaled clock needs finer steps than Meta's seconds. */
export function mediaUrl(world: World, media: Media): string {
  const ext = String(Math.floor(Date.now() + documented.mediaUrlMs / world.scale.media));
  return `${world.origin}${downloadPath}?mid=${media.id}&ext=${ext}&hash=${urlHash(world, media.id, ext)}`;
}

function urlHash(world: World, id: string, ext: string): string {
  return createHmac('sha256', world.options.appSecret).update(`${id}.${ext}`).digest('base64url');
}

function mustLive(world: World, call: Call): Media {
  const phone = call.query['phone_number_id'];
  const id = call.params['id'] ?? '';
  const media = world.liveMedia(id);
  if (!media || (phone !== undefined && phone !== world.options.phoneNumberId)) throw unknownObject(id);
  return media;
}

interface Upload {
  readonly bytes: Buffer;
  readonly mime: string;
  readonly filename: string | null;
}

const uploadFields = new Set(['messaging_product', 'type', 'file', 'ttl_minutes']);

/** The type that counts is the one of the part `file`, as Meta's error for `application/octet-stream` shows. */
async function readUpload(call: Call): Promise<Upload> {
  const form = await parseForm(call);
  for (const name of form.keys()) if (!uploadFields.has(name)) throw invalid(`Unexpected key "${name}" on param "body".`);
  if (form.get('messaging_product') !== 'whatsapp') throw invalid('Param messaging_product must be whatsapp.');
  const file = form.get('file');
  if (!(file instanceof File)) throw invalid('The parameter file is required.');
  const type = form.get('type');
  if (typeof type !== 'string' || type === '') throw invalid('The parameter type is required.');
  const mime = bareMime(file.type || 'application/octet-stream');
  checkUpload(mime, file.size);
  return { bytes: Buffer.from(await file.arrayBuffer()), mime, filename: file.name || null };
}

async function parseForm(call: Call): Promise<FormData> {
  try {
    const headers = { 'content-type': call.headers['content-type'] ?? '' };
    return await new Response(new Uint8Array(call.body), { headers }).formData();
  } catch {
    throw invalid('The body must be multipart/form-data.');
  }
}
