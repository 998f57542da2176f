import fc from 'fast-check';

/**
 * Property tests draw the same examples on every machine, so that a run that passed passes again. `FC_SEED=random npm test`
 * (or a number) looks elsewhere: do so after changing what a property is about.
 */
const asked = process.env['FC_SEED'];
fc.configureGlobal(asked === 'random' ? {} : { seed: Number(asked ?? 20_261_101) });
