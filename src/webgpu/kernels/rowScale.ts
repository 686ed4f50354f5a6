import type { Backend, Shape } from '../../backend.ts';
import { type CheckedRowOptions, reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';

/**
 * d value/d row loss as `reduceRows` has it: a number where all rows count alike, else a tensor with one number a row. It
 * depends on the weights alone, so a kernel can write the gradient in the pass that computes the row's loss.
 */
export function rowScaleOf(
  backend: Backend<WebgpuTensor>,
  rows: CheckedRowOptions,
  rowShape: Shape,
  weights: WebgpuTensor | undefined,
): WebgpuTensor | number {
  if (weights !== undefined) return reduceRows(backend, rows, weights, weights).rowScale;
  return rows.reduction === 'mean' ? 1 / (rows.normalizer ?? sizeOf(rowShape)) : 1;
}
