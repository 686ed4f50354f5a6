/** The kernels of cross-products by features, for CKA and correlations and for shapes: centring in float64, products summed in float64 between short blocks. */
import type { FusedPairKernel } from '../../backend.ts';
import { crossProductsMark, shapeProductsMark } from '../../metrics/similarity/formMarks.ts';
import type { Pointer } from '../assemblyExports.ts';
import { computeProducts, factor } from '../product.ts';
import type { WasmTensor } from '../tensors.ts';
import type { MetricFunctions } from './metricModule.ts';
import { type KernelHost, valueTensor } from './rows.ts';

/** Centred activations of a set. */
interface CentredSet {
  readonly samples: number;
  readonly width: number;
  readonly centred: WasmTensor;
  /** Squared lengths of the samples, float64. */
  readonly squares: WasmTensor;
}

/** The kernels. */
export function crossProductKernels(
  host: KernelHost,
  own: MetricFunctions,
): readonly FusedPairKernel<WasmTensor, CentredSet>[] {
  const { store, backend } = host;
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
    own.here().weightedColumns(pointer(centred), pointer(weights), samples, width, pointer(out));
    return out;
  }

  function dot(a: WasmTensor, b: WasmTensor): WasmTensor {
    const [first, second] = [store.doublesOf(a), store.doublesOf(b)];
    let sum = 0;
    for (let index = 0; index < first.length; index++) sum += first[index]! * second[index]!;
    return valueTensor(store, sum);
  }

  function centredSet(activations: WasmTensor) {
    const [samples, width] = activations.shape as readonly [number, number];
    const from = store.pointerTo('crossProducts', activations);
    const centred = store.make([samples, width]);
    const squares = store.make([samples], 'float64');
    const offset = store.make([width], 'float64');
    const shift = store.make([width]);
    const floats = store.arena.floats();
    floats.copyWithin(pointer(shift) / 4, from / 4, from / 4 + width);
    own.here().centre(from, samples, width, pointer(centred), pointer(offset), pointer(squares));
    return { working: { samples, width, centred, squares }, mean: { shift, offset } };
  }

  const moments: FusedPairKernel<WasmTensor, CentredSet> = {
    kind: 'pairs',
    implements: crossProductsMark,

    represent(activations) {
      const { working, mean } = centredSet(activations);
      const { squares } = working;
      const statistics = {
        ...mean,
        products: products(working, working, true),
        cubes: weighted(working, squares),
        quartic: dot(squares, squares),
      };
      return { statistics, working };
    },

    relate: (pairs) =>
      pairs.map(([{ working: x }, { working: y }]) =>
        backend.scope(() => ({
          products: products(x, y, x === y),
          xCubes: weighted(x, y.squares),
          yCubes: weighted(y, x.squares),
          quartic: dot(x.squares, y.squares),
        })),
      ),
  };

  const shapes: FusedPairKernel<WasmTensor, CentredSet> = {
    kind: 'pairs',
    implements: shapeProductsMark,

    represent(activations) {
      const { working, mean } = centredSet(activations);
      const square = store.doublesOf(working.squares).reduce((sum, value) => sum + value, 0);
      return { statistics: { ...mean, square: valueTensor(store, square) }, working };
    },

    relate: (pairs) =>
      pairs.map(([{ working: x }, { working: y }]) => backend.scope(() => ({ products: products(x, y, x === y) }))),
  };

  return [moments, shapes];
}
