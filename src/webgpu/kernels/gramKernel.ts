/** Statistics of CKA by Gram matrices, linear and RBF, as `metrics/similarity/ckaSimilarity.ts` has them. */
import type { CkaSettings } from '../../metrics/similarity/ckaOptions.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { partsFor, TILE, TILE_SIZE, upperTiles } from '../tiledSums.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { type CentredSet, centredSet } from './crossProductKernel.ts';
import { gramMedian } from './gramMedian.ts';
import { alignmentProgram, alignProgram, type GramKernel, meansProgram, rowSumProgram } from './gramPrograms.ts';
import { type GramForm, gramProgram } from './gramTiles.ts';
import type { PairKernel } from './pairs.ts';

type T = WebgpuTensor;

/** Rows of a Gram matrix, filled up to whole tiles. */
export function paddedRows(samples: number): number {
  return Math.ceil(samples / TILE) * TILE;
}

/** Tiles of a set's Gram matrix on and above the diagonal, [tiles, TILE_SIZE]. */
export function gramTiles(context: KernelContext, form: GramForm, set: CentredSet): T {
  const { store, backend } = context;
  const { activations, samples, width, shift, offset } = set;
  const bind = binderOf(context, 'gram');
  const tiles = upperTiles(samples);
  const wanted = partsFor(width, tiles);
  const part = Math.ceil(width / wanted / 16) * 16;
  const parts = Math.ceil(width / part);
  const result = store.make([tiles, parts, TILE_SIZE], 'gram');
  store.runtime.run({
    key: `gram ${form}`,
    build: () => gramProgram(form),
    reads: [bind(activations), ...(form === 'centred' ? [bind(shift), bind(offset)] : [])],
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
  readonly spread: T;
  readonly invalid: T;
}

/** The kernel matrix of a set, by the settings of `cka`; linear with centred products where none are given. */
export function gramSet(
  context: KernelContext,
  activations: T,
  { kernel, bandwidth, median: convention }: Pick<CkaSettings, 'kernel' | 'bandwidth' | 'median'>,
): GramSet {
  const { store, backend } = context;
  const bind = binderOf(context, 'gram');
  const set = centredSet(context, activations);
  const { samples, squares, invalid } = set;
  const tiles = gramTiles(context, kernel === 'rbf' ? 'distances' : 'centred', set);
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
  return { samples, kernel, scale, tiles, median, means, spread: backend.sum(squares), invalid };
}

/** The kernel for `pairStatistics`: one pass over two matrices gives all that their alignment needs. */
export function gramKernel(context: KernelContext, settings: CkaSettings): PairKernel<GramSet> {
  const { store } = context;
  const bind = binderOf(context, 'gram');
  return {
    represent: (activations) => gramSet(context, activations, settings),
    relate(x, y) {
      const { samples, kernel, scale } = x;
      const tiles = upperTiles(samples);
      const sums = store.make([tiles, 6], 'gram');
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
        writes: [bind(sums, 6)],
        uniforms: { samples, padded: paddedRows(samples), scale },
        units: tiles,
        groups: (units) => units,
      });
      const results = Array.from({ length: 6 }, () => store.make([], 'gram'));
      store.runtime.run({
        key: 'gram alignment',
        build: alignmentProgram,
        reads: [bind(sums)],
        writes: results.map((result) => bind(result)),
        uniforms: {
          tiles,
          biased: 1 / Math.max(1, samples - 1) ** 2,
          unbiased: samples < 4 ? 0 : 1 / (samples * (samples - 3)),
        },
        units: 1,
        groups: () => 1,
      });
      const [xyBiased, xxBiased, yyBiased, xyUnbiased, xxUnbiased, yyUnbiased] = results as [T, T, T, T, T, T];
      return {
        x: { biased: xxBiased, debiased: xxUnbiased, spread: x.spread },
        y: { biased: yyBiased, debiased: yyUnbiased, spread: y.spread },
        xy: { biased: xyBiased, debiased: xyUnbiased },
      };
    },
  };
}
