// Who may import whom (docs: "The rooms of the house"). Each room lists all that it may reach inside `src`;
// whatever is not listed is an error. Type-only imports count like any other.

const base = ['model', 'text', 'media', 'observe', 'config', 'i18n'];
const inside = (...rooms) => rooms.map((room) => `^src/${room}/`);

/** The interfaces, and what is pure, of the rooms whose implementations only `daemon.ts` knows. */
const interfaces = [
  '^src/networks/network\\.ts$',
  '^src/matrix/homeserver\\.ts$', ...inside('matrix/rooms', 'matrix/profiles'),
  '^src/store/[^/]+\\.ts$',
];

const rooms = {
  model: [],
  text: inside('model'),
  media: inside('model'),
  observe: inside('model'),
  config: inside('model'),
  i18n: inside('model'),
  networks: [...inside(...base), '^src/networks/'],
  matrix: inside(...base),
  store: inside('model', 'observe'),
  bridge: [...inside(...base), ...interfaces],
  actions: [...inside(...base, 'bridge'), ...interfaces],
  cli: inside('actions', 'i18n', 'model', 'observe', 'config'),
  bot: inside('actions', 'i18n', 'model', 'observe'),
  http: inside('actions', 'i18n', 'model', 'observe'),
  admin: inside('actions', 'i18n', 'model', 'observe'),
  sandbox: [],
  demo: [...inside('model', 'observe', 'config', 'cli', 'sandbox'), '^src/daemon\\.ts$'],
};

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import ${allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no other room'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: [`^src/${room}/`, ...allowed] },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'room-has-a-rule',
      comment: 'a new folder under src needs a line in the table above; beside the folders stand only main.ts and daemon.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(main|daemon)\\.ts$', ...inside(...Object.keys(rooms))] },
      to: {},
    },
    {
      name: 'networks-know-only-themselves',
      comment: 'a network is one folder: it knows the contract and never another network; the Meta networks share meta-graph',
      severity: 'error',
      from: { path: '^src/networks/([^/]+)/' },
      to: { path: '^src/networks/', pathNot: ['^src/networks/$1/', '^src/networks/meta-graph/', '^src/networks/network\\.ts$'] },
    },
    {
      name: 'contract-knows-no-network',
      severity: 'error',
      from: { path: '^src/networks/network\\.ts$' },
      to: { path: '^src/networks/' },
    },
    {
      name: 'model-uses-no-package',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { path: '^node_modules/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolves',
      comment: 'an import that leads nowhere would escape the rules above',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^node_modules/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.cjs', '.mjs'] },
  },
};
