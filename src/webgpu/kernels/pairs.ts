/** The frame of similarity statistics: names of sets and pairs as `metrics/similarity/pairSimilarity.ts` has them. */
import type { KernelInputs } from '../../backend.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';

type T = WebgpuTensor;
type Tensors = Readonly<Record<string, T>>;

/** Which sets are compared: every one of `x` with every one of `y`; `symmetric` where both are one list. */
export interface PairPlan {
  readonly x: readonly string[];
  readonly y: readonly string[];
  readonly symmetric: boolean;
}

/** The plan of a metric of two sets. */
export const twoSets: PairPlan = { x: ['x'], y: ['y'], symmetric: false };

/** Samples and width of activations whose axes after the first are flattened. */
export function extentsOf({ shape }: T): readonly [samples: number, width: number] {
  return [shape[0]!, sizeOf(shape.slice(1))];
}

/** A set as far as every kernel knows it. */
export interface CountedSet {
  /** NaNs and infinities among its activations, []. */
  readonly invalid: T;
}

/** What the metric reads of a pair: its own statistics, and those of its two sets. */
export interface PairTensors {
  readonly xy: Tensors;
  readonly x: Tensors;
  readonly y: Tensors;
}

/** How a kernel computes what the frame asks for. */
export interface PairKernel<Represented extends CountedSet> {
  represent(activations: T): Represented;
  relate(x: Represented, y: Represented): PairTensors;
}

/** The statistics of a plan under the names that the metric reads them by. Every set is in a pair. */
export function pairStatistics<Represented extends CountedSet>(
  { backend }: KernelContext,
  { x, y, symmetric }: PairPlan,
  inputs: KernelInputs<T>,
  kernel: PairKernel<Represented>,
): Tensors {
  const names = [...new Set([...x, ...y])];
  const sets = new Map(names.map((name) => [name, kernel.represent(inputs[name]!)]));
  const found: Record<string, T> = {
    samples: backend.scalar(inputs[names[0]!]!.shape[0]!),
    invalid: [...sets.values()].map(({ invalid }) => invalid).reduce((total, count) => backend.add(total, count)),
  };
  const keep = (prefix: string, statistics: Tensors): void => {
    for (const [name, value] of Object.entries(statistics)) found[`${prefix}.${name}`] ??= value;
  };
  x.forEach((first, row) => {
    y.forEach((second, column) => {
      if (symmetric && column < row) return;
      const pair = kernel.relate(sets.get(first)!, sets.get(second)!);
      keep(`x${row}y${column}`, pair.xy);
      keep(`x${row}`, pair.x);
      keep(symmetric ? `x${column}` : `y${column}`, pair.y);
    });
  });
  return found;
}
