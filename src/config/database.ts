/** The key `database`: a file of SQLite's, or the address of a database on a PostgreSQL server. */

export function isPostgres(database: string): boolean {
  return /^postgres(?:ql)?:/i.test(database);
}

/** As the driver reads it: where a socket's folder is a parameter the host may be missing, which no other address may. */
function parse(database: string): URL | null {
  const text = database.replace(/@\//, '@localhost/');
  return URL.canParse(text) ? new URL(text) : null;
}

export function isPostgresAddress(database: string): boolean {
  const url = parse(database);
  return url !== null && /^postgres(?:ql)?:\/\//i.test(database) && url.pathname.length > 1 && url.hash === '';
}

/** What must not be written anywhere: the password, and the address with it. */
export function secretsOf(database: string): readonly string[] {
  const url = isPostgres(database) ? parse(database) : null;
  if (url === null) return [];
  const passwords = [url.password, decoded(url.password), ...['password', 'sslpassword'].map((name) => url.searchParams.get(name) ?? '')].filter((text) => text !== '');
  return passwords.length === 0 ? [] : [...new Set([...passwords, database])];
}

/** What may be said of it: never a password, nor a parameter. */
export function shownDatabase(database: string): string {
  const url = isPostgres(database) ? parse(database) : null;
  return url === null ? database : `postgres://${url.username === '' ? '' : `${url.username}@`}${url.searchParams.get('host') ?? url.host}${url.pathname}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
