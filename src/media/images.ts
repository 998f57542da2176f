import sharp from 'sharp';
import type { Sharp } from 'sharp';

/** An image is read into memory whole; a larger file is not looked into. Bytes. */
export const MAX_IMAGE_BYTES = 32 * 1024 * 1024;
/** A picture of more pixels (all frames together where they are used) is never decoded, and is sent as a file. */
const MAX_PIXELS = 40e6;
const SECONDS = 20;

// Only what people send as pictures: libvips knows formats that run code or read other files, SVG and PDF among them.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map((format) => `VipsForeignLoad${format}`),
});
// Hostile pictures are met once each; keeping their decoded form only costs memory.
sharp.cache(false);

export interface ImageInfo {
  /** Pixels, as shown: turned where Exif says so. */
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  readonly hasAlpha: boolean;
  /** Eight bits a channel, in RGB or grey: what every platform shows. */
  readonly plain: boolean;
}

export interface MadeImage {
  readonly bytes: Buffer;
  readonly mime: string;
  readonly width: number;
  readonly height: number;
}

type StillFormat = 'image/jpeg' | 'image/png' | 'image/webp';

function load(bytes: Uint8Array, animated = false): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', pages: animated ? -1 : 1, autoOrient: !animated })
    .timeout({ seconds: SECONDS });
}

/** Reads the header only. Undefined where it is no picture that may be decoded: unknown, broken, too many pixels. */
export async function imageInfo(bytes: Uint8Array): Promise<ImageInfo | undefined> {
  return attempt(async () => {
    const { autoOrient, pages, hasAlpha, depth, space } = await load(bytes).metadata();
    const plain = depth === 'uchar' && (space === 'srgb' || space === 'b-w');
    return { width: autoOrient.width, height: autoOrient.height, pages: pages ?? 1, hasAlpha, plain };
  });
}

/**
 * Makes a still JPEG, PNG or WebP of at most `maxBytes`: first with less quality, then smaller. Place and camera data
 * do not survive. Undefined where the picture cannot be read or made small enough.
 * @param takes the types that may come out; PNG is preferred where there is transparency, else JPEG
 */
export async function toStill(bytes: Uint8Array, takes: (mime: string) => boolean, maxBytes: number): Promise<MadeImage | undefined> {
  const info = await imageInfo(bytes);
  if (info === undefined) return undefined;
  const order: readonly StillFormat[] = info.hasAlpha ? ['image/png', 'image/webp', 'image/jpeg'] : ['image/jpeg', 'image/webp', 'image/png'];
  for (const mime of order.filter(takes)) {
    for (const { edge, quality } of STEPS) {
      // A PNG has no quality: only its size can go down.
      if (mime === 'image/png' && quality !== STEPS[0].quality) continue;
      const made = await attempt(() => render(bytes, mime, edge, quality));
      if (made === undefined) return undefined;
      if (made.bytes.length <= maxBytes) return made;
      // Where another format is taken, a lossless picture is not shrunk to a stamp first.
      if (mime === 'image/png' && takes('image/jpeg')) break;
    }
  }
  return undefined;
}

const STEPS = [
  { edge: 16_000, quality: 86 }, { edge: 16_000, quality: 75 }, { edge: 2560, quality: 86 }, { edge: 2560, quality: 70 },
  { edge: 1600, quality: 86 }, { edge: 1600, quality: 60 }, { edge: 1024, quality: 86 }, { edge: 640, quality: 86 }, { edge: 320, quality: 86 },
] as const;

async function render(bytes: Uint8Array, mime: StillFormat, edge: number, quality: number): Promise<MadeImage> {
  const image = load(bytes).resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true }).toColourspace('srgb');
  const encoded = mime === 'image/jpeg' ? image.flatten({ background: '#ffffff' }).jpeg({ quality })
    : mime === 'image/png' ? image.png({ compressionLevel: 9 })
      : image.webp({ quality });
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  return { bytes: data, mime, width: info.width, height: info.height };
}

/** Side of a sticker in pixels. WhatsApp's rule (Cloud API, "Supported media types"), which the other networks can show. */
export const STICKER_EDGE = 512;

/** Makes a WebP of 512 by 512 pixels, the picture whole inside on a transparent ground. Undefined where it cannot. */
export async function toSticker(bytes: Uint8Array, animated: boolean, maxBytes: number): Promise<MadeImage | undefined> {
  for (const quality of [85, 60, 40, 20, 5]) {
    const made = await attempt(async () => {
      const image = load(bytes, animated)
        .resize({ width: STICKER_EDGE, height: STICKER_EDGE, fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } });
      return image.webp({ quality, alphaQuality: Math.max(quality, 30), effort: 4 }).toBuffer();
    });
    if (made === undefined) return undefined;
    if (made.length <= maxBytes) return { bytes: made, mime: 'image/webp', width: STICKER_EDGE, height: STICKER_EDGE };
  }
  return undefined;
}

/** Every frame of an animated WebP as a GIF, which video tools read. Undefined where it cannot. */
export async function toGif(bytes: Uint8Array): Promise<Buffer | undefined> {
  return attempt(() => load(bytes, true).gif().toBuffer());
}

/** Pictures come from strangers: any failure means that this cannot be made of it. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
