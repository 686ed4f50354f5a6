/** Sums and maxima over axes. Sums are pairwise: blocks of 16, then lanes in two steps, then segments. */
import type { ReduceOptions } from '../backend.ts';
import { normaliseAxes, planReduction } from '../layout.ts';
import { stridesOf } from '../shape.ts';
import { sizeOf } from '../tensor.ts';
import { specialValues } from './arithmetic.ts';
import { elementwise, elementwiseOperations } from './elementwise.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';
import { joinLanes } from './workgroup.ts';

type Kind = 'sum' | 'max';

/** Rows at least this long, whose elements are neighbours, get a workgroup each; others a lane for each result. */
const LONG_ROW = 64;
const WORKGROUP = 128;

/** Reduces over axes. */
export function reduce(
  store: TensorStore,
  kind: Kind,
  x: WebgpuTensor,
  { axis, keepDims = false }: ReduceOptions = {},
): WebgpuTensor {
  store.check(x, kind, 'x');
  const plan = planReduction(x.shape, normaliseAxes(`webgpuBackend.${kind}`, axis, x.shape.length), keepDims);
  if (plan.reduced === 1) return store.share(x, plan.shape);
  return store.scope(() => {
    const source = plan.permutation ? permute(store, x, plan.permutation) : x;
    return store.share(reduceMiddle(store, kind, source, plan.outer, plan.reduced, plan.inner), plan.shape);
  });
}

/** A copy with permuted axes. */
export function permute(store: TensorStore, x: WebgpuTensor, permutation: readonly number[]): WebgpuTensor {
  const strides = stridesOf(x.shape);
  return elementwise(store, elementwiseOperations.copy, [x], {
    shape: permutation.map((axis) => x.shape[axis]!),
    strides: permutation.map((axis) => strides[axis]!),
  });
}

/** [outer, reduced, inner] → [outer, inner], in as many stages as the length of the reduced axis asks for. */
function reduceMiddle(
  store: TensorStore,
  kind: Kind,
  x: WebgpuTensor,
  outer: number,
  reduced: number,
  inner: number,
): WebgpuTensor {
  const byWorkgroup = inner === 1 && reduced >= LONG_ROW;
  const parallel = outer * inner >= 4096;
  const wanted = byWorkgroup ? (parallel ? 2 ** 18 : 2 ** 14) : parallel ? 4096 : 256;
  // Where there is nothing to split but the reduced axis, segments are the units of work, each within one binding.
  const whole = outer === 1;
  const bindable = Math.floor(store.runtime.device.limits.maxStorageBufferBindingSize / 4 / 64 / inner) * 64;
  const segment = whole && bindable > 0 ? Math.min(wanted, bindable) : wanted;
  const segments = Math.max(1, Math.ceil(reduced / segment));
  const partial = store.make([outer, segments, inner], kind);
  store.runtime.run({
    key: `reduce ${kind} ${byWorkgroup}`,
    build: () => (byWorkgroup ? workgroupProgram(kind) : laneProgram(kind)),
    reads: [
      { storage: store.storageOf(x, kind), perUnit: whole ? Math.min(segment, reduced) * inner : reduced * inner },
    ],
    writes: [{ storage: partial.storage!, perUnit: whole ? 0 : segments * inner }],
    uniforms: { reduced, inner, segments, segment, whole: whole ? 1 : 0 },
    units: whole ? segments : outer,
    groups: (units) => {
      const results = whole ? units * inner : units * segments * inner;
      return byWorkgroup ? results : Math.ceil(results / WORKGROUP);
    },
  });
  return segments === 1 ? partial : reduceMiddle(store, kind, partial, outer, segments, inner);
}

const uniforms = { reduced: 'u32', inner: 'u32', segments: 'u32', segment: 'u32', whole: 'u32' } as const;

/** Walks elements first, first + step … of a segment, in blocks of 16. */
function accumulate(kind: Kind, step: string): string {
  if (kind === 'max') {
    return `
  var total = -infinity();
  for (var at = first; at < last; at += ${step}) { total = larger(total, x[at]); }`;
  }
  return `
  var total = 0.0;
  var block = 0.0;
  var count = 0u;
  for (var at = first; at < last; at += ${step}) {
    block += x[at];
    count++;
    if ((count & 15u) == 0u) { total += block; block = 0.0; }
  }
  total += block;`;
}

