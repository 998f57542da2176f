const DAY: Intl.DateTimeFormatOptions = { timeZone: 'UTC', month: 'long', day: 'numeric' };

/** Tokens of a date's format (docs.slack.dev/messaging/formatting-message-text, "Date formatting"). No reader's clock is known, so it is UTC. */
const TOKENS: Readonly<Record<string, (date: Date) => string>> = {
  date_num: (date) => date.toISOString().slice(0, 10),
  date_slash: (date) => words(date, { timeZone: 'UTC', day: '2-digit', month: '2-digit', year: 'numeric' }),
  date_long: (date) => words(date, { ...DAY, weekday: 'long', year: 'numeric' }),
  date_long_full: (date) => words(date, { ...DAY, year: 'numeric' }),
  date_long_pretty: (date) => words(date, { ...DAY, weekday: 'long', year: 'numeric' }),
  date: (date) => words(date, DAY),
  date_pretty: (date) => words(date, DAY),
  day_divider_pretty: (date) => words(date, { ...DAY, weekday: 'long' }),
  date_short: (date) => words(date, { ...DAY, month: 'short', year: 'numeric' }),
  date_short_pretty: (date) => words(date, { ...DAY, month: 'short', year: 'numeric' }),
  time: (date) => `${date.toISOString().slice(11, 16)} UTC`,
  time_secs: (date) => `${date.toISOString().slice(11, 19)} UTC`,
  ago: (date) => `on ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
};

/** A date in words; where it cannot be formatted, what was given to be shown instead. */
export function dateText(seconds: number, format: string, fallback: string | undefined): string {
  const date = new Date(seconds * 1000);
  if (!Number.isFinite(date.getTime()) || date.getUTCFullYear() > 9999) return fallback ?? format;
  const shown = format.replace(/\{([a-z_]+)\}/g, (whole, token: string) => (Object.hasOwn(TOKENS, token) ? (TOKENS[token]?.(date) ?? whole) : whole));
  return shown.includes('{') || shown === '' ? (fallback ?? (shown === '' ? date.toISOString() : shown)) : shown;
}

function words(date: Date, style: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', style).format(date);
}
