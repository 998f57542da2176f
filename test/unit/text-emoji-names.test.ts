import { describe, expect, test } from '@jest/globals';
import { createRequire } from 'node:module';
import { emojiForNames, iamcalNames, joypixelsNames } from '../../src/text/emoji-names.ts';

const require = createRequire(import.meta.url);
const bare = (text: string | null) => text?.replaceAll('\ufe0f', '') ?? null;

describe('short names of emoji', () => {
  test('one emoji may have several names, and goes out by its first', () => {
    expect(bare(iamcalNames.emoji('thumbsup'))).toBe('👍');
    expect(bare(iamcalNames.emoji('+1'))).toBe('👍');
    expect(iamcalNames.name('👍')).toBe('+1');
    expect(joypixelsNames.name('👍')).toBe('thumbsup');
  });

  test('characters come with their variation selector and are found without it', () => {
    expect(iamcalNames.emoji('heart')).toBe('❤️');
    expect(iamcalNames.name('❤')).toBe('heart');
    expect(iamcalNames.name('❤️')).toBe('heart');
    expect(iamcalNames.emoji('one')).toBe('1️⃣');
    expect(iamcalNames.name('1⃣')).toBe('one');
  });

  test('Slack writes a skin tone behind the name, Rocket.Chat into it', () => {
    expect(iamcalNames.emoji('+1::skin-tone-4')).toBe('👍🏽');
    expect(iamcalNames.name('👍🏽')).toBe('+1::skin-tone-4');
    expect(joypixelsNames.emoji('thumbsup_tone3')).toBe('👍🏽');
    expect(joypixelsNames.name('👍🏽')).toBe('thumbsup_tone3');
    expect(bare(iamcalNames.emoji('man-shrugging::skin-tone-2'))).toBe('🤷🏻‍♂');
    expect(iamcalNames.name('🤷🏻‍♂️')).toBe('man-shrugging::skin-tone-2');
  });

  test('two people may have two tones', () => {
    expect(iamcalNames.emoji('handshake::skin-tone-2-5')).toBe('🫱🏻‍🫲🏾');
    expect(iamcalNames.name('🫱🏻‍🫲🏾')).toBe('handshake::skin-tone-2-5');
    expect(iamcalNames.emoji('handshake::skin-tone-3')).toBe('🤝🏼');
  });

  test('a tone on what has none leaves the emoji', () => {
    expect(iamcalNames.emoji('rocket::skin-tone-3')).toBe('🚀');
  });

  test('flags by either name', () => {
    expect(iamcalNames.emoji('flag-de')).toBe('🇩🇪');
    expect(iamcalNames.emoji('de')).toBe('🇩🇪');
    expect(joypixelsNames.emoji('flag_de')).toBe('🇩🇪');
  });

  test('what is no standard emoji is null, and stays as it is in a text', () => {
    for (const name of ['party_parrot', '', 'constructor', '__proto__', '+1::skin-tone-9']) expect(iamcalNames.emoji(name)).toBeNull();
    for (const text of ['x', '', '👍👍', 'party_parrot']) expect(iamcalNames.name(text)).toBeNull();
    expect(emojiForNames('go :rocket: :party_parrot: at 10:30:15 :+1::skin-tone-4::tada:', iamcalNames)).toBe('go 🚀 :party_parrot: at 10:30:15 👍🏽🎉');
  });

  test('in a text they are as people type them: without U+FE0F where they need none', () => {
    expect(emojiForNames(':earth_africa: :heart: :+1::skin-tone-4: :rainbow-flag:', iamcalNames)).toBe('\u{1f30d} \u2764\ufe0f \u{1f44d}\u{1f3fd} \u{1f3f3}\ufe0f\u200d\u{1f308}');
  });

  test('every name of both sets gives an emoji that goes back to a name for the same', () => {
    for (const [names, file] of [[iamcalNames, 'iamcal'], [joypixelsNames, 'joypixels']] as const) {
      const codes = require(`emojibase-data/en/shortcodes/${file}.json`) as Record<string, string | string[]>;
      for (const name of Object.values(codes).flat()) {
        const emoji = names.emoji(name);
        const back = names.name(emoji ?? '');
        expect([name, bare(names.emoji(back ?? ''))]).toEqual([name, bare(emoji)]);
      }
    }
  });

  test('a long text of colons takes no more than its length', () => {
    expect(emojiForNames(':'.repeat(200_000), iamcalNames)).toHaveLength(200_000);
    expect(emojiForNames(`:${'a'.repeat(200_000)}`, iamcalNames)).toHaveLength(200_001);
    expect(emojiForNames(':a'.repeat(100_000), iamcalNames)).toHaveLength(200_000);
  });
});
