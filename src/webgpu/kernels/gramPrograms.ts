/** Kernels over the tiles of Gram matrices: from dot products or distances to the alignments of centred kernels. */
import { fallingExponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { TILE_LANES, upperTile } from '../tiledSums.ts';
import { joinLanes } from '../workgroup.ts';
import { columnMeans, overTile, rowJoin, writeRowSums } from './gramTiles.ts';

/** How an element becomes the kernel's: dot products stay, distances d² become exp(−d²/(2σ²·median)). */
export type GramKernel = 'linear' | 'rbf';

/** A function `name`(elements). A median of 0 is the limit of a narrow kernel: 1 between equal samples, else 0. */
export function kernelFunction(kernel: GramKernel, name: string, median: string): string {
  if (kernel === 'linear') return `\nfn ${name}(elements: vec4f) -> vec4f { return elements; }`;
  return `
fn ${name}Single(element: f32, divisor: f32) -> f32 {
  if (isZero(element)) { return 1.0; }
  if (isZero(divisor)) { return 0.0; }
  return fallingExponential(element / divisor);
}
fn ${name}(elements: vec4f) -> vec4f {
  let divisor = ${median}[0] * uniforms.scale;
  return vec4f(
    ${['x', 'y', 'z', 'w'].map((part) => `${name}Single(elements.${part}, divisor)`).join(',\n    ')},
  );
}`;
}

/** Row sums of a kernel's matrix without its diagonal, by blocks of 64 columns: [blocks, padded rows]. */
export function rowSumProgram(kernel: GramKernel): KernelProgram {
  return {
    name: 'gram row sums',
    reads: ['elements', ...(kernel === 'rbf' ? ['median'] : [])],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32', scale: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `${specialValues}${fallingExponential}${upperTile}${kernelFunction(kernel, 'kernelOf', 'median')}${rowJoin()}`,
    body: `
  if (group >= uniforms.units) { return; }
  var rowSums0 = vec4f();
  var columnSums0 = vec4f();${overTile(
    ['elements'],
    '',
    `let values = select(vec4f(), kernelOf(elements4), above);
    rowSums0[r] = (values.x + values.y) + (values.z + values.w);
    columnSums0 += values;`,
  )}${writeRowSums(0, 1)}`,
  };
}

/**
 * What is taken off row i and column i of a kernel's matrix, [2, padded rows]: to centre it whole, and to U-centre it
 * without its diagonal (0 for fewer than 4 samples). One workgroup.
 */
export function meansProgram(kernel: GramKernel): KernelProgram {
  const diagonal = kernel === 'rbf' ? '1.0' : 'squares[row]';
  return {
    name: 'gram means',
    reads: ['hollow', ...(kernel === 'rbf' ? [] : ['squares'])],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32' },
    workgroupSize: TILE_LANES,
    declarations: `var<workgroup> lanes: array<vec2f, ${TILE_LANES}>;`,
    body: `
  if (group > 0u) { return; }
  var sums = vec2f();
  var block = vec2f();
  var count = 0u;
  for (var row = lane; row < uniforms.samples; row += ${TILE_LANES}u) {
    block += vec2f(hollow[row], ${diagonal});
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(); }
  }
  lanes[lane] = sums + block;${joinLanes(TILE_LANES, 'first + second')}
  workgroupBarrier();
  let total = lanes[0];
  let n = f32(uniforms.samples);
  let whole = (total.x + total.y) / n / (2.0 * n);
  for (var row = lane; row < uniforms.samples; row += ${TILE_LANES}u) {
    result[row] = (hollow[row] + ${diagonal}) / n - whole;
    var unbiased = 0.0;
    if (uniforms.samples > 3u) { unbiased = hollow[row] / (n - 2.0) - total.x / (n - 2.0) / (2.0 * (n - 1.0)); }
    result[uniforms.padded + row] = unbiased;
  }`,
  };
}

/**
 * Inner products of two kernels' matrices over one tile: centred whole, then U-centred, [tiles, 2]. Elements are centred
 * before they are multiplied, so that nothing cancels in the sums.
 */
export function alignProgram(kernel: GramKernel): KernelProgram {
  const medians = kernel === 'rbf' ? ['xMedian', 'yMedian'] : [];
  return {
    name: 'gram align',
    reads: ['xElements', 'yElements', 'xMeans', 'yMeans', ...medians],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32', scale: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `${specialValues}${fallingExponential}${upperTile}
${kernelFunction(kernel, 'ofX', 'xMedian')}${kernelFunction(kernel, 'ofY', 'yMedian')}
var<workgroup> lanes: array<vec2f, ${TILE_LANES}>;`,
    body: `
  if (group >= uniforms.units) { return; }
  var sums = vec2f();${overTile(
    ['xElements', 'yElements'],
    [
      columnMeans('xColumns', 'xMeans', 0),
      columnMeans('yColumns', 'yMeans', 0),
      columnMeans('xUnbiased', 'xMeans', 1),
      columnMeans('yUnbiased', 'yMeans', 1),
    ].join('\n  '),
    `// An element above the diagonal stands for the one below it too; the diagonal is U-centred to 0.
    let weights = select(select(vec4f(), vec4f(1.0), onDiagonal), vec4f(2.0), above);
    let unbiased = select(vec4f(), vec4f(2.0), above);
    let own = min(row, uniforms.samples - 1u);
    let x4 = ofX(xElements4);
    let y4 = ofY(yElements4);
    let x = x4 - xMeans[own] - xColumns;
    let y = y4 - yMeans[own] - yColumns;
    let u = x4 - xMeans[uniforms.padded + own] - xUnbiased;
    let v = y4 - yMeans[uniforms.padded + own] - yUnbiased;
    sums += vec2f(dot(weights, x * y), dot(unbiased, u * v));`,
  )}
  lanes[lane] = sums;${joinLanes(TILE_LANES, 'first + second')}
  if (lane < 2u) { result[group * 2u + lane] = lanes[0][lane]; }`,
  };
}

/** Both sums over all tiles, times the factors of the biased and the unbiased alignment. One workgroup. */
export function alignmentProgram(): KernelProgram {
  return {
    name: 'gram alignment',
    reads: ['sums'],
    writes: ['biasedAlignment', 'unbiasedAlignment'],
    uniforms: { tiles: 'u32', biased: 'f32', unbiased: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `var<workgroup> lanes: array<vec2f, ${TILE_LANES}>;`,
    body: `
  if (group > 0u) { return; }
  var total = vec2f();
  var block = vec2f();
  var count = 0u;
  for (var tile = lane; tile < uniforms.tiles; tile += ${TILE_LANES}u) {
    block += vec2f(sums[2u * tile], sums[2u * tile + 1u]);
    count++;
    if ((count & 15u) == 0u) { total += block; block = vec2f(); }
  }
  lanes[lane] = total + block;${joinLanes(TILE_LANES, 'first + second')}
  if (lane == 0u) {
    biasedAlignment[0] = lanes[0].x * uniforms.biased;
    unbiasedAlignment[0] = lanes[0].y * uniforms.unbiased;
  }`,
  };
}
