/**
 * Top-label calibration as two programs: one takes each row to its confidence, bin, hit and defects, a second adds the
 * rows up by bin.
 */

import { signTolerance, sumTolerance } from '../../ops/scoreFaults.ts';
import type { HostTensor } from '../../tensor.ts';
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { joinLanes } from '../workgroup.ts';
import type { RowLayout } from './rows.ts';

/** Numbers that the first program leaves for a row: bin, confidence, hit, and the three defects. */
export const calibrationFields = 6;
/** Rows that the second program adds up at a time: whole numbers stay exact in float32, and sums are short. */
export const calibrationPartRows = 4096;
const WORKGROUP = 64;

/** The edges between bins; two more, which no confidence exceeds, so that there are always some. */
export function innerEdges(boundaries: readonly number[]): HostTensor {
  const inner = boundaries.slice(1, -1);
  return { data: Float32Array.from([...inner, 2, 2]), shape: [inner.length + 2] };
}

/**
 * A row to its six numbers. A NaN anywhere in the row makes its total NaN, logits that are
 * all −Infinity make it 0: such a row falls into no bin.
 */
export function calibrationRowProgram(layout: RowLayout, given: boolean, edges: 'right' | 'left'): KernelProgram {
  return layout.program({
    name: 'calibrationError rows',
    reads: ['scores', 'labels', 'innerEdges'],
    writes: ['result'],
    uniforms: { classes: 'u32', edges: 'u32' },
    declarations: specialValues + exponential,
    vector: 'vec2f',
    body: `
  var most = lowest();
  for (var at = first; at < uniforms.classes; at += step) { most = max(most, scores[origin + at]); }
  most = maxOverRow(vec2f(most)).x;
  // The first position that holds the largest score: the smallest, found as the largest of what it lacks to the end.
  var before = 0.0;
  var sums = vec2f(0.0);
  var block = vec2f(0.0);
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let score = scores[origin + at];
    if (score == most) { before = max(before, f32(uniforms.classes - at)); }
    ${given ? 'block += vec2f(score, abs(score) - score);' : 'block += vec2f(exponential(score - most), 0.0);'}
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(0.0); }
  }
  let prediction = f32(uniforms.classes) - maxOverRow(vec2f(before)).x;
  sums = sumOverRow(sums + block);
  if (leader) {
    let confidence = ${given ? 'most' : '1.0 / sums.x'};
    var bin = 0u;
    for (var edge = 0u; edge < uniforms.edges; edge++) {
      if (${edges === 'right' ? 'confidence > innerEdges[edge]' : 'confidence >= innerEdges[edge]'}) { bin = edge + 1u; }
    }
    let unknown = ${given ? 'isNan(sums.x)' : 'isNan(sums.x) || isZero(sums.x)'};
    let base = row * ${calibrationFields}u;
    result[base] = select(f32(bin), -1.0, unknown);
    result[base + 1u] = confidence;
    result[base + 2u] = select(0.0, 1.0, prediction == labels[row]);
    result[base + 3u] = select(0.0, 1.0, unknown);
    result[base + 4u] = ${given ? `select(0.0, 1.0, sums.y > ${signTolerance})` : '0.0'};
    result[base + 5u] = ${given ? `select(0.0, 1.0, abs(sums.x - 1.0) > ${sumTolerance})` : '0.0'};
  }`,
  });
}

/** A workgroup adds up the rows of one part that fall into one bin; beyond the last bin it counts the defects. */
export function calibrationBinProgram(): KernelProgram {
  return {
    name: 'calibrationError bins',
    reads: ['rowNumbers'],
    writes: ['result'],
    uniforms: { bins: 'u32', rows: 'u32' },
    workgroupSize: WORKGROUP,
    declarations: `var<workgroup> lanes: array<vec3f, ${WORKGROUP}>;`,
    body: `
  let part = group / (uniforms.bins + 1u);
  if (part >= uniforms.units) { return; }
  let bin = group % (uniforms.bins + 1u);
  let start = (uniforms.firstUnit + part) * ${calibrationPartRows}u;
  var total = vec3f(0.0);
  for (var row = start + lane; row < min(start + ${calibrationPartRows}u, uniforms.rows); row += ${WORKGROUP}u) {
    let base = row * ${calibrationFields}u;
    if (bin == uniforms.bins) {
      total += vec3f(rowNumbers[base + 3u], rowNumbers[base + 4u], rowNumbers[base + 5u]);
    } else if (rowNumbers[base] == f32(bin)) {
      total += vec3f(1.0, rowNumbers[base + 1u], rowNumbers[base + 2u]);
    }
  }
  lanes[lane] = total;${joinLanes(WORKGROUP, 'first + second')}
  if (lane == 0u) {
    result[group * 3u] = lanes[0].x;
    result[group * 3u + 1u] = lanes[0].y;
    result[group * 3u + 2u] = lanes[0].z;
  }`,
  };
}
