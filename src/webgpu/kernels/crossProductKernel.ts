/** The kernel of cross-products by features: see `metrics/similarity/crossProducts.ts`. */
import type { FusedPairKernel } from '../../backend.ts';
import { crossProductsMark } from '../../metrics/similarity/formMarks.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { partsFor, TILE, upperTiles } from '../tiledSums.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { COLUMNS, columnProgram, firstSampleProgram, productProgram, squaresProgram } from './crossProductPrograms.ts';
import { rowLayout } from './rows.ts';

type T = WebgpuTensor;

/** A set of activations, its centre in two parts, and the squared lengths of its centred samples. */
export interface CentredSet {
  readonly samples: number;
  readonly width: number;
  readonly activations: T;
  /** The first sample, [width]. */
  readonly shift: T;
  /** Column means relative to the first sample, [width]. */
  readonly offset: T;
  /** [samples] */
  readonly squares: T;
}

/** Samples of a segment, and how many segments there are. Each fits one binding and begins where a binding may. */
function segmentsOf({ store }: KernelContext, samples: number, width: number, wanted: number) {
  const bindable = Math.floor(store.runtime.device.limits.maxStorageBufferBindingSize / 4 / width / 64) * 64;
  const segment = Math.min(Math.ceil(samples / wanted / 64) * 64, bindable || 64);
  return { segment, segments: Math.ceil(samples / segment) };
}

/** Sums over segments, without the axis of the segments. */
function overSegments({ backend }: KernelContext, x: T): T {
  return backend.sum(x, { axis: 0 });
}

/** Σ over a set's samples: the column means relative to the first one, or weighted columns and a weighted sum beside them. */
function columnSums(
  context: KernelContext,
  kind: 'means' | 'weighted',
  { activations, samples, width, shift }: Pick<CentredSet, 'activations' | 'samples' | 'width' | 'shift'>,
  divisor: number,
  extra: readonly { readonly tensor: T; readonly bySample: boolean }[],
): readonly T[] {
  const { store, backend } = context;
  const tiles = Math.ceil(width / COLUMNS);
  const wanted = Math.min(Math.ceil(samples / 256), Math.ceil(512 / tiles));
  const { segment, segments } = segmentsOf(context, samples, width, wanted);
  const bind = binderOf(context, 'crossProducts');
  const results = (kind === 'means' ? ['result'] : ['result', 'second']).map(() =>
    store.make([segments, width], 'crossProducts'),
  );
  store.runtime.run({
    key: `crossProducts ${kind}`,
    build: () => columnProgram(kind),
    reads: [
      bind(activations, segment * width),
      bind(shift),
      ...extra.map(({ tensor, bySample }) => bind(tensor, bySample ? segment : 0)),
    ],
    writes: results.map((result) => bind(result)),
    uniforms: { samples, width, segment, columns: Math.min(width, COLUMNS), divisor },
    units: segments,
    groups: (units) => units * tiles,
  });
  const [sums, second] = results;
  return [overSegments(context, sums!), ...(second === undefined ? [] : [backend.sum(second)])];
}

/** Finds a set's centre and the lengths of its samples. */
export function centredSet(context: KernelContext, activations: T): CentredSet {
  const { store, subgroupSize } = context;
  const [samples, width] = activations.shape as readonly [number, number];
  const bind = binderOf(context, 'crossProducts');
  // A copy: what the caller's buffer holds later does not matter.
  const shift = store.make([width], 'crossProducts');
  store.runtime.run({
    key: 'crossProducts first sample',
    build: () => firstSampleProgram,
    reads: [bind(activations, 1)],
    writes: [bind(shift, 1)],
    units: width,
    groups: (units) => Math.ceil(units / COLUMNS),
  });
  const set = { activations, samples, width, shift };
  const [offset] = columnSums(context, 'means', set, samples, []) as [T];
  const squares = store.make([samples], 'crossProducts');
  const layout = rowLayout(width, subgroupSize);
  store.runtime.run({
    key: `crossProducts squares ${layout.key}`,
    build: () => squaresProgram(layout),
    reads: [bind(activations, width), bind(shift), bind(offset)],
    writes: [bind(squares, 1)],
    uniforms: { classes: width },
    units: samples,
    groups: layout.groups,
  });
  return { ...set, offset, squares };
}

/** Σxyᵀ of centred samples, [width of x, width of y]. */
function productsOf(context: KernelContext, x: CentredSet, y: CentredSet): T {
  const { store } = context;
  const symmetric = x === y;
  const tiles = symmetric ? upperTiles(x.width) : Math.ceil(x.width / TILE) * Math.ceil(y.width / TILE);
  const { samples } = x;
  const widest = Math.max(x.width, y.width);
  const { segment, segments } = segmentsOf(context, samples, widest, partsFor(samples, tiles));
  const bind = binderOf(context, 'crossProducts');
  const sideOf = (set: CentredSet) => [bind(set.activations, segment * set.width), bind(set.shift), bind(set.offset)];
  const result = store.make([segments, x.width, y.width], 'crossProducts');
  store.runtime.run({
    key: `crossProducts ${symmetric ? 'symmetric' : 'products'}`,
    build: () => productProgram(symmetric),
    reads: symmetric ? sideOf(x) : [...sideOf(x), ...sideOf(y)],
    writes: [bind(result)],
    uniforms: { samples, segment, rows: x.width, columns: y.width, tiles },
    units: segments,
    groups: (units) => units * tiles,
  });
  return overSegments(context, result);
}

/** Σ weight·sample of a centred set, and Σ weight·squared length. */
function weightedSums(context: KernelContext, set: CentredSet, weights: T): readonly [cubes: T, quartic: T] {
  return columnSums(context, 'weighted', set, 1, [
    { tensor: set.offset, bySample: false },
    { tensor: weights, bySample: true },
    { tensor: set.squares, bySample: true },
  ]) as [T, T];
}

/** The kernel. */
export function crossProductKernel(context: KernelContext): FusedPairKernel<T, CentredSet> {
  return {
    kind: 'pairs',
    implements: crossProductsMark,
    represent(activations) {
      const working = centredSet(context, activations);
      const { shift, offset } = working;
      const [cubes, quartic] = weightedSums(context, working, working.squares);
      return {
        statistics: { shift, offset, products: productsOf(context, working, working), cubes, quartic },
        working,
      };
    },
    relate: (pairs) =>
      pairs.map(([{ working: x }, { working: y }]) =>
        context.backend.scope(() => {
          const [xCubes, quartic] = weightedSums(context, x, y.squares);
          const [yCubes] = weightedSums(context, y, x.squares);
          return { products: productsOf(context, x, y), xCubes, yCubes, quartic };
        }),
      ),
  };
}
