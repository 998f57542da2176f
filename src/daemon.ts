import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Accounts } from './bridge/accounts.ts';
import { Blocklist } from './bridge/blocklist.ts';
import { Bridge } from './bridge/bridge.ts';
import { decodeAgain, type WebhookDeps, webhookRoutes } from './bridge/inbound/webhooks.ts';
import { Markers } from './bridge/keys.ts';
import { Outages } from './bridge/outages.ts';
import { Pictures } from './bridge/people/pictures.ts';
import { isRestored } from './bridge/reconcile/restored.ts';
import { createLookups } from './bridge/portals/lookups.ts';
import { Rooms } from './bridge/portals/rooms.ts';
import type { DeliverySettings } from './bridge/settings.ts';
import { isPostgres, shownDatabase } from './config/database.ts';
import { loadConfig, type LoadedConfig, needRegistration } from './config/load.ts';
import { permissionOf } from './config/permissions.ts';
import { askingFor, type BotParts, botCommands, enterStored, loginSessions } from './daemon-bot.ts';
import { linkedFiles, mediaTools } from './daemon-media.ts';
import { provisioningRoutes } from './http/provisioning/routes.ts';
import { type HttpServers, startHttp } from './http/server.ts';
import { appserviceRoutes } from './matrix/appservice/routes.ts';
import { consentWords } from './i18n/consent.ts';
import { createHomeserver, type HomeserverClient } from './matrix/client/homeserver.ts';
import { openIdUserinfo } from './matrix/client/openid.ts';
import { ghostLocalpart } from './matrix/profiles/ghost-id.ts';
import { createFitter } from './media/fit.ts';
import { createLinks } from './media/links.ts';
import { mediaRoutes } from './media/public-route.ts';
import { createSpool } from './media/spool.ts';
import { createTools } from './media/tools.ts';
import { systemClock } from './model/clock.ts';
import { CodedError, Rejected } from './model/errors.ts';
import type { AccountId, NetworkId, UserId } from './model/ids.ts';
import type { Logger } from './model/log.ts';
import type { Route } from './model/route.ts';
import type { AppSettings, Connection } from './networks/network.ts';
import { networks } from './networks/registry.ts';
import { createLogger } from './observe/logger.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { metricsRoutes } from './observe/routes.ts';
import { createSeal } from './store/seal.ts';
import { type Store, StoreBusy } from './store/store.ts';
import type { StoreOptions } from './store/sql/store.ts';

export interface DaemonOptions {
  readonly configPath: string;
  /** Of the program, for the metrics and the log. */
  readonly version?: string;
  /** Named edges between commits and calls; tests stop the process there. */
  readonly step?: (name: string) => void;
  /** How long an answer of the homeserver or a network is waited for. Default 60 s, and what each network may take. */
  readonly answerTimeoutMs?: number;
}

export interface Daemon {
  /** The port of each listener. */
  readonly ports: HttpServers['ports'];
  readonly log: Logger;
  /** The database is lost for good: nothing is written any more, and all that is left is to stop. */
  readonly lost: Promise<CodedError>;
  /** Lets what is in hand end, then disposes of everything in order. */
  stop(): Promise<void>;
}

type Config = LoadedConfig<AppSettings>['config'];

const DAY = 86_400_000;

/**
 * The one composition root: builds every part, starts it, and disposes of all of it in reverse.
 * @throws CodedError where the config, the database or an address does not allow a start. A homeserver or a network that
 * is down does not: the daemon starts and waits for it.
 */
