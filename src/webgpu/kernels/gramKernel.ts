/** The kernels of CKA by Gram matrices, linear and RBF: see `metrics/similarity/gramAlignment.ts`. */
import type { FusedPairKernel } from '../../backend.ts';
import type { CkaSettings } from '../../metrics/similarity/ckaOptions.ts';
import { gaussianGramMark, linearGramMark } from '../../metrics/similarity/formMarks.ts';
import { chanceVariance } from '../../metrics/similarity/gramAlignment.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { rowRange } from '../../ops/rowRange.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { partsFor, TILE, TILE_SIZE, upperTiles } from '../tiledSums.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { gramMedian } from './gramMedian.ts';
import { alignmentProgram, alignProgram, type GramKernel, meansProgram, rowSumProgram } from './gramPrograms.ts';
import { type GramForm, gramProgram } from './gramTiles.ts';

type T = WebgpuTensor;

/** Rows of a Gram matrix, filled up to whole tiles. */
export function paddedRows(samples: number): number {
  return Math.ceil(samples / TILE) * TILE;
}

/** Tiles on and above the diagonal of the Gram matrix of samples [samples, width]: [tiles, TILE_SIZE]. */
export function gramTiles(context: KernelContext, form: GramForm, activations: T): T {
  const { store, backend } = context;
  const [samples, width] = activations.shape as readonly [number, number];
  const bind = binderOf(context, 'gram');
  const tiles = upperTiles(samples);
  const wanted = partsFor(width, tiles);
  const part = Math.ceil(width / wanted / 16) * 16;
  const parts = Math.ceil(width / part);
  const result = store.make([tiles, parts, TILE_SIZE], 'gram');
  store.runtime.run({
    key: `gram ${form}`,
    build: () => gramProgram(form),
    reads: [bind(activations)],
    writes: [bind(result, parts * TILE_SIZE)],
    uniforms: { samples, width, part, parts },
    units: tiles,
    groups: (units) => units * parts,
  });
  return backend.sum(result, { axis: 1 });
}

/** A set's kernel matrix: its tiles, and what centres it. */
export interface GramSet {
  readonly samples: number;
  readonly kernel: GramKernel;
  /** What divides a distance, over its median: −2σ². */
  readonly scale: number;
  readonly tiles: T;
  readonly median: T | undefined;
  /** [2, padded rows] */
  readonly means: T;
  /** Σ of the squared lengths of the centred samples. */
  readonly spread: T;
  /** The diagonal of the kernel matrix that is centred whole, [rows, 1]. */
  readonly diagonal: T;
}

/** What a kernel matrix is made by. */
type KernelSettings = Pick<CkaSettings, 'kernel' | 'bandwidth' | 'median'>;

/** Dot products of centred samples. */
export const linearKernel: KernelSettings = { kernel: 'linear', bandwidth: 1, median: 'withDiagonal' };

/** The kernel matrix of a set, by the settings of `cka`; linear with centred products where none are given. */
export function gramSet(
  context: KernelContext,
  activations: T,
  { kernel, bandwidth, median: convention }: KernelSettings,
): GramSet {
  const { store, backend } = context;
  const bind = binderOf(context, 'gram');
  const { centred } = centredSamples(backend, activations);
  const squares = backend.sum(backend.multiply(centred, centred), { axis: 1 });
  const [samples = 0] = backend.shapeOf(squares);
  const tiles = gramTiles(context, kernel === 'rbf' ? 'distances' : 'products', centred);
  const median = kernel === 'rbf' ? gramMedian(context, tiles, samples, convention === 'withDiagonal') : undefined;
  const scale = -2 * bandwidth ** 2;
  const padded = paddedRows(samples);
  const partial = store.make([padded / TILE, padded], 'gram');
  store.runtime.run({
    key: `gram row sums ${kernel}`,
    build: () => rowSumProgram(kernel),
    reads: [bind(tiles, TILE_SIZE), ...(median ? [bind(median)] : [])],
    writes: [bind(partial)],
    uniforms: { samples, padded, scale },
    units: upperTiles(samples),
    groups: (units) => units,
  });
  const hollow = backend.sum(partial, { axis: 0 });
  const means = store.make([2, padded], 'gram');
  store.runtime.run({
    key: `gram means ${kernel}`,
    build: () => meansProgram(kernel),
    reads: [bind(hollow), ...(kernel === 'rbf' ? [] : [bind(squares)])],
    writes: [bind(means)],
    uniforms: { samples, padded },
    units: 1,
    groups: () => 1,
  });
  const diagonal = wholeDiagonal(context, kernel, means, squares);
  return { samples, kernel, scale, tiles, median, means, spread: backend.sum(squares), diagonal };
}

