/** What each network can do, as its descriptor says: the table of the README, and the page of the docs with every reason. */
import { type Capabilities, type Capability, type Feature, FEATURES, REACHES, type ReachFeature } from '../src/model/capabilities.ts';
import type { MediaKind } from '../src/model/content.ts';
import type { Network } from '../src/networks/network.ts';

const features: Readonly<Record<Feature, string>> = {
  text: 'text, formatting, links', edit: 'edits', delete: 'deletions', react: 'reactions', reply: 'replies', thread: 'threads', pin: 'pins', typing: 'typing',
  readReceipts: 'read marks', deliveryReceipts: 'delivery marks', location: 'locations', contacts: 'contact cards', poll: 'polls', groups: 'groups', members: 'members',
  profiles: 'names and pictures', history: 'history', impersonation: 'each speaks by name and picture',
};
const kinds: Readonly<Record<MediaKind, string>> = { image: 'pictures', video: 'films', audio: 'sound', voice: 'voice messages', file: 'other files', sticker: 'stickers' };
const reaches: Readonly<Record<ReachFeature, string>> = {
  contacts: 'list of people', conversations: 'list of conversations', search: 'search', resolve: 'looking somebody up', createDirect: 'begin a chat', createGroup: 'make a group', invite: 'bring somebody in',
  kick: 'send somebody out', leave: 'leave', setTitle: 'change the title',
};
/** Of which a chat of two has nothing. */
const OF_GROUPS: ReadonlySet<Feature> = new Set(['groups', 'members']);
const words = { full: 'yes', partial: 'partly', none: '–' } as const;

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

/** A row a feature, a column a network: from it / to it. What only some conversations can do is done in part. */
export function capabilityTable(networks: readonly Network[]): string {
  const cell = (network: Network, way: 'in' | 'out', feature: Feature): string => {
    const { capabilities, groupCapabilities = capabilities } = network;
    const [direct, group] = [capabilities[way][feature].level, groupCapabilities[way][feature].level];
    return words[direct === group || OF_GROUPS.has(feature) ? group : 'partial'];
  };
  const media = (kind: MediaKind): readonly string[] => [kinds[kind], ...networks.map(({ capabilities }) => `${words.full} / ${words[capabilities.media[kind].level]}`)];
  return table(['', ...networks.map(({ name }) => name)], [
    ...FEATURES.map((feature) => [features[feature], ...networks.map((network) => `${cell(network, 'in', feature)} / ${cell(network, 'out', feature)}`)]),
    ...(Object.keys(kinds) as MediaKind[]).map(media),
  ]);
}

export function capabilityPage(networks: readonly Network[]): string {
  const parts = networks.map(({ name, capabilities, groupCapabilities }) => [
    `## ${name}`, described(capabilities), 'From Matrix one can:', reach(capabilities), `Files, as they are taken; others are converted, else sent as a document, else as a link.`, files(capabilities), reactions(capabilities),
    ...(groupCapabilities === undefined ? [] : ['In groups it differs:', differing(capabilities, groupCapabilities)]),
  ].join('\n\n'));
  return `# What each network can do

Generated from the adapters' descriptors: what a conversation with one person can do, and where groups differ. Each cell of the first table is
*from the network / to it*; what only some conversations can do stands there as *partly*. A room's own conversation may be able to do less, where an administrator of the network has switched something off.

${capabilityTable(networks)}

${parts.join('\n\n')}
`;
}

function described(capabilities: Capabilities): string {
  return table(['', 'from it', 'to it'], FEATURES.map((feature) => [features[feature], said(capabilities.in[feature]), said(capabilities.out[feature])]));
}

function reach(capabilities: Capabilities): string {
  return table(['', ''], REACHES.map((feature) => [reaches[feature], said(capabilities.reach[feature])]));
}

function differing(usual: Capabilities, group: Capabilities): string {
  const rows = FEATURES.flatMap((feature) => {
    const pairs = [[usual.in[feature], group.in[feature]], [usual.out[feature], group.out[feature]]] as const;
    if (pairs.every(([one, other]) => said(one) === said(other))) return [];
    return [[features[feature], ...pairs.map(([one, other]) => (said(one) === said(other) ? 'the same' : said(other)))]];
  });
  return table(['', 'from it', 'to it'], rows);
}

function said({ level, reason }: Capability): string {
  const why = reason === undefined ? '' : reason.replaceAll('|', '\\|');
  return level === 'full' ? 'yes' : why === '' ? words[level] : `${level === 'none' ? 'no' : 'partly'}: ${why}`;
}

function files({ media }: Capabilities): string {
  return table(['', 'types', 'up to', 'words with it'], (Object.keys(kinds) as MediaKind[]).map((kind) => {
    const { level, reason, mimes, maxBytes, maxCaption } = media[kind];
    if (level === 'none') return [kinds[kind], `no: ${reason ?? ''}`, '', ''];
    return [`${kinds[kind]}${reason === undefined ? '' : ` (${reason.replace(/\.$/, '').replace(/^./, (letter) => letter.toLowerCase())})`}`, mimes.map((mime) => (mime === '*' ? 'any' : `\`${mime}\``)).join(', '), size(maxBytes), maxCaption === 0 ? 'none' : `${maxCaption.toLocaleString('en')} characters`];
  }));
}

function reactions({ maxReactions }: Capabilities): string {
  return `One account shows ${maxReactions === 1 ? 'one reaction' : `at most ${maxReactions} reactions`} on a message.`;
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [bytes % 1e9 === 0 ? 1e9 : 2 ** 30, 'GB'] : bytes >= 1e6 ? [bytes % 1e6 === 0 ? 1e6 : 2 ** 20, 'MB'] : [1e3, 'kB'];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}
