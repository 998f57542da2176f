import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';

const CONNECT_MS = 10_000;
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** The code of a connection that was not made because of where it led. */
export const BLOCKED = 'DRAWBRIDGE_BLOCKED';
/** Of networks of one's own; link-local addresses are not among them. */
const NEAR = new Set(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);
/** Where providers of machines tell of their secrets, in ranges that people use too (docs.aws.amazon.com, "instance metadata"; Alibaba Cloud, the same). */
const METADATA = new Set(['fd00:ec2::254', '100.100.100.200']);

/** Only addresses of the open internet: neither private, local, shared nor reserved ones, in any notation or tunnel. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  // Of IPv6 only 2000::/3 is handed out (RFC 4291, 2.4); outside lie forms such as `::7f00:1`, which hold an IPv4 address.
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

function blockedError(): NodeJS.ErrnoException {
  return Object.assign(new Error('address not allowed'), { code: BLOCKED });
}

/** Calls back whether all of these addresses may be connected to. */
type Guard = (addresses: readonly string[], callback: (allowed: boolean) => void) => void;

/**
 * Connects to where `home`, a server that the administrator has configured, sends us on: to the open internet, and to
 * networks of one's own where `home` is in one itself.
 */
export function connectorBeyond(home: string, lookup: LookupFunction = systemLookup as LookupFunction): buildConnector.connector {
  return guardedConnector(lookup, (addresses, callback) => {
    if (addresses.every(isPublic)) return callback(true);
    if (!addresses.every((address) => isPublic(address) || isNear(address))) return callback(false);
    lookup(bare(home), { all: true }, (error, found) => callback(error === null && listOf(found).some(({ address }) => isNear(address))));
  });
}

function isNear(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return NEAR.has(parsed.range()) && !METADATA.has(parsed.toString());
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function listOf(found: string | readonly LookupAddress[]): readonly LookupAddress[] {
  return typeof found === 'string' ? [{ address: found, family: found.includes(':') ? 6 : 4 }] : found;
}

/** Literal addresses never reach a lookup, so they are checked here; names are checked in the lookup that connects. */
function guardedConnector(lookup: LookupFunction, guard: Guard): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: guardedLookup(lookup, guard) });
  return (options, callback) => {
    const host = bare(options.hostname);
    if (!ipaddr.isValid(host)) return connect(options, callback);
    guard([host], (allowed) => (allowed ? connect(options, callback) : callback(blockedError(), null)));
  };
}

/** One bad answer spoils them all: a mix of public and private addresses is an attack, not a configuration. */
function guardedLookup(lookup: LookupFunction, guard: Guard): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = [...listOf(found)];
      const first = addresses[0];
      if (first === undefined) return callback(blockedError(), []);
      guard(addresses.map(({ address }) => address), (allowed) => {
        if (!allowed) return callback(blockedError(), []);
        if (options.all === true) return callback(null, addresses);
        callback(null, first.address, first.family);
      });
    });
  };
}
