/**
 * Writes every file that is made from code. With `--check` it writes nothing and fails where one differs from what it
 * would write: the files are committed, so that they can be read without a checkout that runs.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { modelJsonSchema } from '../src/actions/model-schema.ts';
import { configJsonSchema, configPage } from '../src/config/reference.ts';
import { sampleConfig } from '../src/config/sample.ts';
import { configSchema } from '../src/config/schema.ts';
import { errorsPage } from '../src/i18n/errors.ts';
import { buildRegistration } from '../src/matrix/appservice/registration.ts';
import { networks } from '../src/networks/registry.ts';

// A library that the registration is made with calls an old function of Node's while it loads; that is no news here.
process.noDeprecation = true;

const config = configSchema(networks);
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const files: readonly (readonly [path: string, content: string])[] = [
  ['config/config.sample.yaml', sampleConfig(config)],
  ['config/config.schema.json', json(configJsonSchema(config))],
  ['docs/config.md', configPage(config)],
  ['docs/errors.md', errorsPage()],
  ['docs/model.schema.json', json(modelJsonSchema())],
  ['registration.yaml.example', await registrationExample()],
];

async function registrationExample(): Promise<string> {
  const example = await buildRegistration({
    id: 'drawbridge',
    url: 'http://127.0.0.1:29330',
    asToken: 'made-by-drawbridge-register',
    hsToken: 'made-by-drawbridge-register-too',
    botLocalpart: 'drawbridge',
    ghostPrefix: '_drawbridge_',
    aliasPrefix: '_drawbridge_',
    domain: 'example.org',
    protocols: networks.map(({ id }) => id),
  });
  return `# What \`drawbridge register\` writes, with tokens of its own: the homeserver is told of the bridge by it.\n${stringify(example, { lineWidth: 0 })}`;
}

let stale = 0;
for (const [path, content] of files) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
  stale += 1;
  console.log(process.argv.includes('--check') ? `${path} is not what \`npm run generate\` writes` : `${path} written`);
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
if (process.argv.includes('--check') && stale > 0) process.exitCode = 1;
