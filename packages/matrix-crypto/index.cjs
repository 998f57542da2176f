'use strict';
// The Matrix SDKs `require` the native package at import and touch none of its names until crypto is used.
// Drawbridge does not use end-to-end encryption yet, so every use fails with one clear error.
const message =
  'DB-9001: end-to-end encryption is not available in this build of Drawbridge. ' +
  'Fix: turn encryption off in the room, or open a new unencrypted one.';

function unavailable() {
  throw new Error(message);
}

class Unavailable {
  constructor() {
    unavailable();
  }
}

class OlmMachine extends Unavailable {
  static initialize() {
    return Promise.reject(new Error(message));
  }
}

class Attachment extends Unavailable {
  static encrypt() {
    unavailable();
  }
  static decrypt() {
    unavailable();
  }
}

module.exports = {
  OlmMachine,
  Attachment,
  EncryptedAttachment: Unavailable,
  UserId: Unavailable,
  DeviceId: Unavailable,
  RoomId: Unavailable,
  DeviceLists: Unavailable,
  EncryptionSettings: Unavailable,
  StoreType: Object.freeze({ Sqlite: 0 }),
};
