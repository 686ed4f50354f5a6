// The kernels that metrics alone use, a module of their own beside that of index.ts: who computes losses bundles none of it.
// The build gives its constants a place behind the other module's.

export { classwiseBins, topLabelBins } from './calibration';
export { centre, weightedColumns } from './centring';
export { addProducts, centreBlock } from './similarity';

/** Where the module's own constants end. */
export function constantsEnd(): usize {
  return __heap_base;
}
