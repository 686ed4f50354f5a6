/** What operations cost, roughly, where an addition is one. */
import type { ValueOperation } from './values.ts';

/** Operations that cost more than one. */
export const costs: Partial<Readonly<Record<ValueOperation, number>>> = {
  exp: 20,
  fallingExp: 18,
  power: 14,
  log: 22,
  divide: 4,
  sqrt: 4,
};
