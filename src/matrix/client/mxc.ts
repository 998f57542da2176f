import type { Mxc } from '../../model/ids.ts';

/**
 * bot-sdk's `MXCUrl` takes anything after the second slash, `../` included; what comes out here goes into a path, so the
 * grammar of the specification (client-server API, "Matrix Content (mxc://) URIs") is held to: server name and
 * `[A-Za-z0-9_-]+`.
 */
const GRAMMAR = /^mxc:\/\/((?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)\/([A-Za-z0-9_-]{1,255})$/;

/** Null for whatever is not exactly an mxc URI. */
export function parseMxc(text: unknown): { readonly uri: Mxc; readonly server: string; readonly mediaId: string } | null {
  const found = typeof text === 'string' ? GRAMMAR.exec(text) : null;
  return found === null ? null : { uri: found[0] as Mxc, server: found[1]!, mediaId: found[2]! };
}
