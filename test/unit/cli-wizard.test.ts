import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readDraft } from '../../src/actions/draft.ts';
import type { Prompts, Question } from '../../src/cli/prompts.ts';
import { wizard } from '../../src/cli/wizard.ts';
import type { Answers } from '../../src/cli/wizard.ts';
import { networks } from '../../src/networks/registry.ts';

interface Asked {
  readonly answers: Answers;
  /** By flag. */
  readonly questions: ReadonlyMap<string, Question>;
  readonly notes: readonly string[];
}

/** Somebody who types these answers, by flag, and otherwise presses Enter, or agrees to what is suggested. */
async function ask(typed: Readonly<Record<string, string>>, chosen: readonly string[]): Promise<Asked> {
  const questions = new Map<string, Question>();
  const notes: string[] = [];
  const text = (question: Question): Promise<string> => {
    questions.set(question.flag, question);
    return Promise.resolve(typed[question.flag] ?? question.initial ?? question.guess ?? '');
  };
  const prompts: Prompts = { text, secret: text, one: text, several: () => Promise.resolve(chosen), note: (line) => void notes.push(line), during: (_, work) => work };
  const draft = readDraft(join(tmpdir(), 'drawbridge-no-such-folder', 'config.yaml'), networks);
  const answers = await wizard({ flags: {}, draft, networks, prompts, fetch: () => Promise.reject(new Error('down')) });
  return { answers, questions, notes };
}

const value = ({ answers }: Asked, path: string): unknown => answers.edits.find((edit) => edit.path.join('.') === path)?.value;

describe('the wizard', () => {
  test('asks for everything, takes what is typed, and names the administrator as owner', async () => {
    const asked = await ask({
      '--homeserver': 'https://matrix.example.org', '--admin': '@root:example.org', '--allow': '*', '--set networks.whatsapp.main.app_secret=…': '${SECRET}',
    }, ['whatsapp']);
    expect(value(asked, 'homeserver.url')).toBe('https://matrix.example.org');
    expect(value(asked, 'homeserver.domain')).toBe('example.org');
    expect(value(asked, 'networks.whatsapp.main.app_secret')).toBe('${SECRET}');
    expect(value(asked, 'networks.whatsapp.main.accounts.main.owners')).toEqual(['@root:example.org']);
    expect(asked.answers.added).toEqual(['whatsapp']);
    expect(value(asked, 'permissions.@root:example.org')).toBe('admin');
    expect(value(asked, 'permissions.*')).toBe('user');
  });

  test.each(['http://127.0.0.1:8008', 'http://localhost:8008', 'http://[::1]:8008', 'http://synapse:8008'])('suggests no server name for %s', async (address) => {
    const { questions } = await ask({ '--homeserver': address, '--domain': 'example.org' }, []);
    expect(questions.get('--domain')).not.toHaveProperty('guess');
  });

  test('says how to add a network where none was chosen', async () => {
    const { notes } = await ask({ '--homeserver': 'https://matrix.example.org' }, []);
    expect(notes.at(-1)).toContain('`drawbridge init --network <id>`');
  });
});