/** A lane for each result. */
function laneProgram(kind: Kind): KernelProgram {
  return {
    name: kind,
    reads: ['x'],
    writes: ['result'],
    uniforms,
    workgroupSize: WORKGROUP,
    declarations: specialValues,
    body: `
  let column = index % uniforms.inner;
  let part = index / uniforms.inner;
  if (part >= select(uniforms.units * uniforms.segments, uniforms.units, uniforms.whole == 1u)) { return; }
  let segment = select(part % uniforms.segments, uniforms.firstUnit + part, uniforms.whole == 1u);
  let row = select(part / uniforms.segments, 0u, uniforms.whole == 1u);
  let start = segment * uniforms.segment;
  let length = min(uniforms.segment, uniforms.reduced - start);
  let origin = select(row * uniforms.reduced + start, part * uniforms.segment, uniforms.whole == 1u);
  let first = origin * uniforms.inner + column;
  let last = first + length * uniforms.inner;
  ${accumulate(kind, 'uniforms.inner')}
  result[select(0u, uniforms.firstUnit * uniforms.inner, uniforms.whole == 1u) + index] = total;`,
  };
}

/** A workgroup for each result, over neighbouring elements. */
function workgroupProgram(kind: Kind): KernelProgram {
  return {
    name: kind,
    reads: ['x'],
    writes: ['result'],
    uniforms,
    workgroupSize: WORKGROUP,
    declarations: `${specialValues}\nvar<workgroup> lanes: array<f32, ${WORKGROUP}>;`,
    body: `
  let results = select(uniforms.units * uniforms.segments, uniforms.units, uniforms.whole == 1u);
  if (group >= results) { return; }
  let segment = select(group % uniforms.segments, uniforms.firstUnit + group, uniforms.whole == 1u);
  let row = select(group / uniforms.segments, 0u, uniforms.whole == 1u);
  let start = segment * uniforms.segment;
  let length = min(uniforms.segment, uniforms.reduced - start);
  let origin = select(row * uniforms.reduced + start, group * uniforms.segment, uniforms.whole == 1u);
  let first = origin + lane;
  let last = origin + length;
  ${accumulate(kind, `${WORKGROUP}u`)}
  lanes[lane] = total;${joinLanes(WORKGROUP, kind === 'sum' ? 'first + second' : 'larger(first, second)')}
  if (lane == 0u) { result[select(0u, uniforms.firstUnit, uniforms.whole == 1u) + group] = lanes[0]; }`,
  };
}

/** Position of the largest element of each row; the first one on ties. */
export function argMax(store: TensorStore, x: WebgpuTensor): WebgpuTensor {
  store.check(x, 'argMax', 'x');
  const shape = x.shape.slice(0, -1);
  const classes = x.shape.at(-1) ?? 1;
  const result = store.make(shape, 'argMax');
  const long = classes >= LONG_ROW;
  store.runtime.run({
    key: `argMax ${long}`,
    build: () => argMaxProgram(long),
    reads: [{ storage: store.storageOf(x, 'argMax'), perUnit: classes }],
    writes: [{ storage: result.storage!, perUnit: 1 }],
    uniforms: { classes },
    units: sizeOf(shape),
    groups: (units) => (long ? units : Math.ceil(units / WORKGROUP)),
  });
  return result;
}

/**
 * Numbers compare as whole numbers in the same order, so that no rule of WGSL about NaN applies. As on the host, a NaN is
 * never larger than what stands before it, and nothing is larger than a NaN in the first place.
 */
function argMaxProgram(long: boolean): KernelProgram {
  const declarations = `${specialValues}
fn orderOf(value: f32, at: u32) -> u32 {
  if (isNan(value)) { return select(0u, 0xffffffffu, at == 0u); }
  if (isZero(value)) { return 0x80000000u; }
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn ahead(first: vec2u, second: vec2u) -> vec2u {
  return select(first, second, second.x > first.x || (second.x == first.x && second.y < first.y));
}
${long ? `var<workgroup> lanes: array<vec2u, ${WORKGROUP}>;` : ''}`;
  const walk = (row: string, first: string, step: string) => `
  var best = vec2u(0u, uniforms.classes);
  for (var at = ${first}; at < uniforms.classes; at += ${step}) {
    let order = orderOf(x[${row} * uniforms.classes + at], at);
    if (order > best.x || best.y == uniforms.classes) { best = vec2u(order, at); }
  }`;
  const body = long
    ? `
  if (group >= uniforms.units) { return; }
  ${walk('group', 'lane', `${WORKGROUP}u`)}
  lanes[lane] = best;${joinLanes(WORKGROUP, 'ahead(first, second)')}
  if (lane == 0u) { result[group] = f32(lanes[0].y); }`
    : `
  if (index >= uniforms.units) { return; }
  ${walk('index', '0u', '1u')}
  result[index] = f32(best.y);`;
  return {
    name: 'argMax',
    reads: ['x'],
    writes: ['result'],
    uniforms: { classes: 'u32' },
    workgroupSize: WORKGROUP,
    declarations,
    body,
  };
}
