/** The frame of similarity statistics: names of sets and pairs as `metrics/similarity/pairSimilarity.ts` has them. */
import type { KernelInputs } from '../../backend.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, valueTensor } from './rows.ts';

/** Which sets are compared: every one of `x` with every one of `y`; `symmetric` where both are one list. */
export interface PairPlan {
  readonly x: readonly string[];
  readonly y: readonly string[];
  readonly symmetric: boolean;
}

type Tensors = Readonly<Record<string, WasmTensor>>;

/** How a kernel computes what the frame asks for. */
export interface PairKernel<Represented> {
  represent(activations: WasmTensor): Represented;
  /** Statistics of one set. */
  statisticsOf(set: Represented): Tensors;
  /** NaNs and infinities among its activations. */
  invalidOf(set: Represented): number;
  /** Statistics of pairs, in the order of `pairs`. */
  relate(pairs: readonly (readonly [Represented, Represented])[]): readonly Tensors[];
}

/** The plan of a metric of two sets. */
export const twoSets: PairPlan = { x: ['x'], y: ['y'], symmetric: false };

/** Samples and width of activations whose axes after the first are flattened. */
export function extentsOf({ shape }: WasmTensor): readonly [samples: number, width: number] {
  const [samples = 1, ...rest] = shape;
  return [samples, rest.reduce((product, extent) => product * extent, 1)];
}

/** The statistics of a plan under the names that the metric reads them by. */
export function pairStatistics<Represented>(
  { store }: KernelHost,
  { x, y, symmetric }: PairPlan,
  inputs: KernelInputs<WasmTensor>,
  kernel: PairKernel<Represented>,
): Tensors {
  const names = [...new Set([...x, ...y])];
  const sets = new Map(names.map((name) => [name, kernel.represent(inputs[name]!)]));
  const invalid = [...sets.values()].reduce((total, set) => total + kernel.invalidOf(set), 0);
  const found: Record<string, WasmTensor> = {
    samples: valueTensor(store, extentsOf(inputs[names[0]!]!)[0]),
    invalid: valueTensor(store, invalid),
  };
  const keep = (prefix: string, statistics: Tensors): void => {
    for (const [name, value] of Object.entries(statistics)) found[`${prefix}.${name}`] = value;
  };
  x.forEach((name, index) => {
    keep(`x${index}`, kernel.statisticsOf(sets.get(name)!));
  });
  if (!symmetric) {
    y.forEach((name, index) => {
      keep(`y${index}`, kernel.statisticsOf(sets.get(name)!));
    });
  }
  const cells = x.flatMap((_, row) =>
    y.map((_, column) => [row, column] as const).filter(([, column]) => !symmetric || column >= row),
  );
  const related = kernel.relate(cells.map(([row, column]) => [sets.get(x[row]!)!, sets.get(y[column]!)!]));
  cells.forEach(([row, column], index) => {
    keep(`x${row}y${column}`, related[index]!);
  });
  return found;
}
