export { contrast } from './contrast';
export { contrastSorted, sortPairs } from './contrastSorted';
export { contrastScratchBytes } from './contrastTerms';
export { binary, unary, where } from './elementwise';
export { copyRuns, gather, oneHot, transposePlanes } from './layout';
export { matrixMultiply, matrixScratchBytes } from './matrixMultiply';
export { argSort, orderScratchBytes, scatterAlong, takeAlong } from './order';
export { argMax, maximum, sum } from './reduce';

// Exported although the host never calls it: a function with one caller would be inlined into it, and the registers of
// the tile loop spilled there.
export { matrixTileRows, multiplyTile } from './matrixTile';

/** Where the kernels' own constants end. */
export function constantsEnd(): usize {
  return __heap_base;
}
