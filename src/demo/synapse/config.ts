import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface HomeserverSettings {
  readonly dir: string;
  readonly port: number;
  readonly serverName: string;
  /** Paths of application services' registration.yaml. */
  readonly registrationFiles: readonly string[];
  /** For the admin API that makes users. */
  readonly registrationSecret: string;
  /** Laid over the experimental features below. */
  readonly experimental: Readonly<Record<string, unknown>>;
}

const open = { per_second: 100_000, burst_count: 100_000 };

/** What a bridge asks of a homeserver before it is stable there. Registrations opt in by their own keys. */
const experimentalFeatures = {
  msc2409_to_device_messages_enabled: true,
  msc3202_device_masquerading: true,
  msc3202_transaction_extensions: true,
  msc4190_enabled: true,
};

/** Writes homeserver.yaml, log.yaml and a signing key into `dir`. Returns the path of homeserver.yaml. */
export async function writeHomeserverConfig(settings: HomeserverSettings): Promise<string> {
  const { dir } = settings;
  await mkdir(join(dir, 'media'), { recursive: true });
  const signingKey = `ed25519 a_1 ${randomBytes(32).toString('base64').replace(/=+$/, '')}\n`;
  // Kept when it is there already: a second start on the same folder is the same homeserver.
  await writeFile(join(dir, 'signing.key'), signingKey, { mode: 0o600, flag: 'wx' }).catch(ignoreExisting);
  await writeFile(join(dir, 'log.yaml'), stringify(logConfig));
  const path = join(dir, 'homeserver.yaml');
  await writeFile(path, stringify(homeserverConfig(settings)), { mode: 0o600 });
  return path;
}

function ignoreExisting(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
}

const logConfig = {
  version: 1,
  formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s %(request)s %(message)s' } },
  filters: { context: { '()': 'synapse.logging.context.LoggingContextFilter', request: '' } },
  handlers: { out: { class: 'logging.StreamHandler', formatter: 'line', filters: ['context'] } },
  loggers: { 'synapse.storage.SQL': { level: 'WARNING' } },
  root: { level: 'INFO', handlers: ['out'] },
};

/** One process, SQLite, no federation, no limits that a test would meet. */
function homeserverConfig(settings: HomeserverSettings): object {
  const { dir } = settings;
  return {
    server_name: settings.serverName,
    public_baseurl: `http://127.0.0.1:${settings.port}/`,
    pid_file: join(dir, 'homeserver.pid'),
    listeners: [{
      port: settings.port, bind_addresses: ['127.0.0.1'], type: 'http', tls: false, x_forwarded: false,
      // `openid`: who has a token of it, which a bridge asks.
      resources: [{ names: ['client', 'openid'], compress: false }],
    }],
    database: { name: 'sqlite3', args: { database: join(dir, 'homeserver.db') } },
    log_config: join(dir, 'log.yaml'),
    media_store_path: join(dir, 'media'),
    signing_key_path: join(dir, 'signing.key'),
    registration_shared_secret: settings.registrationSecret,
    macaroon_secret_key: settings.registrationSecret,
    form_secret: settings.registrationSecret,
    enable_registration: false,
    report_stats: false,
    federation_domain_whitelist: [],
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    url_preview_enabled: false,
    // A page that is opened again asks the same first question: it wants today's answer.
    caches: { sync_response_cache_duration: '0s' },
    // Hashing a password at full strength takes a quarter of a second of one core; these accounts live for one run.
    bcrypt_rounds: 4,
    max_upload_size: '200M',
    app_service_config_files: settings.registrationFiles,
    experimental_features: { ...experimentalFeatures, ...settings.experimental },
    ...rateLimits,
  };
}

const rateLimits = {
  rc_message: open,
  rc_registration: open,
  rc_login: { address: open, account: open, failed_attempts: open },
  rc_joins: { local: open, remote: open },
  rc_joins_per_room: open,
  rc_invites: { per_room: open, per_user: open, per_issuer: open },
  rc_room_creation: open,
  rc_media_create: open,
  rc_admin_redaction: open,
  rc_profile: open,
};
