/**
 * Classwise calibration as two programs: one finds what makes a row's scores probabilities and what is wrong with them, a
 * second takes every score to its class and bin. The table of probabilities is never written.
 */
import { signTolerance, sumTolerance } from '../../ops/scoreFaults.ts';
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { RowLayout } from './rows.ts';

/** Lanes of a workgroup, each with the sums of one class at a time. */
export const classwiseLanes = 64;
/** Bins of a workgroup: their sums are kept in workgroup memory, for each lane its own. */
export const classwiseBins = 16;
/** Rows of a part at most: counts of both kinds share a whole number of 32 bits, and sums stay short. */
export const classwisePartRows = 4096;

/**
 * Logits: the largest and Σ exp(x − largest), NaN where the row is no distribution, and how many probabilities are NaN
 * then, which is all of them. Probabilities: the three defects, 1 where the row has one.
 */
export function classwiseRowProgram(layout: RowLayout, given: boolean): KernelProgram {
  return layout.program({
    name: 'calibrationError classwise rows',
    reads: ['scores'],
    writes: given ? ['unknowns', 'negatives', 'unnormalised'] : ['unknowns', 'scales'],
    uniforms: { classes: 'u32' },
    declarations: specialValues + exponential,
    vector: 'vec2f',
    body: `
  ${
    given
      ? ''
      : `var most = lowest();
  for (var at = first; at < uniforms.classes; at += step) { most = max(most, scores[origin + at]); }
  most = maxOverRow(vec2f(most)).x;`
  }
  var sums = vec2f();
  var block = vec2f();
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let score = scores[origin + at];
    block += ${given ? 'vec2f(score, abs(score) - score)' : 'vec2f(exponential(score - most), 0.0)'};
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(); }
  }
  sums = sumOverRow(sums + block);
  if (leader) {
    ${
      given
        ? `unknowns[row] = select(0.0, 1.0, isNan(sums.x));
    negatives[row] = select(0.0, 1.0, sums.y > ${signTolerance} && !isNan(sums.x));
    unnormalised[row] = select(0.0, 1.0, abs(sums.x - 1.0) > ${sumTolerance} && !isNan(sums.x));`
        : `// A row of −Infinity alone adds up to 0.
    let unknown = isNan(sums.x) || isZero(sums.x);
    unknowns[row] = select(0.0, f32(uniforms.classes), unknown);
    scales[2u * row] = most;
    scales[2u * row + 1u] = select(sums.x, notANumber(), unknown);`
    }
  }`,
  });
}

/**
 * Count, Σ probability and hits of each class and bin over a part of the rows, [parts, classes, bins] each. A lane keeps the
 * sums of one class; classes fewer than lanes leave several lanes for each, with rows in turn. What is summed is the
 * probability's excess over its bin's lower edge, a small number whose sum keeps more digits.
 */
export function classwiseBinProgram(given: boolean, edges: 'right' | 'left'): KernelProgram {
  return {
    name: 'calibrationError classwise bins',
    reads: ['scores', 'labels', 'innerEdges', ...(given ? [] : ['scales'])],
    writes: ['count', 'confidence', 'correct'],
    uniforms: {
      rows: 'u32',
      part: 'u32',
      classes: 'u32',
      bins: 'u32',
      columns: 'u32',
      tiles: 'u32',
      chunks: 'u32',
    },
    workgroupSize: classwiseLanes,
    declarations: `${specialValues}${exponential}
var<workgroup> excesses: array<f32, ${classwiseBins * classwiseLanes}>;
var<workgroup> counts: array<u32, ${classwiseBins * classwiseLanes}>;
fn binOf(probability: f32) -> u32 {
  var low = 0u;
  var high = uniforms.bins - 1u;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (probability ${edges === 'right' ? '>' : '>='} innerEdges[middle]) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
fn lowerEdge(bin: u32) -> f32 {
  if (bin == 0u) { return 0.0; }
  return innerEdges[bin - 1u];
}`,
    body: `
  let unit = group / (uniforms.tiles * uniforms.chunks);
  if (unit >= uniforms.units) { return; }
  let tile = group % uniforms.tiles;
  let firstBin = ((group / uniforms.tiles) % uniforms.chunks) * ${classwiseBins}u;
  let owner = tile * ${classwiseLanes}u + lane % uniforms.columns;
  let team = lane / uniforms.columns;
  let teams = ${classwiseLanes}u / uniforms.columns;
  let part = uniforms.firstUnit + unit;
  let start = unit * uniforms.part;
  let last = start + min(uniforms.part, uniforms.rows - part * uniforms.part);
  for (var bin = 0u; bin < ${classwiseBins}u; bin++) {
    excesses[bin * ${classwiseLanes}u + lane] = 0.0;
    counts[bin * ${classwiseLanes}u + lane] = 0u;
  }
  let works = team < teams && owner < uniforms.classes;
  for (var row = select(last, start + team, works); row < last; row += teams) {
    let score = scores[row * uniforms.classes + owner];
    ${given ? 'let probability = score;' : 'let probability = exponential(score - scales[2u * row]) / scales[2u * row + 1u];'}
    let bin = binOf(probability) - firstBin;
    if (bin < ${classwiseBins}u && !isNan(probability)) {
      let slot = bin * ${classwiseLanes}u + lane;
      excesses[slot] += probability - lowerEdge(firstBin + bin);
      counts[slot] += select(1u, 65537u, labels[row] == f32(owner));
    }
  }
  workgroupBarrier();
  if (lane < uniforms.columns && owner < uniforms.classes) {
    for (var bin = 0u; bin < min(${classwiseBins}u, uniforms.bins - firstBin); bin++) {
      var excess = 0.0;
      var both = 0u;
      for (var other = 0u; other < teams; other++) {
        let slot = bin * ${classwiseLanes}u + other * uniforms.columns + lane;
        excess += excesses[slot];
        both += counts[slot];
      }
      let place = (part * uniforms.classes + owner) * uniforms.bins + firstBin + bin;
      let found = f32(both & 65535u);
      count[place] = found;
      confidence[place] = fma(lowerEdge(firstBin + bin), found, excess);
      correct[place] = f32(both >> 16u);
    }
  }`,
  };
}
