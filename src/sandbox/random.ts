/** Seeded chance: a fault run that failed can be played again. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** True with the given probability; 0 never, 1 always. */
  chance(fraction: number): boolean;
  /** A whole number in [0, below). */
  int(below: number): number;
  digits(length: number): string;
  /** Upper-case hexadecimal. */
  hex(length: number): string;
}

/** The mulberry32 generator: small, quick, and the same sequence for the same seed. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  const letters = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[int(alphabet.length)]).join('');
  return {
    next,
    chance: (fraction) => fraction > 0 && next() < fraction,
    int,
    digits: (length) => letters('123456789', 1) + letters('0123456789', length - 1),
    hex: (length) => letters('0123456789ABCDEF', length),
  };
}
