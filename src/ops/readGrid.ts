import { list, type OptionReader, whole } from '../options.ts';
import type { Grid } from './resizeBilinear.ts';

/** The reader of a grid: two whole numbers of at least 1. */
export const readGrid: OptionReader<Grid> = (where, name, given) => {
  const [height, width] = list(whole(1), { least: 2, most: 2 })(where, name, given) as readonly [number, number];
  return [height, width];
};
