import type { DoctorOptions } from '../actions/doctor.ts';
import type { Migrated } from '../actions/migrate-store.ts';
import type { InitFlags } from './wizard.ts';

/** What the commands need from the outside; loaded only when a command asks for it. */
export interface CliParts {
  networks(): Promise<DoctorOptions['networks']>;
  registration(): Promise<DoctorOptions['registration']>;
  probeDatabase(): Promise<DoctorOptions['probeDatabase']>;
  migrateStore(): Promise<(configPath: string, to: string, env: CliParts['env']) => Promise<Migrated>>;
  readAudit(): Promise<(configPath: string, limit: number, env: CliParts['env']) => Promise<readonly string[]>>;
  privacy(): Promise<PrivacyParts>;
  /** Somebody wants it to end. */
  interrupted(): AbortSignal;
  start(configPath: string): Promise<void>;
  /** Resolves to the exit code. */
  demo(args: readonly string[]): Promise<number>;
  readonly version: string;
  /** The JSON Schema of the config, for editors. */
  readonly schemaFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof globalThis.fetch;
  /** Whether somebody sits at a terminal and can be asked. */
  readonly interactive: boolean;
  readonly stdin: AsyncIterable<Uint8Array>;
  out(text: string): void;
  err(text: string): void;
}

/** What is done about people from the command line. */
export interface PrivacyParts {
  erasePerson(
    configPath: string, env: CliParts['env'], who: readonly string[], wish: { readonly redact: boolean; readonly stop: boolean }, out: (text: string) => void, signal: AbortSignal,
  ): Promise<void>;
  exportPerson(configPath: string, env: CliParts['env'], who: readonly string[]): Promise<object>;
}

export interface InitOptions extends InitFlags {
  readonly yes: boolean;
  readonly doctor: boolean;
}

export interface LoginFlags {
  readonly yes: boolean;
  readonly flow?: string;
  readonly app?: string;
  readonly name?: string;
  readonly owner?: readonly string[];
  /** `field=value` */
  readonly set?: readonly string[];
}

export interface WithConfig {
  readonly config: string;
}
