import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { CodedError } from '../model/errors.ts';

/**
 * Seals what the store keeps of people's messages, and makes the keyed hashes that recognise an id without holding it.
 * Layout of a sealed value: key id (4 bytes), nonce (12), AES-256-GCM ciphertext, tag (16). The key id is the start of a
 * hash of the key, so that a wrong key is told apart from damage.
 */
export interface Seal {
  seal(value: unknown): Buffer;
  /** @throws CodedError DB-2004 (another key), DB-2005 (altered) */
  open(sealed: Uint8Array): unknown;
  /** 16 bytes. */
  hash(...parts: readonly string[]): Buffer;
}

/** By which a database knows the key that it was sealed with. */
export const keyMark = (seal: Seal): string => seal.hash('seal key').toString('hex');

export function createSeal(key: Buffer): Seal {
  if (key.length !== 32) {
    throw new CodedError('DB-1007', `seal_key has ${key.length} bytes, not 32.`, 'Make one with `drawbridge init`, or 32 random bytes in base64.');
  }
  // Key objects: a key given as bytes is made into one at every use, which costs more than the sealing.
  const contentKey = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'drawbridge content', 32)));
  const hashKey = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'drawbridge ids', 32)));
  const keyId = createHmac('sha256', contentKey).update('key id').digest().subarray(0, 4);
  return {
    seal(value) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', contentKey, nonce);
      cipher.setAAD(keyId);
      const body = cipher.update(JSON.stringify(value), 'utf8');
      return Buffer.concat([keyId, nonce, body, cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (!bytes.subarray(0, 4).equals(keyId)) {
        throw new CodedError('DB-2004', 'The database was sealed with another key.', 'Put back the seal_key that this database was made with.');
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', contentKey, bytes.subarray(4, 16));
        decipher.setAAD(keyId);
        decipher.setAuthTag(bytes.subarray(bytes.length - 16));
        const text = decipher.update(bytes.subarray(16, bytes.length - 16)).toString('utf8') + decipher.final('utf8');
        return JSON.parse(text) as unknown;
      } catch (error) {
        throw new CodedError('DB-2005', 'A sealed value in the database was altered.', 'Restore the database from a backup.', { cause: error });
      }
    },
    hash(...parts) {
      const mac = createHmac('sha256', hashKey);
      // Length first: no two lists of parts can read the same.
      for (const part of parts) mac.update(`${Buffer.byteLength(part)}:`).update(part);
      return mac.digest().subarray(0, 16);
    },
  };
}
