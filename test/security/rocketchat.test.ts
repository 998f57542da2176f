import { afterEach, describe, expect, test } from '@jest/globals';
import { Rejected } from '../../src/model/errors.ts';
import { startTalk, type Talk } from '../kit/rocketchat/account.ts';
import { eventually } from '../kit/stack/stack.ts';

let talk: Talk;
afterEach(async () => talk?.close());

describe('a file of a message', () => {
  test.each([
    ['climbs out of the folder', '/file-upload/../api/v1/me'],
    ['climbs out in other letters', '/file-upload/%2e%2e/api/v1/me'],
    ['climbs out backwards', '/file-upload/x\\..\\..\\api\\v1\\me'],
    ['climbs out of a store', '/ufs/GridFS:Uploads/../../api/v1/me'],
    ['climbs out past a proxy that reads what is encoded', '/file-upload/..%2f..%2Fapi/v1/me'],
  ])('that %s is none: nobody reads with the token of the account', async (_name, address) => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    anna.send(talk.sandbox.general, { msg: '', attachments: [{ type: 'file', title: 'x.txt', title_link: address, title_link_download: true }] });
    const message = await eventually('the message', () => talk.heard.of('message')[0]);
    expect(message.parts.filter((part) => 'media' in part)).toEqual([]);
    // Nor where such a path has been stored before.
    const failed = await talk.connection.openMedia(JSON.stringify({ path: address }), AbortSignal.timeout(5_000)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Rejected);
    expect(failed).toMatchObject({ code: 'media_host' });
  });
});
