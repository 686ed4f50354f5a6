/**
 * Statistics of representational similarity over a whole batch: the lengths of both matrices' rows and their dot products
 * come from one pass over the tiles, so that no matrix is normalised, and no n × n matrix but the tiles is kept.
 */
import type { FusedPairKernel } from '../../backend.ts';
import { normalisedGramMark } from '../../metrics/similarity/formMarks.ts';
import type { RepresentationalSettings } from '../../metrics/similarity/normalisedGram.ts';
import type { KernelProgram } from '../program.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { TILE, TILE_LANES, TILE_SIZE, upperTile, upperTiles } from '../tiledSums.ts';
import { joinLanes } from '../workgroup.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { type GramSet, gramSet, gramTiles, linearKernel, paddedRows } from './gramKernel.ts';
import { columnMeans, overTile, rowJoin, writeRowSums } from './gramTiles.ts';

type T = WebgpuTensor;

type RowSet = Pick<GramSet, 'samples' | 'tiles'> & {
  readonly spread: T;
  readonly means: T | undefined;
};

/** The kernel; cosines of activations and minibatches are the form's own. */
export function rowSimilarityKernel(context: KernelContext): FusedPairKernel<T, RowSet> {
  const { store, backend } = context;
  const bind = binderOf(context, 'gram');
  const isCentred = (settings: object): boolean => (settings as RepresentationalSettings).preset === 'centered';

  function relatedRows(x: RowSet, y: RowSet, centred: boolean): Readonly<Record<'total' | 'rows', T>> {
    const { samples } = x;
    const padded = paddedRows(samples);
    const partial = store.make([padded / TILE, 3, padded], 'gram');
    store.runtime.run({
      key: `gram rows ${centred}`,
      build: () => rowProductProgram(centred),
      reads: [
        bind(x.tiles, TILE_SIZE),
        bind(y.tiles, TILE_SIZE),
        ...(x.means && y.means ? [bind(x.means), bind(y.means)] : []),
      ],
      writes: [bind(partial)],
      uniforms: { samples, padded },
      units: upperTiles(samples),
      groups: (units) => units,
    });
    const [total, rows] = [store.make([], 'gram'), store.make([], 'gram')];
    store.runtime.run({
      key: 'gram cosines',
      build: cosineProgram,
      reads: [bind(backend.sum(partial, { axis: 0 })), bind(x.spread), bind(y.spread)],
      writes: [bind(total), bind(rows)],
      // As the composite: centring leaves rounding in rows that should vanish.
      uniforms: { samples, padded, least: centred ? 1e-11 / samples : 0 },
      units: 1,
      groups: () => 1,
    });
    return { total, rows };
  }

  return {
    kind: 'pairs',
    implements: normalisedGramMark,
    supports(settings) {
      const { preset, batchSize } = settings as RepresentationalSettings;
      return preset !== 'code' && batchSize === undefined;
    },
    represent(activations, settings) {
      if (isCentred(settings)) return { statistics: {}, working: gramSet(context, activations, linearKernel) };
      const [samples = 0] = backend.shapeOf(activations);
      const tiles = gramTiles(context, 'products', activations);
      return { statistics: {}, working: { samples, tiles, spread: backend.scalar(0), means: undefined } };
    },
    relate: (pairs, settings) =>
      pairs.map(([{ working: x }, { working: y }]) => backend.scope(() => relatedRows(x, y, isCentred(settings)))),
  };
}

/** Σ over columns of x·y, x² and y² for each row of two matrices, by blocks of 64 columns: [blocks, 3, padded rows]. */
function rowProductProgram(centred: boolean): KernelProgram {
  const product = (field: number, value: string) => `
    let products${field} = ${value};
    let mirrored${field} = select(vec4f(), products${field}, above);
    let own${field} = ${centred ? `mirrored${field}` : `mirrored${field} + select(vec4f(), products${field}, onDiagonal)`};
    rowSums${field}[r] = (own${field}.x + own${field}.y) + (own${field}.z + own${field}.w);
    columnSums${field} += mirrored${field};`;
  const valuesOf = (side: string) =>
    centred
      ? `let ${side} = ${side}Elements4 - ${side}Means[uniforms.padded + min(row, uniforms.samples - 1u)] - ${side}Columns;`
      : `let ${side} = ${side}Elements4;`;
  return {
    name: 'gram rows',
    reads: ['xElements', 'yElements', ...(centred ? ['xMeans', 'yMeans'] : [])],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32' },
    workgroupSize: TILE_LANES,
    declarations: `${upperTile}${rowJoin()}`,
    body: `
  if (group >= uniforms.units) { return; }
  ${[0, 1, 2].map((field) => `var rowSums${field} = vec4f(); var columnSums${field} = vec4f();`).join('\n  ')}
  ${overTile(
    ['xElements', 'yElements'],
    centred ? `${columnMeans('xColumns', 'xMeans', 1)}\n  ${columnMeans('yColumns', 'yMeans', 1)}` : '',
    `${valuesOf('x')}
    ${valuesOf('y')}${product(0, 'x * y')}${product(1, 'x * x')}${product(2, 'y * y')}`,
  )}
  ${[0, 1, 2].map((field) => writeRowSums(field, 3)).join('')}`,
  };
}

/** The sum of the rows' cosines, and how many rows have one: both lengths above what rounding leaves. One workgroup. */
function cosineProgram(): KernelProgram {
  return {
    name: 'gram cosines',
    reads: ['sums', 'xSpread', 'ySpread'],
    writes: ['total', 'rows'],
    uniforms: { samples: 'u32', padded: 'u32', least: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `var<workgroup> lanes: array<vec2f, ${TILE_LANES}>;`,
    body: `
  if (group > 0u) { return; }
  let xLeast = xSpread[0] * xSpread[0] * uniforms.least;
  let yLeast = ySpread[0] * ySpread[0] * uniforms.least;
  var found = vec2f();
  var block = vec2f();
  var count = 0u;
  for (var row = lane; row < uniforms.samples; row += ${TILE_LANES}u) {
    let xSquare = sums[uniforms.padded + row];
    let ySquare = sums[2u * uniforms.padded + row];
    if (xSquare > xLeast && ySquare > yLeast) { block += vec2f(sums[row] / (sqrt(xSquare) * sqrt(ySquare)), 1.0); }
    count++;
    if ((count & 15u) == 0u) { found += block; block = vec2f(); }
  }
  lanes[lane] = found + block;${joinLanes(TILE_LANES, 'first + second')}
  if (lane == 0u) {
    total[0] = lanes[0].x;
    rows[0] = lanes[0].y;
  }`,
  };
}