/** What is left on the diagonal when both means of a row, its own and its column's, are taken off. */
function wholeDiagonal({ backend }: KernelContext, kernel: GramKernel, means: T, squares: T): T {
  const [samples = 0] = backend.shapeOf(squares);
  const whole = backend.gather(backend.transpose(means), rowRange(backend, 0, samples));
  const first = backend.matMul(whole, backend.fromHost({ data: Float32Array.of(2, 0), shape: [2, 1] }));
  const own = kernel === 'rbf' ? backend.scalar(1) : backend.reshape(squares, [samples, 1]);
  return backend.subtract(own, first);
}

/** Both alignments of two kernel matrices, from one pass over their tiles. */
function alignmentsOf(context: KernelContext, x: GramSet, y: GramSet): Readonly<Record<'biased' | 'debiased', T>> {
  const { store } = context;
  const bind = binderOf(context, 'gram');
  const { samples, kernel, scale } = x;
  const tiles = upperTiles(samples);
  const sums = store.make([tiles, 2], 'gram');
  store.runtime.run({
    key: `gram align ${kernel}`,
    build: () => alignProgram(kernel),
    reads: [
      bind(x.tiles, TILE_SIZE),
      bind(y.tiles, TILE_SIZE),
      bind(x.means),
      bind(y.means),
      ...(x.median && y.median ? [bind(x.median), bind(y.median)] : []),
    ],
    writes: [bind(sums, 2)],
    uniforms: { samples, padded: paddedRows(samples), scale },
    units: tiles,
    groups: (units) => units,
  });
  const [biased, debiased] = [store.make([], 'gram'), store.make([], 'gram')];
  store.runtime.run({
    key: 'gram alignment',
    build: alignmentProgram,
    reads: [bind(sums)],
    writes: [bind(biased), bind(debiased)],
    uniforms: {
      tiles,
      biased: 1 / Math.max(1, samples - 1) ** 2,
      unbiased: samples < 4 ? 0 : 1 / (samples * (samples - 3)),
    },
    units: 1,
    groups: () => 1,
  });
  return { biased, debiased };
}

/** The kernels of the linear and of the Gaussian form. */
export function gramKernels(context: KernelContext): readonly FusedPairKernel<T, GramSet>[] {
  const { backend } = context;
  return [linearGramMark, gaussianGramMark].map((mark) => ({
    kind: 'pairs',
    implements: mark,
    represent(activations, settings) {
      const working = gramSet(context, activations, settings as KernelSettings);
      const { diagonal, spread } = working;
      const own = alignmentsOf(context, working, working);
      const trace = backend.sum(diagonal);
      const diagonalSquares = backend.sum(backend.multiply(diagonal, diagonal));
      return { statistics: { ...own, trace, diagonalSquares, spread }, working };
    },
    relate: (pairs) =>
      pairs.map(([x, y]) =>
        backend.scope(() => ({
          ...alignmentsOf(context, x.working, y.working),
          chanceVariance: chanceVariance(backend, x.working.samples, x.statistics.debiased!, y.statistics.debiased!),
        })),
      ),
  }));
}
