import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import sharp from 'sharp';
import { type Page as Served, servePage } from '../../src/demo/page/server.ts';
import { list, picture, voice } from '../../src/demo/script/samples.ts';
import { setStage, type Stage } from '../../src/demo/stage.ts';
import type { PersonHandle, WhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import { faint, nameless } from '../kit/browser/a11y.ts';
import { startBrowser } from '../kit/browser/chromium.ts';
import { type OwnSynapse, ownSynapse } from '../kit/synapse/shared.ts';

// The demo's page with the phone in it, in a real browser, on a homeserver that ran already.

jest.setTimeout(120_000);
/** A loaded machine may need it; what is there is seen at once. Milliseconds. */
const patience = 40_000;
const hostile = '<img src=x onerror="window.injected=1"><script>window.injected=1</script><b>not bold</b>';

let dir: string;
let own: OwnSynapse;
let stage: Stage;
let served: Served;
let browser: Browser;
let page: Page;
let phone: FrameLocator;
let bob: PersonHandle;
/** What the browser complained of. */
const complaints: string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-browser-'));
  own = await ownSynapse(dir, 1);
  const [alice, carol] = [await own.synapse.register('alice', { displayName: 'Alice' }), await own.synapse.register('carol')];
  const registration = own.slots[0]?.registrationFile ?? '';
  stage = await setStage({ networks: ['whatsapp'], progress: () => {}, homeserver: { url: own.synapse.url, registration, tokens: [alice.accessToken, carol.accessToken] } });
  const sandbox = whatsapp();
  bob = sandbox.person('31612345678', { name: 'Bob' });
  served = await servePage({ homeserver: stage.homeserver, phones: [{ name: 'WhatsApp', url: `${sandbox.url}/#31612345678` }], bot: stage.bot, users: stage.users }, 0);
  browser = await startBrowser();
  page = await opened({ width: 1400, height: 900 }, 'light');
  phone = page.frameLocator('#phone');
}, 600_000);

