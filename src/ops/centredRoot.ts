import { unitFactorOf } from './unitFactor.ts';

/** The mean of plain numbers, and the root of the sum of their squared differences from it. */
export interface CentredRoot {
  readonly mean: number;
  readonly root: number;
}

/** Mean and √Σ (x − mean)², of numbers of any size: times a power of two, which rounds nothing, their squares are within range. */
export function centredRoot(values: Float64Array): CentredRoot {
  const factor = unitFactorOf(values);
  const mean = values.reduce((sum, value) => sum + value * factor, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value * factor - mean) ** 2, 0);
  return { mean: mean / factor, root: Math.sqrt(squares) / factor };
}
