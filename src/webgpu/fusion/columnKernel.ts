/**
 * Reductions of columns: a lane walks the rows of a segment in one column, so that neighbouring lanes read neighbouring
 * addresses; a second kernel joins the segments.
 */
import type { Plan } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import type { Space, Value } from '../../fusion/values.ts';
import type { KernelProgram } from '../program.ts';
import { elementsAt } from './elements.ts';
import { labelColumns, rowNumbers, singleNumbers } from './numbers.ts';
import { makeShader, type Shader, sourceOf, statements } from './shader.ts';
import { accumulate, joinAll, type Reduced } from './sums.ts';
import type { Geometry } from './walk.ts';

const workgroupSize = 128;
/** Lanes that are enough for a device, segments at most, and rows of a segment at least. */
const enoughLanes = 16384;
const mostSegments = 1024;
const shortestSegment = 16;

/** A kernel over columns. */
export interface ColumnKernel {
  readonly shader: Shader;
  readonly program: KernelProgram;
}

/**
 * Writes the kernel that reduces the columns of segments: for each value [segments, columns], to the buffers that are named.
 * What is reduced is in memory, if `stored` names the buffer, or else needs no number of a whole row of this phase.
 */
export function columnKernel(
  plan: Plan,
  phase: Phase,
  values: readonly Value[],
  targets: readonly string[],
  stored: ReadonlyMap<Value, string>,
): ColumnKernel {
  const shader = makeShader(plan);
  const start = statements(shader);
  const singles = singleNumbers(shader, start);
  const inside = statements(shader);
  const row = rowNumbers(phase, shader, singles, inside, () => {
    throw new Error('fusion: a sum of columns must not need an element that a label names.');
  });
  const place = { element: 'row * uniforms.columns + column', column: 'column' };
  const computed = elementsAt({ phase, shader, singles, row, loads: inside, code: inside, ...place });
  const element = (value: Value): string => {
    const source = stored.get(value);
    return source === undefined ? computed(value) : inside.bind(`${shader.read(source, 'elements')}[${place.element}]`);
  };
  const accumulators = values.map((value) => accumulate(value, shader));
  for (const own of accumulators) inside.lines.push(...own.take([element(own.of)]));
  const end = statements(shader);
  joinAll(accumulators, undefined, end).forEach(([, name], at) => {
    end.lines.push(`${shader.write(targets[at]!, 'whole')}[uniforms.firstUnit * uniforms.columns + index] = ${name};`);
  });
  const settle = accumulators.flatMap((own) => own.settle);
  const body = [
    'if (index >= uniforms.units * uniforms.columns) { return; }',
    'let segment = index / uniforms.columns;',
    'let column = index % uniforms.columns;',
    'let first = segment * uniforms.part;',
    'let last = min(first + uniforms.part, uniforms.rows - uniforms.firstUnit * uniforms.part);',
    ...start.lines,
    ...accumulators.flatMap(({ begin }) => begin),
    'for (var row = first; row < last; row++) {',
    ...inside.lines,
    ...(settle.length > 0 ? ['if ((row & 15u) == 15u) {', ...settle, '}'] : []),
    '}',
    ...end.lines,
  ];
  const program = shader.finish({
    name: 'fused sums of columns',
    uniforms: { rows: 'u32', columns: 'u32', part: 'u32' },
    workgroupSize,
    declarations: labelColumns,
    body: body.join('\n  '),
  });
  return { shader, program };
}

/** Writes the kernel that joins the segments of one value, from the buffer that `source` names. */
export function joinSegments(plan: Plan, value: Value, source: string): ColumnKernel {
  const shader = makeShader(plan);
  const [from, to] = [shader.read(source, 'whole'), shader.write(sourceOf(value), 'whole')];
  const own = accumulate(value, shader);
  const end = statements(shader);
  const [[, joined]] = joinAll([own], undefined, end) as readonly [Reduced];
  const body = [
    'if (index >= uniforms.columns) { return; }',
    ...own.begin,
    'for (var segment = 0u; segment < uniforms.parts; segment++) {',
    `let next = ${from}[segment * uniforms.columns + index];`,
    ...own.take(['next']),
    'if ((segment & 15u) == 15u) {',
    ...own.settle,
    '}',
    '}',
    ...end.lines,
    `${to}[index] = ${joined};`,
  ];
  const program = shader.finish({
    name: 'fused sums of columns',
    uniforms: { columns: 'u32', parts: 'u32' },
    workgroupSize,
    body: body.join('\n  '),
  });
  return { shader, program };
}

/** Segments of a space's rows, and how many there are. */
export function segmentsOf({ rows, columns }: Space): { readonly part: number; readonly segments: number } {
  const wanted = Math.min(Math.ceil(enoughLanes / columns), Math.ceil(rows / shortestSegment), mostSegments);
  const part = Math.ceil(rows / wanted);
  return { part, segments: Math.ceil(rows / part) };
}

/** The geometry of a walk over columns: a unit of work is a segment. */
export function columnGeometry(space: Space): Geometry {
  const { rows, columns } = space;
  const { part, segments } = segmentsOf(space);
  return {
    units: segments,
    groups: (units) => Math.ceil((units * columns) / workgroupSize),
    perUnit: { elements: part * columns, rows: part, whole: 0 },
    uniforms: { rows, columns, part },
  };
}

/** The geometry of the join of segments; undefined where there is one. */
export function joinGeometry(space: Space): Geometry | undefined {
  const { columns } = space;
  const { segments } = segmentsOf(space);
  if (segments === 1) return undefined;
  return {
    units: 1,
    groups: () => Math.ceil(columns / workgroupSize),
    perUnit: { elements: 0, rows: 0, whole: 0 },
    uniforms: { columns, parts: segments },
  };
}
