/**
 * Anchors against the rows of a memory bank that a table of indices names: scores, losses and gradients in one reading of
 * the rows. A workgroup takes one anchor and a part of its candidates; 32 lanes share a row, so a row's elements are read
 * by neighbouring lanes, kept in registers for the gradient, and never written out.
 */
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { rowDrawParts } from './rowDrawProgram.ts';

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

/** How the program comes by the rows to score. */
interface Candidates {
  readonly reads: readonly string[];
  readonly integers: readonly string[];
  readonly uniforms: Readonly<Record<string, 'u32'>>;
  /** `candidate(anchor, k)`: a row's number, or any number beyond the bank's rows. */
  readonly declarations: string;
}

/** From a table [anchors, count] in memory. */
const given: Candidates = {
  reads: ['candidates'],
  integers: [],
  uniforms: { count: 'u32' },
  declarations: `
fn candidate(anchor: u32, k: u32) -> u32 {
  let number = candidates[anchor * uniforms.count + k];
  return select(0xffffffffu, u32(number), number >= 0.0 && number < f32(uniforms.rows) && !isNan(number));
}
`,
};

/** Drawn here. */
function drawn(ordered: boolean): Candidates {
  const { reads, uniforms, declarations } = rowDrawParts(ordered);
  return {
    reads,
    integers: reads,
    uniforms,
    declarations: `${declarations}
fn candidate(anchor: u32, k: u32) -> u32 { return drawnRow(anchor, k); }
`,
  };
}

/**
 * The program for embeddings of up to `perLane`·32 numbers, and for candidates from a table, or drawn here: from rows in an
 * order, or by number. An index that names no row makes the anchor NaN.
 * It writes losses [batch, parts] and gradients [batch, parts, dimension].
 */
export function contrastProgram(
  perLane: number,
  from: 'table' | 'orderedDraw' | 'numberedDraw' = 'table',
): KernelProgram {
  const elements = Array.from({ length: perLane }, (_, at) => at);
  const candidates = from === 'table' ? given : drawn(from === 'orderedDraw');
  return {
    name: from === 'table' ? 'crd contrast' : 'crd contrast, drawn',
    reads: ['anchors', 'bank', ...candidates.reads, 'threshold'],
    integers: candidates.integers,
    writes: ['losses', 'gradients'],
    uniforms: { dimension: 'u32', rows: 'u32', parts: 'u32', inverseTemperature: 'f32', ...candidates.uniforms },
    workgroupSize: WORKGROUP,
    declarations: `${specialValues}${exponential}${softplus}${candidates.declarations}
var<workgroup> sums: array<vec4f, ${WORKGROUP}>;
var<workgroup> chosen: array<u32, ${candidatesPerGroup}>;`,
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
  // Beyond the last candidate it is repeated: what is read in vain must be a row that counts, should one hold a NaN.
  for (var at = lane; at < ${candidatesPerGroup}u; at += ${WORKGROUP}u) {
    chosen[at] = candidate(anchor, min(start + at, end - 1u));
  }
  workgroupBarrier();
  for (var first = start; first < end; first += ${ROWS}u) {
    let at = first - start + team * 4u;
    let numbers = vec4u(chosen[at], chosen[at + 1u], chosen[at + 2u], chosen[at + 3u]);
    let named = numbers < vec4u(uniforms.rows);
    let offsets = select(vec4u(0u), numbers, named) * uniforms.dimension;
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
