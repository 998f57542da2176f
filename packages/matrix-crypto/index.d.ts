/** Every class throws when used: end-to-end encryption is not available in this build. */
export class OlmMachine {
  static initialize(...args: unknown[]): Promise<OlmMachine>;
}
export class Attachment {
  static encrypt(bytes: Uint8Array): never;
  static decrypt(attachment: EncryptedAttachment): never;
}
export class EncryptedAttachment {}
export class UserId {}
export class DeviceId {}
export class RoomId {}
export class DeviceLists {}
export class EncryptionSettings {}
export const StoreType: { readonly Sqlite: 0 };
export type StoreType = 0;