export async function startDaemon({ configPath, version = 'unknown', step = () => {}, answerTimeoutMs }: DaemonOptions): Promise<Daemon> {
  const loaded = loadConfig(configPath, networks, process.env);
  const { config } = loaded;
  const registration = needRegistration(loaded);
  const log = createLogger({ level: config.logging.level, format: config.logging.format, secrets: loaded.secrets });
  for (const change of loaded.upgraded) log.info('The config was of an older format and is upgraded; the old one is kept beside it.', { change });
  const clock = systemClock;
  mkdirSync(config.data, { recursive: true, mode: 0o700 });

  const bot = `@${config.bridge.bot}:${config.homeserver.domain}` as UserId;
  const sealKey = Buffer.from(config.seal_key);
  const lost = Promise.withResolvers<CodedError>();
  const store = await openStore(config.database, log, lost.resolve, {
    seal: createSeal(sealKey), now: () => clock.now(),
    localpartOf: (network, scope, id) => ghostLocalpart({ prefix: config.bridge.ghost_prefix, serverName: config.homeserver.domain }, { network, scope, id }),
  });
  const clean = await enter(store, config.database);

  const metrics = createMetrics({ version });
  const homeserver = createHomeserver({
    url: config.homeserver.url, asToken: registration.asToken, bot, ...(loaded.puppetRegistration === null ? {} : { puppets: { asToken: loaded.puppetRegistration.asToken, covers: (user) => !rooms.isOurs(user) } }),
    deviceId: 'DRAWBRIDGE', answered: (status) => metrics.request('matrix', status),
    ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
  });
  let bridge: Bridge | null = null;
  const outages = new Outages(clock, log, {
    up: (side, told) => bridge?.sideUp(side, told),
    long: (side, reason) => bridge?.outageLasts(side, reason),
  });
  const accounts = new Accounts({
    networks, settings: config.networks, clock, log, outages, answered: (network, status) => metrics.request(network, status), ...(config.public_url === undefined ? {} : { publicUrl: config.public_url }),
    ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }), secret: (text) => log.addSecret(text),
  });
  await enterStored(store, accounts, log);
  const spool = createSpool({ dir: join(config.data, 'spool'), key: subkey(sealKey, 'spool'), keyId: subkey(sealKey, 'spool id').subarray(0, 4).toString('hex') });
  const links = config.public_url === undefined ? undefined : createLinks({ key: subkey(sealKey, 'links'), publicUrl: config.public_url, clock });
  const tools = mediaTools({
    spool, fitter: createFitter(spool, await createTools({ tempDir: join(config.data, 'work') })), links, maxBytes: config.media.max_bytes, linkTtlSeconds: Math.round(config.media.link_ttl / 1000), clock,
  });
  const connection = (id: AccountId): Connection | null => accounts.get(id)?.connection ?? null;
  const rooms = new Rooms({
    connection, pictures: new Pictures({ homeserver, tools, connection, clock, log }),
    store, homeserver, ghostPrefix: config.bridge.ghost_prefix, roomVersion: config.bridge.room_version, displayName: config.bridge.display_name,
    commandPrefix: config.bridge.command_prefix, botName: config.bridge.bot_name, privacyNotice: config.bridge.privacy_notice, spaceOwners: (id) => (config.bridge.spaces ? accounts.owners(id) : []), networkName: (id) => networks.find((network) => network.id === id)?.name ?? id,
  });
  const blocklist = new Blocklist(store);
  const permission = (user: string): ReturnType<typeof permissionOf> => {
    const configured = permissionOf(config.permissions, user);
    return configured !== 'admin' && blocklist.has(user) ? 'block' : configured;
  };
  const settings = deliverySettings(config);

  const webhooks: WebhookDeps = {
    store, clock, log, step, accountOf: (network, app, remoteId) => accounts.byRemote(network, app, remoteId),
    apps: accounts.apps(),
    isGone: (network, app, remoteId) => store.storedAccounts().some((one) => one.settings === null && one.network === network && one.app === app && (remoteId ?? one.remoteId) === one.remoteId),
    accept: (network, account, items) => running.acceptNetwork(network, account, items),
    kept: (text, key) => running.tellAdmins(text, key),
  };
  const logins = loginSessions(store, accounts, clock);
  const parts: BotParts = {
    store, homeserver, clock, accounts, permissionOf: permission, logins, blocklist, maxFile: config.media.max_bytes,
    isOurs: (user) => rooms.isOurs(user), adapter: (id) => accounts.view(id),
    relayOf: (sender, account, room) => running.relayOf(sender, account, room),
    get erasures() { return running.erasures; },
    outages: () => outages.list(), isBroken: (account) => running.isBroken(account), accountGone: (account) => {
      running.accountGone(account);
      metrics.loggedOut(account);
    },
    decodeAgain: (source, raw) => decodeAgain(webhooks, source, raw),
    takeAgain: (seq) => running.takeAgain(seq), wake: (lanes) => running.wake(lanes),
  };
  const commands = botCommands(parts);
  const openId = openIdUserinfo({ url: config.provisioning.openid_url ?? config.homeserver.url, ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }) });
  bridge = new Bridge({
    store, homeserver, accounts, rooms, outages, tools, settings, clock, log, step, permission, markers: new Markers(subkey(sealKey, 'markers')), actsForPeople: loaded.puppetRegistration !== null,
    admins: Object.entries(config.permissions).filter(([who, what]) => who.startsWith('@') && what === 'admin').map(([who]) => who as UserId),
    relayPrefix: config.bridge.relay_prefix, commandPrefix: config.bridge.command_prefix,
    count: (direction, network, outcome, seconds) => {
      if (direction !== 'out') return;
      const side = network === 'matrix' ? 'to_matrix' : 'to_network';
      metrics.message(side, network as NetworkId, outcomeName(outcome));
      if (outcomeName(outcome) === 'delivered' && seconds !== undefined) metrics.delivered(side, network as NetworkId, seconds);
    },
    limited: (network, seconds) => metrics.rateLimited(network as NetworkId, seconds),
    command: commands.command,
    consentIn: consentWords({ stop: config.privacy.stop_words, start: config.privacy.start_words }),
    keep: { deadContent: config.delivery.dead_content_days * DAY, settled: Math.min(30 * DAY, config.privacy.keep_mappings ?? Infinity), mappings: config.privacy.keep_mappings, accepted: config.delivery.confirm_wait, seen: config.delivery.horizon },
  });
  const running = bridge;

  const routes: Route[] = [
    ...appserviceRoutes({
      hsToken: registration.hsToken, log,
      accept: async ({ events, ephemeral, toDevice }) => {
        await running.acceptMatrix({ events, toDevice });
        running.ephemeral(ephemeral);
      },
      userExists: (user) => Promise.resolve(user === bot || store.personByLocalpart(user.slice(1, user.indexOf(':'))) !== null),
      aliasExists: () => Promise.resolve(false),
      lookups: createLookups({ store, serverName: config.homeserver.domain, ghostPrefix: config.bridge.ghost_prefix, accounts: () => accounts.list(), userIdOf: (person) => rooms.userIdOf(person) }),
      onBadEvent: ({ reason }) => log.warn('An entry of a transaction is no event; it was skipped.', { reason }),
    }),
    ...webhookRoutes(webhooks),
    ...(links === undefined ? [] : mediaRoutes({ links, isRevoked: (key) => !store.linkStands(key), open: linkedFiles(homeserver, tools) })),
    ...provisioning(config, parts, openId.whose, log),
    ...metricsRoutes(gauged(metrics, () => measure(metrics, store, accounts, outages, clock.now())), () => Promise.resolve({ database: store.isThere(), homeserver: !outages.isDown('matrix') })),
  ];

  let http: HttpServers;
  try {
    await running.recover();
    http = await startHttp({ listeners: listenersOf(config), routes, log });
  } catch (error) {
    store.close();
    throw unwritable(error, config.database);
  }
  running.start(clean);
  await prepareBot(homeserver, config, registration.id, outages, log, async () => running.release(await isRestored(store, homeserver, clean)));
  await accounts.start((account, network) => running.sinkOf(account, network));
  log.info('Drawbridge runs.', { version, ports: http.ports });
  return { ports: http.ports, log, lost: lost.promise, stop: () => stop({ http, accounts, commands, openId, outages, bridge: running, store, homeserver, log }) };
}

