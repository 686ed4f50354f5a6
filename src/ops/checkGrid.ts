import { checkWhole, kindError } from '../check.ts';
import type { Grid } from './resizeBilinear.ts';

/** Requires a grid of two whole numbers of at least 1. */
export function checkGrid(where: string, grid: Grid): void {
  if (!Array.isArray(grid) || grid.length !== 2) throw kindError(where, 'grid', '[height, width]', grid);
  checkWhole(where, 'grid', grid[0], 1);
  checkWhole(where, 'grid', grid[1], 1);
}
