/** Fused kernels of linear CKA by features: centring in float64, cross-products summed in float64 between short blocks. */
import type { FusedMetricKernel, KernelInputs } from '../../backend.ts';
import { cka } from '../../metrics/similarity/cka.ts';
import { ckaMatrix } from '../../metrics/similarity/ckaMatrix.ts';
import { type CkaSettings, usesGram } from '../../metrics/similarity/ckaOptions.ts';
import type { Pointer } from '../assemblyExports.ts';
import { computeProducts, factor } from '../product.ts';
import type { WasmTensor } from '../tensors.ts';
import { extentsOf, type PairKernel, type PairPlan, pairStatistics, twoSets } from './pairs.ts';
import { type KernelHost, valueTensor } from './rows.ts';

/** Centred activations of a set, and what its own statistics are. */
interface CentredSet {
  readonly samples: number;
  readonly width: number;
  readonly centred: WasmTensor;
  /** Squared lengths of the samples, float64. */
  readonly squares: WasmTensor;
  readonly statistics: Readonly<Record<string, WasmTensor>>;
  readonly invalid: number;
}

function byFeatures(settings: CkaSettings, { x, y }: PairPlan, inputs: KernelInputs<WasmTensor>): boolean {
  const widthsOf = (names: readonly string[]) => names.map((name) => extentsOf(inputs[name]!)[1]);
  const [samples] = extentsOf(inputs[x[0]!]!);
  return !usesGram(settings, samples, { x: widthsOf(x), y: widthsOf(y) });
}

/** Computes sets and pairs on the kernels. */
export function crossProductKernel(host: KernelHost): PairKernel<CentredSet> {
  const { kernels, store } = host;
  const pointer = (tensor: WasmTensor): Pointer => tensor.storage.pointer;

  /** aᵀ·b of two centred sets, in float64. */
  function products(a: CentredSet, b: CentredSet, symmetric: boolean): WasmTensor {
    const out = store.make([a.width, b.width], 'float64');
    const product = {
      a: factor(pointer(a.centred), a.width, true),
      b: factor(pointer(b.centred), b.width),
      out: pointer(out),
      rows: a.width,
      columns: b.width,
      inner: a.samples,
      wide: true,
      symmetric,
    };
    computeProducts(host, [product]);
    return out;
  }

  /** Σ weight·row over a set's samples. */
  function weighted({ centred, samples, width }: CentredSet, weights: WasmTensor): WasmTensor {
    const out = store.make([width], 'float64');
    kernels.weightedColumns(pointer(centred), pointer(weights), samples, width, pointer(out));
    return out;
  }

  function dot(a: WasmTensor, b: WasmTensor): WasmTensor {
    const [first, second] = [store.doublesOf(a), store.doublesOf(b)];
    let sum = 0;
    for (let index = 0; index < first.length; index++) sum += first[index]! * second[index]!;
    return valueTensor(store, sum);
  }

  return {
    represent(activations) {
      const [samples, width] = extentsOf(activations);
      const from = store.pointerTo('cka', activations);
      const centred = store.make([samples, width]);
      const squares = store.make([samples], 'float64');
      const offset = store.make([width], 'float64');
      const shift = store.make([width]);
      const floats = store.arena.floats();
      floats.copyWithin(pointer(shift) / 4, from / 4, from / 4 + width);
      const invalid = kernels.centre(from, samples, width, pointer(centred), pointer(offset), pointer(squares));
      const set = { samples, width, centred, squares, statistics: {}, invalid };
      const statistics = {
        shift,
        offset,
        products: products(set, set, true),
        cubes: weighted(set, squares),
        quartic: dot(squares, squares),
      };
      return { ...set, statistics };
    },
    statisticsOf: ({ statistics }) => statistics,
    invalidOf: ({ invalid }) => invalid,
    relate: (pairs) =>
      pairs.map(([x, y]) => ({
        products: products(x, y, x === y),
        xCubes: weighted(x, y.squares),
        yCubes: weighted(y, x.squares),
        quartic: dot(x.squares, y.squares),
      })),
  };
}

/** Whether the form by features comes into question at all: what else there is runs in float64 on the host. */
const mayUseFeatures = (options: object): boolean => {
  const { kernel, minibatch, form } = options as CkaSettings;
  return kernel === 'linear' && !minibatch && form !== 'gram';
};

/** Kernels of `cka` and `ckaMatrix`; where Gram matrices are the smaller way, the composite serves. */
export function ckaKernels(host: KernelHost): readonly FusedMetricKernel<WasmTensor>[] {
  const statistics = (settings: CkaSettings, plan: PairPlan, inputs: KernelInputs<WasmTensor>) =>
    byFeatures(settings, plan, inputs) ? pairStatistics(host, plan, inputs, crossProductKernel(host)) : undefined;
  return [
    {
      kind: 'metric',
      implements: cka,
      supports: mayUseFeatures,
      statistics: (options, inputs) => statistics(options as CkaSettings, twoSets, inputs),
    },
    {
      kind: 'metric',
      implements: ckaMatrix,
      supports: mayUseFeatures,
      statistics(options, inputs) {
        const { x, y, ...settings } = options as CkaSettings & Pick<PairPlan, 'x' | 'y'>;
        const symmetric = x.length === y.length && x.every((name, index) => name === y[index]);
        return statistics(settings, { x, y, symmetric }, inputs);
      },
    },
  ];
}
