/**
 * Anchors against the rows of a memory bank that a table of indices names: scores, losses and gradients in one reading of
 * the rows. A workgroup takes one anchor and a part of its candidates; 32 lanes share a row, so a row's elements are read
 * by neighbouring lanes, kept in registers for the gradient, and never written out.
 */
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';

/** Lanes that share a row. */
const LANES = 32;
/** Rows at a time: eight groups of lanes, four rows each. */
const GROUPS = 8;
const WORKGROUP = LANES * GROUPS;
const ROWS = 4 * GROUPS;

/** The widest embedding that fits the registers. */
export const widestEmbedding = 512;
/** Candidates of an anchor that one workgroup takes. */
export const candidatesPerGroup = 512;

/**
 * log(1 + e) for e in [0, 1] as 2·artanh(e/(2 + e)): where e is far below 1, log(1 + e) itself would lose it. The series
 * to s¹⁵ leaves less than 1e-9.
 */
const softplus = `
fn softplus(x: f32) -> f32 {
  let e = exponential(-abs(x));
  let s = e / (2.0 + e);
  let w = s * s;
  var series = fma(w, 1.0 / 15.0, 1.0 / 13.0);
  series = fma(w, series, 1.0 / 11.0);
  series = fma(w, series, 1.0 / 9.0);
  series = fma(w, series, 1.0 / 7.0);
  series = fma(w, series, 1.0 / 5.0);
  series = fma(w, series, 1.0 / 3.0);
  series = fma(w, series, 1.0);
  return max(x, 0.0) + 2.0 * s * series;
}
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exponential(-x)); }
`;

/** The program for embeddings of up to `perLane`·32 numbers. An index that names no row makes the anchor NaN. */
export function contrastProgram(perLane: number): KernelProgram {
  const elements = Array.from({ length: perLane }, (_, at) => at);
  return {
    name: 'crd contrast',
    reads: ['anchors', 'bank', 'candidates', 'threshold'],
    writes: ['losses', 'gradients'],
    uniforms: { dimension: 'u32', rows: 'u32', count: 'u32', parts: 'u32', inverseTemperature: 'f32' },
    workgroupSize: WORKGROUP,
    declarations: `${specialValues}${exponential}${softplus}
var<workgroup> sums: array<vec4f, ${WORKGROUP}>;
var<workgroup> chosen: array<f32, ${ROWS}>;`,
    body: `
  let anchor = group / uniforms.parts;
  if (anchor >= uniforms.units) { return; }
  let part = group % uniforms.parts;
  let own = lane % ${LANES}u;
  let team = lane / ${LANES}u;
  let start = part * ${candidatesPerGroup}u;
  let end = min(start + ${candidatesPerGroup}u, uniforms.count);
  var query: array<f32, ${perLane}>;
  var slopes: array<f32, ${perLane}>;
  for (var e = 0u; e < ${perLane}u; e++) {
    let column = e * ${LANES}u + own;
    slopes[e] = 0.0;
    query[e] = 0.0;
    if (column < uniforms.dimension) { query[e] = anchors[anchor * uniforms.dimension + column]; }
  }
  var loss = 0.0;
  for (var first = start; first < end; first += ${ROWS}u) {
    if (lane < ${ROWS}u) {
      var wanted = -1.0;
      if (first + lane < end) { wanted = candidates[anchor * uniforms.count + first + lane]; }
      chosen[lane] = wanted;
    }
    workgroupBarrier();
    var numbers: vec4f;
    ${[0, 1, 2, 3].map((row) => `numbers[${row}] = chosen[team * 4u + ${row}u];`).join('\n    ')}
    let named = (numbers >= vec4f(0.0)) & (numbers < vec4f(f32(uniforms.rows)));
    let offsets = vec4u(select(vec4f(0.0), numbers, named)) * uniforms.dimension;
    ${elements.map((e) => `var row${e} = vec4f(0.0);`).join(' ')}
    var dot4 = vec4f(0.0);
    ${elements
      .map(
        (e) => `
    if (${e * LANES}u + own < uniforms.dimension) {
      let column = ${e * LANES}u + own;
      row${e} = vec4f(bank[offsets.x + column], bank[offsets.y + column], bank[offsets.z + column], bank[offsets.w + column]);
      dot4 += query[${e}] * row${e};
    }`,
      )
      .join('')}
    sums[lane] = dot4;
    workgroupBarrier();
    if (own < 4u) {
      for (var other = own + 4u; other < ${LANES}u; other += 4u) { sums[lane] += sums[lane + other - own]; }
    }
    workgroupBarrier();
    let origin = team * ${LANES}u;
    let dots = (sums[origin] + sums[origin + 1u]) + (sums[origin + 2u] + sums[origin + 3u]);
    let x = dots * uniforms.inverseTemperature - threshold[0];
    let valid = vec4<bool>(
      first + team * 4u < end, first + team * 4u + 1u < end, first + team * 4u + 2u < end, first + team * 4u + 3u < end);
    let nothing = vec4f(0.0);
    let unknown = select(nothing, vec4f(notANumber()), valid & !named);
    let losses4 = vec4f(softplus(x.x), softplus(x.y), softplus(x.z), softplus(x.w)) + unknown;
    let slopes4 = vec4f(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w)) + unknown;
    let counted = select(nothing, losses4, valid);
    loss += (counted.x + counted.y) + (counted.z + counted.w);
    let weights = select(nothing, slopes4, valid) * uniforms.inverseTemperature;
    ${elements.map((e) => `slopes[${e}] += dot(weights, row${e});`).join('\n    ')}
    workgroupBarrier();
  }
  // The teams' sums, one element of the lanes at a time.
  for (var e = 0u; e < ${perLane}u; e++) {
    sums[lane] = vec4f(slopes[e], loss, 0.0, 0.0);
    workgroupBarrier();
    if (team == 0u) {
      var total = vec2f(0.0);
      for (var other = 0u; other < ${GROUPS}u; other++) { total += sums[other * ${LANES}u + own].xy; }
      let column = e * ${LANES}u + own;
      let place = anchor * uniforms.parts + part;
      if (column < uniforms.dimension) { gradients[place * uniforms.dimension + column] = total.x; }
      if (e == 0u && own == 0u) { losses[place] = total.y; }
    }
    workgroupBarrier();
  }`,
  };
}
