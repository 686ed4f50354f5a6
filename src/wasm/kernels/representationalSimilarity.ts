/**
 * The kernel of representational similarity over a whole batch: Gram matrices are made and compared a block of rows at a time, for
 * all models together, so that memory grows with the number of samples and not with its square. Rows are compared as they are,
 * and brought to length 1 by their sums: so a block serves the rows below it too, and half of each matrix is enough.
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
  const scratchBytes = kernels.matrixScratchBytes();

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
      const places = new Map(sets.map((set, index) => [set, index]));
      const rows = sets[0]!.rows;
      const others = pairs.filter(([x, y]) => x !== y);
      const compared = [...sets.map((set) => [set, set] as const), ...others];
      const blockBytes = blockRows * rows * 4;
      const sums = store.make([compared.length, rows], 'float64');
      store.doublesOf(sums).fill(0);
      store.withScratch(sets.length * blockBytes, (blocks) => {
        const blockOf = (set: Samples): Pointer => blocks + places.get(set)! * blockBytes;
        for (let start = 0; start < rows; start += blockRows) {
          const count = Math.min(blockRows, rows - start);
          fillBlocks(sets, start, count, blockOf);
          const products = compared.map(([x, y], index) => {
            const into = pointer(sums) + (index * rows + start) * 8;
            return [blockOf(x), blockOf(y), count, rows - start, into];
          });
          threads.run(own.everywhere('addProducts'), products);
        }
      });
      const sumsOf = (index: number): Float64Array => store.doublesOf(sums).subarray(index * rows, (index + 1) * rows);
      let next = sets.length;
      return pairs.map(([x, y]) => {
        const [ofX, ofY] = [sumsOf(places.get(x)!), sumsOf(places.get(y)!)];
        const between = x === y ? ofX : sumsOf(next++);
        let [total, counted] = [0, 0];
        between.forEach((product, row) => {
          if (!(ofX[row]! > x.least && ofY[row]! > y.least)) return;
          counted++;
          total += product / Math.sqrt(ofX[row]!) / Math.sqrt(ofY[row]!);
        });
        return { total: valueTensor(store, total), rows: valueTensor(store, counted) };
      });
    },
  };

  /** Rows of all Gram matrices, from the diagonal on. */
  function fillBlocks(
    sets: readonly Samples[],
    start: number,
    count: number,
    blockOf: (set: Samples) => Pointer,
  ): void {
    store.withScratch(scratchBytes * threads.size, (scratch) => {
      const columns = sets[0]!.rows - start;
      const fills = sets.map((set) => {
        const rowBytes = set.width * 4;
        const from = store.pointerTo('representationalSimilarity', set.data) + start * rowBytes;
        const sides = [from, rowBytes, 4, from, 4, rowBytes];
        return [...sides, blockOf(set), columns, count, columns, set.width, 0, 0, 0, 0, 0];
      });
      threads.run('matrixMultiply', fills, { at: 15, start: scratch, step: scratchBytes });
      const centred = sets.flatMap((set) =>
        set.means === undefined ? [] : [[blockOf(set), count, columns, pointer(set.means) + start * 8]],
      );
      if (centred.length > 0) threads.run(own.everywhere('centreBlock'), centred);
    });
  }
}
