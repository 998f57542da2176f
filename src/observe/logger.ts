import type { Writable } from 'node:stream';
import winston from 'winston';
import type { LogFields, Logger } from '../model/log.ts';
import { createRedactor } from './redact.ts';
import { LogSink } from './sink.ts';

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `auto`: pretty on a terminal, JSON lines elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Texts that no line may hold. */
  readonly secrets: readonly string[];
  /** Standard output unless given. */
  readonly destination?: Writable & { readonly isTTY?: boolean };
}

export interface RootLogger extends Logger {
  /** Registers a secret that came up while running; children know it too. */
  addSecret(secret: string): void;
}

/** Line ends, other control characters, and characters that turn the direction of text or hide: none may shape a line. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const RESERVED = new Set(['time', 'level', 'message']);

/**
 * The daemon's log: one line an entry, without secrets, whatever is handed in. `time` is ISO 8601 in UTC; facts that
 * would hide a line's own `time`, `level` or `message` get an underscore behind their names.
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const destination = options.destination ?? process.stdout;
  const pretty = options.format === 'pretty' || (options.format === 'auto' && destination.isTTY === true);
  const redactor = createRedactor(options.secrets);
  const write = (level: string, message: string, fields: LogFields): string => {
    const time = new Date().toISOString();
    const safe = { time, level, message: redactor.text(message), ...renamed(redactor.value(fields)) };
    return escaped(pretty ? prettyLine(safe) : JSON.stringify(safe));
  };
  const sink = new LogSink(destination, (count) => write('warn', 'log lines were lost: nobody read them fast enough', { count }));
  const inner = winston.createLogger({
    level: options.level,
    format: winston.format.printf((info) => write(info.level, String(info.message), isFields(info['fields']) ? info['fields'] : {})),
    transports: [new winston.transports.Stream({ stream: sink, eol: '\n' })],
  });

  function bound(base: LogFields): Logger {
    // Message and facts travel apart: winston would let a fact named `message` change the message.
    const at = (level: LoggerOptions['level']) => (message: string, fields?: LogFields): void => {
      inner.log({ level, message, fields: { ...base, ...fields } });
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: (more) => bound({ ...base, ...more }) };
  }
  return { ...bound({}), addSecret: (secret) => redactor.add(secret) };
}

function isFields(value: unknown): value is LogFields {
  return value !== null && typeof value === 'object';
}

function renamed(fields: unknown): Record<string, unknown> {
  if (!isFields(fields)) return {};
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, value]));
}

function prettyLine({ time, level, message, ...rest }: Record<string, unknown>): string {
  const facts = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' && /^[\w./:@!#-]+$/.test(value) ? value : JSON.stringify(value)}`);
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(message)}${facts.join('')}`;
}

function escaped(line: string): string {
  return line.replaceAll(UNSAFE, (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0'));
}
