import { PERMISSIONS } from './schema.ts';

export type Permission = (typeof PERMISSIONS)[number];

/** What a Matrix user may do: the entry of the user outranks that of the server, that outranks `*`; without one, nothing. */
export function permissionOf(permissions: Readonly<Record<string, Permission>>, user: string): Permission {
  const own = (key: string): Permission | undefined => (Object.hasOwn(permissions, key) ? permissions[key] : undefined);
  const colon = user.indexOf(':');
  const server = colon === -1 ? '' : user.slice(colon + 1);
  // Whoever runs a server may write its name in capitals: that shuts nobody in, and lets nobody past a block.
  const shutOut = own(server.toLowerCase()) === 'block' ? 'block' : undefined;
  return own(user) ?? own(server) ?? shutOut ?? own('*') ?? 'block';
}

/** Whether a permission includes what another one allows. */
export function allows(permission: Permission, needed: Permission): boolean {
  return PERMISSIONS.indexOf(permission) >= PERMISSIONS.indexOf(needed);
}