/** Marks the database as in use. Whether the last stop was clean. */
async function enter(store: Store, path: string): Promise<boolean> {
  try {
    const clean = store.getMeta('clean') === 'yes';
    if (store.getMeta('instance') === null) await store.setMeta('instance', randomBytes(4).toString('hex'));
    await store.setMeta('clean', 'no');
    return clean;
  } catch (error) {
    store.close();
    throw unwritable(error, path);
  }
}

function unwritable(error: unknown, path: string): unknown {
  if (!(error instanceof StoreBusy)) return error;
  return new CodedError('DB-2003', `The database ${shownDatabase(path)} cannot be written to: ${error.message}`, 'Check its owner and the free space.', { cause: error });
}

/** Runs until SIGINT or SIGTERM. */
export async function runDaemon(configPath: string, version: string): Promise<void> {
  const daemon = await startDaemon({ configPath, version });
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    // What was answered is committed, so ending loses nothing, and whoever supervises the process starts it again.
    process.on(fault, (error: unknown) => {
      daemon.log.error('The bridge met an error that nothing catches, and ends.', { fault, error });
      setTimeout(() => process.exit(1), 100);
    });
  }
  const asked = new Promise<null>((resolve) => {
    process.once('SIGINT', () => resolve(null));
    process.once('SIGTERM', () => resolve(null));
  });
  const lost = await Promise.race([asked, daemon.lost]);
  if (lost !== null) daemon.log.error('The database is lost; the bridge ends.', { error: lost });
  await daemon.stop();
  if (lost !== null) throw lost;
}

/** By the key `database`. @throws CodedError DB-2001 to DB-2007 */
export async function openStore(database: string, log: Logger, failed: (error: CodedError) => void, options: StoreOptions): Promise<Store> {
  if (!isPostgres(database)) return (await import('./store/sqlite/index.ts')).openSqliteStore({ path: database, ...options });
  return (await import('./store/postgres/index.ts')).openPostgresStore({ url: database, log, failed, ...options });
}

interface Parts {
  readonly http: HttpServers;
  readonly accounts: Accounts;
  readonly commands: { close(): void };
  readonly openId: { close(): Promise<void> };
  readonly outages: Outages;
  readonly bridge: Bridge;
  readonly store: Store;
  readonly homeserver: HomeserverClient;
  readonly log: Logger;
}

