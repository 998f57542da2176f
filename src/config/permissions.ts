import { PERMISSIONS } from './schema.ts';

export type Permission = (typeof PERMISSIONS)[number];

/** What a Matrix user may do: the entry of the user outranks that of the server, that outranks `*`; without one, nothing. */
export function permissionOf(permissions: Readonly<Record<string, Permission>>, user: string): Permission {
  const own = (key: string): Permission | undefined => (Object.hasOwn(permissions, key) ? permissions[key] : undefined);
  const colon = user.indexOf(':');
  return own(user) ?? (colon === -1 ? undefined : own(user.slice(colon + 1))) ?? own('*') ?? 'block';
}

/** Whether a permission includes what another one allows. */
export function allows(permission: Permission, needed: Permission): boolean {
  return PERMISSIONS.indexOf(permission) >= PERMISSIONS.indexOf(needed);
}
