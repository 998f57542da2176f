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
import { openApi } from '../src/http/provisioning/openapi.ts';
import { endpoints } from '../src/http/provisioning/routes.ts';
import { errorsPage } from '../src/i18n/errors.ts';
import { buildRegistration } from '../src/matrix/appservice/registration.ts';
import { networks } from '../src/networks/registry.ts';
import { capabilityPage, capabilityTable } from './capability-table.ts';

// A library that the registration is made with calls an old function of Node's while it loads; that is no news here.
process.noDeprecation = true;

const config = configSchema(networks);
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const files: readonly (readonly [path: string, content: string])[] = [
  ['config/config.sample.yaml', sampleConfig(config)],
  ['config/config.schema.json', json(configJsonSchema(config))],
  ['docs/capabilities.md', capabilityPage(networks)],
  ['docs/config.md', configPage(config)],
  ['docs/errors.md', errorsPage()],
  ['docs/model.schema.json', json(modelJsonSchema())],
  ['docs/provisioning.openapi.json', json(openApi(endpoints))],
  ['README.md', between(readFileSync(inTree('README.md'), 'utf8'), 'capabilities', capabilityTable(networks))],
  ['registration.yaml.example', await registrationExample()],
];

function inTree(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** A text with what stands between two comments of this name written anew. */
function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: written by npm run generate -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`There is no place for ${name} between ${start} and ${end}.`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}

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
  const file = inTree(path);
  if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
  stale += 1;
  console.log(process.argv.includes('--check') ? `${path} is not what \`npm run generate\` writes` : `${path} written`);
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
if (process.argv.includes('--check') && stale > 0) process.exitCode = 1;