/** First nothing new comes in, then what is in hand ends, then the store is closed. */
async function stop({ http, accounts, commands, openId, outages, bridge, store, homeserver, log }: Parts): Promise<void> {
  await http.close();
  outages.stop();
  commands.close();
  await bridge.stop();
  const whole = bridge.isWhole;
  await accounts.stop();
  // Where that cannot be written down the next start looks more closely, and that is all.
  await store.setMeta('clean', whole ? 'yes' : 'no').catch((error: unknown) => log.warn('It could not be written down that this stop was in order.', { error }));
  store.close();
  await Promise.all([homeserver.close(), openId.close()]);
  log.info('Drawbridge has stopped.');
}

/** The bot's account and name; then the homeserver is asked to call us, which ends its back-off. Its absence is no reason not to start. */
async function prepareBot(homeserver: HomeserverClient, config: Config, registrationId: string, outages: Outages, log: Logger, ready: () => Promise<void>): Promise<void> {
  let released = false;
  const prepare = async (): Promise<void> => {
    // Some homeservers make the bot's account themselves and refuse to have it registered; ping tells whether it is there.
    await homeserver.register(config.bridge.bot).catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
    await homeserver.ping();
    if (!released) {
      await ready();
      released = true;
    }
    // Setting a name makes the homeserver walk through all of the bot's rooms, also where it is the same.
    if (await homeserver.displayName(homeserver.bot) !== config.bridge.bot_name) await homeserver.setDisplayName(homeserver.bot, config.bridge.bot_name);
    await homeserver.pingUs(registrationId, randomBytes(6).toString('hex')).catch((error: unknown) => log.warn('The homeserver cannot reach the bridge; see `drawbridge doctor`.', { error }));
  };
  try {
    await prepare();
  } catch (error) {
    outages.owe('matrix', prepare);
    outages.down('matrix', error instanceof Error ? error.message : String(error), () => homeserver.ping());
  }
}

/** Nothing where nobody is let in. */
function provisioning({ provisioning: { openid, shared_secret: sharedSecret }, bridge, homeserver }: Config, parts: BotParts, whose: (token: string) => Promise<string | null>, log: Logger): Route[] {
  if (!openid && sharedSecret === undefined) return [];
  return provisioningRoutes({
    ...(openid ? { openid: whose } : {}), ...(sharedSecret === undefined ? {} : { sharedSecret }), serverName: homeserver.domain, clock: parts.clock, log, asking: (user) => askingFor(parts, user),
    about: { bot: parts.homeserver.bot, botName: bridge.bot_name, homeserver: homeserver.domain, commandPrefix: bridge.command_prefix },
  });
}

function deliverySettings({ delivery, privacy }: Config): DeliverySettings {
  return {
    maxBlock: delivery.max_block, maxAge: delivery.max_age, mediaWait: delivery.media_wait, settleWait: delivery.settle_wait, targetWait: delivery.target_wait,
    echoWait: delivery.echo_wait, uncertain: delivery.uncertain, statusEvents: delivery.status_events, readReceipts: delivery.read_receipts, backfill: delivery.backfill,
    forgetful: privacy.keep_mappings !== null,
  };
}

function listenersOf({ listen }: Config): { name: Route['listener']; host: string; port: number }[] {
  return (['homeserver', 'public', 'admin'] as const).map((name) => ({ name, ...listen[name] }));
}

export function subkey(key: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `drawbridge ${use}`, 32));
}

/** Gauges are set when somebody looks; they stay as they were while the database cannot tell. */
function gauged(metrics: Metrics, look: () => void): Metrics {
  return { ...metrics, text: () => {
    try {
      look();
    } catch (error) {
      if (!(error instanceof StoreBusy)) throw error;
    }
    return metrics.text();
  } };
}

function measure(metrics: Metrics, store: Store, accounts: Accounts, outages: Outages, now: number): void {
  const { waiting, dead } = store.counts();
  for (const side of ['matrix', 'network'] as const) metrics.queue(`to_${side}`, waiting[side].count, (now - (waiting[side].oldest ?? now)) / 1000);
  const byNetwork = new Map<string, number>();
  for (const [account, count] of Object.entries(dead)) {
    const network = account.split('/', 1)[0] || 'matrix';
    byNetwork.set(network, (byNetwork.get(network) ?? 0) + count);
  }
  for (const id of ['matrix', ...networks.map(({ id: network }) => network)]) metrics.deadLetters(id as NetworkId, byNetwork.get(id) ?? 0);
  for (const { id } of accounts.list()) metrics.login(id, !outages.isDown(id));
}

function outcomeName(outcome: string): Parameters<ReturnType<typeof createMetrics>['message']>[2] {
  const names = { accepted: 'delivered', confirmed: 'delivered', dead: 'rejected', cancelled: 'cancelled', asked: 'uncertain', uncertain: 'uncertain' } as const;
  return names[outcome as keyof typeof names] ?? 'rejected';
}
