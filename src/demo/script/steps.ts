import { fromMatrix, greeting } from './from-matrix.ts';
import { first, fromPhone } from './from-phone.ts';
import type { Step } from './scene.ts';

/** A conversation of every kind of message, both ways. */
export const steps: readonly Step[] = [first, greeting, ...fromPhone, ...fromMatrix];