afterAll(async () => {
  await browser.close();
  await served.close();
  await stage.close();
  await own.synapse.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

afterEach(() => {
  expect(complaints.splice(0)).toEqual([]);
});

function whatsapp(): WhatsAppSandbox {
  const sandbox = stage.networks[0]?.whatsapp;
  if (sandbox === undefined) throw new Error('no WhatsApp on the stage');
  return sandbox;
}

async function opened(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark'): Promise<Page> {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(patience);
  const fresh = await context.newPage();
  fresh.on('console', (line) => {
    // Hostile HTML is complained of where it is only read: the page's policy would not let it run.
    const onlyRead = /^(?:Executing inline event handler|Applying inline style) violates/.test(line.text());
    if (['error', 'warning'].includes(line.type()) && !onlyRead) complaints.push(`${line.text()} (${line.location().url})`);
  });
  fresh.on('pageerror', (error) => complaints.push(error.message));
  await fresh.goto(served.url);
  return fresh;
}

/** A message by its own text, not by what it quotes. */
const timeline = (text: string) => page.getByRole('log', { name: 'Messages' }).locator('li', { has: page.locator('.text, .file', { hasText: text }) });
const thread = (text: string) => phone.getByRole('log', { name: 'Messages' }).locator('li', { has: phone.locator('.body', { hasText: text }) });
const injected = (): Promise<unknown[]> => Promise.all(page.frames().map((frame) => frame.evaluate('window.injected ?? null')));

/** Asks from outside: the page's policy lets no other expression in. */
async function soon(look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patience; !(await look());) {
    if (Date.now() > end) throw new Error('it did not become so');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe('a conversation by hand', () => {
  test('the first message of the phone makes a room, which the Matrix side joins', async () => {
    await page.getByText('Write something on the phone').waitFor();
    await phone.getByRole('textbox', { name: 'Message' }).fill('Hello *there*');
    await phone.getByRole('textbox', { name: 'Message' }).press('Enter');
    await page.getByRole('button', { name: 'Join Bob', exact: true }).click();
    await timeline('Hello there').locator('strong', { hasText: 'there' }).waitFor();
    await page.getByRole('heading', { name: 'Bob' }).waitFor();
  });

  test('what is typed on the Matrix side comes to the phone, with its marks, and is ticked off', async () => {
    await page.getByRole('textbox', { name: 'Message' }).fill('Hi **Bob**');
    await page.getByRole('textbox', { name: 'Message' }).press('Enter');
    await thread('Hi Bob').locator('b', { hasText: 'Bob' }).waitFor();
    await timeline('Hi Bob').getByRole('img', { name: 'Delivered to the network' }).waitFor();
  });

  test('replies, reactions and edits by the keyboard alone', async () => {
    await timeline('Hello there').getByRole('button', { name: 'React 👍' }).focus();
    for (let n = 0; n < 4; n++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByText('Reply to').waitFor();
    await page.keyboard.type('An answer');
    await page.keyboard.press('Enter');
    await thread('An answer').getByRole('button', { name: 'Hello' }).waitFor();
    await timeline('Hello there').getByRole('button', { name: 'React 👍' }).focus();
    await page.keyboard.press('Enter');
    await thread('Hello there').getByText('👍').waitFor();
    await timeline('An answer').getByRole('button', { name: 'React 👍' }).focus();
    for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Message' }).fill('A better answer');
    await page.keyboard.press('Enter');
    await thread('A better answer').waitFor();
  });

  test("the phone's menu goes by arrow keys, and gives the focus back", async () => {
    const more = thread('Hi Bob').getByRole('button', { name: 'More' });
    await more.focus();
    await page.keyboard.press('Enter');
    await phone.getByRole('menuitem', { name: '👍' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await more.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await timeline('Hi').getByRole('button', { name: '❤️', exact: true }).first().waitFor();
  });

  test('the newest message stays in sight on both sides, also where a picture gets its size late', async () => {
    const tall = await sharp({ create: { width: 300, height: 900, channels: 3, background: '#25d366' } }).png().toBuffer();
    await page.getByLabel('Send a file').setInputFiles({ name: 'tall.png', mimeType: 'image/png', buffer: tall });
    await page.getByRole('img', { name: 'tall.png' }).waitFor();
    await bob.sendMedia('image', tall, { mime: 'image/png', caption: 'Tall too' });
    await timeline('Tall too').waitFor();
    await thread('Tall too').waitFor();
    for (const frame of page.frames()) await soon(() => frame.evaluate<boolean>(`(() => {
      const list = document.querySelector('[role=log]');
      const pictures = [...list.querySelectorAll('img')];
      return pictures.length > 1 && pictures.every((one) => one.naturalHeight > 0) && list.scrollHeight - list.scrollTop - list.clientHeight <= 1;
    })()`));
  });

  test('the phone may use the microphone', async () => {
    const frame = page.frames().find((one) => one !== page.mainFrame());
    expect(await frame?.evaluate("document.featurePolicy.allowsFeature('microphone')")).toBe(true);
  });

  test('a player goes on through what comes after it', async () => {
    await bob.sendMedia('audio', voice, { mime: 'audio/ogg; codecs=opus', voice: true });
    const here = page.locator('audio[aria-label="Voice message"]');
    const there = phone.locator('audio[aria-label="Voice message"]');
    for (const player of [here, there]) await player.evaluate((element) => { element.dataset['kept'] = 'yes'; });
    bob.sendText('After the voice');
    await timeline('After the voice').waitFor();
    await thread('After the voice').waitFor();
    for (const player of [here, there]) expect(await player.getAttribute('data-kept')).toBe('yes');
  });
});

describe('what others write', () => {
  test('is text, whatever it holds, on both sides', async () => {
    bob.sendText(hostile);
    await timeline('not bold').getByText(hostile).waitFor();
    await thread('not bold').getByText(hostile).waitFor();
    const [room] = [...(await stage.alice.client.get<{ joined_rooms: string[] }>('/joined_rooms')).joined_rooms];
    await stage.alice.html(room ?? '', 'plain', `<p>kept</p>${hostile}<a href="javascript:window.injected=1">a link</a><iframe src="/"></iframe><span style="position:fixed">styled</span>`);
    const message = timeline('kept');
    await message.getByText('a link').waitFor();
    expect(await message.locator('img, script, iframe, [style], [href], [onerror]').count()).toBe(0);
    await thread('kept').waitFor();
    expect(await thread('kept').locator('img, script, iframe').count()).toBe(0);
    expect(await injected()).toEqual([null, null]);
  });

  test('names of people and files are text too', async () => {
    const eve = whatsapp().person('31687654321', { name: '<img src=x onerror="window.injected=1">' });
    await eve.sendMedia('document', list, { mime: 'text/html', filename: '<b>list</b>.html', caption: 'A list' });
    await page.getByRole('button', { name: /^Join .*onerror/ }).click();
    await page.getByRole('heading', { name: 'onerror' }).waitFor();
    const link = timeline('A list').locator('a[download]');
    await expectHref(link);
    // Opened in a tab of its own it would be a page of ours.
    expect(await link.evaluate(async (anchor) => (await fetch(anchor.getAttribute('href') ?? '').catch(() => null))?.type ?? 'not even that')).toBe('not even that');
    complaints.splice(0);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await injected()).toEqual([null, null]);
    await page.getByRole('navigation', { name: 'Rooms' }).getByRole('button', { name: 'Bob' }).click();
    await timeline('After the voice').waitFor();
  });
});

test('a group: its room, what its people say by name, and what is answered', async () => {
  const dora = whatsapp().person('31655550000', { name: 'Dora' });
  const group = whatsapp().group('Garden', { members: [bob, dora] });
  await page.getByRole('button', { name: 'Join Garden', exact: true }).click();
  await page.getByRole('heading', { name: 'Garden' }).waitFor();
  const back = phone.getByRole('button', { name: 'Back' });
  if (await back.isVisible()) await back.click();
  await phone.locator(`[data-key="31612345678@${group.id}"]`).click();
  dora.sendText('Who waters?', { in: group.id });
  await thread('Who waters?').locator('.author', { hasText: 'Dora' }).waitFor();
  await phone.getByRole('textbox', { name: 'Message' }).fill('I do');
  await phone.getByRole('textbox', { name: 'Message' }).press('Enter');
  await timeline('I do').waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill('Thank you both');
  await page.getByRole('textbox', { name: 'Message' }).press('Enter');
  await thread('Thank you both').waitFor();
  expect(await nameless(page)).toEqual([]);
  if (await back.isVisible()) await back.click();
  await phone.locator('[data-key="31612345678"]').click();
  await page.getByRole('navigation', { name: 'Rooms' }).getByRole('button', { name: 'Bob' }).click();
  await timeline('After the voice').waitFor();
});

async function expectHref(link: ReturnType<Page['locator']>): Promise<void> {
  await link.and(link.page().locator('[href^="blob:"]')).waitFor();
}

describe('who cannot see it, or not well', () => {
  test('finds a name on every control, in the page, the phone, its menus and its dialog', async () => {
    await bob.sendMedia('image', await picture('#25d366'), { mime: 'image/jpeg', caption: 'A picture' });
    await timeline('A picture').waitFor();
    expect(await nameless(page)).toEqual([]);
    await phone.getByRole('button', { name: 'Attach' }).click();
    expect(await nameless(page)).toEqual([]);
    await phone.getByRole('menuitem', { name: 'Location' }).click();
    await phone.getByRole('dialog', { name: 'Send a location' }).waitFor();
    expect(await nameless(page)).toEqual([]);
    await phone.getByRole('button', { name: 'OK' }).click();
    await timeline('Dam Square').waitFor();
  });

  test.each(['light', 'dark'] as const)('reads all of it in %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    for (const frame of page.frames()) expect(await faint(frame)).toEqual([]);
  });

  test('sees both sides on a small screen, and nothing wider than it', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const frame of page.frames()) expect(await frame.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    const message = timeline('A better answer').locator('.bubble');
    expect((await message.boundingBox())?.width).toBeGreaterThan(100);
    await page.setViewportSize({ width: 1400, height: 900 });
  });
});

test('says so when what it talks to has gone', async () => {
  const other = await opened({ width: 1000, height: 800 }, 'dark');
  await other.getByRole('heading', { name: /Bob|onerror|Garden/ }).waitFor();
  // A page that is not there yet cannot say anything.
  await other.frameLocator('#phone').getByRole('textbox').first().waitFor();
  await stage.close();
  await own.synapse.stop();
  await other.getByText('The homeserver does not answer').waitFor();
  await other.frameLocator('#phone').getByText('The sandbox does not answer').waitFor();
  // The browser tells of every refused connection.
  complaints.splice(0);
});
