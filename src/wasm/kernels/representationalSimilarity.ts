/**
 * The kernel of representational similarity over a whole batch: Gram matrices are made, normalised and compared a block of rows at a time,
 * for all models together, so that memory grows with the number of samples and not with its square.
 */
import type { FusedPairKernel } from '../../backend.ts';
import { normalisedGramMark } from '../../metrics/similarity/formMarks.ts';
import type { RepresentationalSettings } from '../../metrics/similarity/normalisedGram.ts';
import type { Pointer } from '../assemblyExports.ts';
import type { WasmTensor } from '../tensors.ts';
import type { MetricFunctions } from './metricModule.ts';
import { type KernelHost, valueTensor } from './rows.ts';

/**
 * Rows of a block, whole tiles: packing a model's samples anew for each block is small beside multiplying
 * them.
 */
const blockRows = 90;

interface Samples {
  readonly rows: number;
  readonly width: number;
  readonly data: WasmTensor;
  /** What to take off row i and column i of the Gram matrix, float64; undefined where it stays as it is. */
  readonly means: WasmTensor | undefined;
  /** Rows of the Gram matrix whose squared length is not above this have no direction. */
  readonly least: number;
}

/** The kernel; minibatches are the composite's. */
export function normalisedGramKernel(
  { kernels, store, threads }: KernelHost,
  own: MetricFunctions,
): FusedPairKernel<WasmTensor, Samples> {
  const pointer = (tensor: WasmTensor): Pointer => tensor.storage.pointer;

  /**
   * U-centring needs the row means of the Gram matrix without its diagonal. With centred samples every whole row sums to
   * 0, so what is left without the diagonal is minus the sample's squared length.
   */
  function meansOf(squares: Float64Array, rows: number): Float64Array {
    const means = squares.map((square) => -square / (rows - 2));
    const total = means.reduce((sum, mean) => sum + mean, 0) / (2 * (rows - 1));
    return means.map((mean) => mean - total);
  }

  return {
    kind: 'pairs',
    implements: normalisedGramMark,
    supports(settings) {
      const { preset, batchSize } = settings as RepresentationalSettings;
      return preset !== 'code' && batchSize === undefined;
    },

    represent(activations, settings) {
      const [rows, width] = activations.shape as readonly [number, number];
      if ((settings as RepresentationalSettings).preset !== 'centered') {
        return { statistics: {}, working: { rows, width, data: activations, means: undefined, least: 0 } };
      }
      const from = store.pointerTo('representationalSimilarity', activations);
      const data = store.make([rows, width]);
      const squares = store.make([rows], 'float64');
      const offset = store.make([width], 'float64');
      own.here().centre(from, rows, width, pointer(data), pointer(offset), pointer(squares));
      const means = store.make([rows], 'float64');
      store.doublesOf(means).set(meansOf(store.doublesOf(squares), rows));
      const spread = store.doublesOf(squares).reduce((sum, square) => sum + square, 0);
      // As the composite: centring leaves rounding in rows that should vanish.
      return { statistics: {}, working: { rows, width, data, means, least: (spread * spread * 1e-11) / rows } };
    },

    relate(representations) {
      const pairs = representations.map(([x, y]) => [x.working, y.working] as const);
      const sets = [...new Set(pairs.flat())];
      const rows = sets[0]!.rows;
      const places = new Map(sets.map((set, index) => [set, index]));
      const totals = new Float64Array(pairs.length);
      const blockBytes = blockRows * rows * 4;
      const countedBytes = rows * 4;
      const scratchBytes = kernels.matrixScratchBytes();
      const both = new Float64Array(pairs.length);
      store.withScratch(sets.length * (blockBytes + countedBytes), (blocks) =>
        store.withScratch(scratchBytes * threads.size, (scratch) => {
          const flags = blocks + sets.length * blockBytes;
          const blockOf = (set: Samples): Pointer => blocks + places.get(set)! * blockBytes;
          const flagsOf = (set: Samples): Pointer => flags + places.get(set)! * countedBytes;
          const pointers = new Map(sets.map((set) => [set, store.pointerTo('representationalSimilarity', set.data)]));
          for (let start = 0; start < rows; start += blockRows) {
            const count = Math.min(blockRows, rows - start);
            const fills = sets.map((set) => {
              const [from, rowBytes] = [pointers.get(set)!, set.width * 4];
              const sides = [from + start * rowBytes, rowBytes, 4, from, 4, rowBytes];
              return [...sides, blockOf(set), rows, count, rows, set.width, 0, 0, 0, 0, 0];
            });
            threads.run('matrixMultiply', fills, { at: 15, start: scratch, step: scratchBytes });
            const normalisations = sets.map((set) => {
              const means = set.means === undefined ? 0 : pointer(set.means);
              return [blockOf(set), start, count, rows, means, set.least, flagsOf(set)];
            });
            threads.run(own.everywhere('normaliseRows'), normalisations);
            const products = pairs.map(([x, y]) => [blockOf(x), blockOf(y), count * rows]);
            threads.run(own.everywhere('dotProduct'), products).forEach((product, index) => {
              totals[index]! += product;
            });
          }
          pairs.forEach(([x, y], index) => {
            both[index] = own.here().dotProduct(flagsOf(x), flagsOf(y), rows);
          });
        }),
      );
      return pairs.map((_, index) => ({
        total: valueTensor(store, totals[index]!),
        rows: valueTensor(store, both[index]!),
      }));
    },
  };
}
