/** A plan as a WebAssembly module: a function for each phase, one to end its sums of columns, and one for single results. */
import type { Plan } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import { type ArithmeticOptions, makeArithmetic } from './arithmetic.ts';
import { makeCode } from './assembler.ts';
import { type BlockLayout, blockLayout, singleReductions, spaceBytes } from './block.ts';
import { roundedNumbers, singleNumbers } from './emitNumbers.ts';
import { emitPhase, type WalkKind } from './emitPhase.ts';
import { addLocal, type Locals } from './locals.ts';
import { columnReductions } from './memory.ts';
import { assemble, type FunctionCode } from './module.ts';
import { type Planes, planesOf } from './planes.ts';

/** Settings of an emitted module. */
export interface EmitOptions extends ArithmeticOptions {
  /** Whether the memory that the module imports is shared by threads. */
  readonly shared: boolean;
}

/** Rows no longer than this are walked four at once. */
const shortRow = 48;

/** The walk of a phase. A vector along a row must not be longer than the row. */
export function walkOf({ space }: Phase, { rowsIn }: Planes): WalkKind {
  const { rows, columns } = space;
  if (rowsIn.has(space)) return 'planes';
  return columns < 4 || (columns <= shortRow && rows >= 4) ? 'across' : 'along';
}

/** The module's bytes, undefined where it is too large for engines. Functions: `phase0`, `columns0`, …, `results`. */
export function emitProgram(plan: Plan, options: EmitOptions): Uint8Array<ArrayBuffer> | undefined {
  const layout = blockLayout(plan);
  const planes = planesOf(plan);
  const functions = plan.phases.flatMap((phase, at) => [
    emitPhase(plan, phase, `phase${at}`, { kind: walkOf(phase, planes), planes }, layout, options),
    ...(columnReductions(phase).length > 0 ? [emitColumns(phase, `columns${at}`, layout)] : []),
  ]);
  return assemble([...functions, emitResults(plan, layout, options)], options.shared);
}

/** Results of sums of columns, from their float64 totals: (block, scratch). */
function emitColumns(phase: Phase, name: string, layout: BlockLayout): FunctionCode {
  const locals: Locals = { parameters: ['i32', 'i32'], types: [] };
  const local = (): number => addLocal(locals, 'i32');
  const [rowBytes, from, to, last] = [local(), local(), local(), local()];
  const code = makeCode()
    .get(0)
    .memory('i32.load', layout.spaces + phase.space.id * spaceBytes + 4)
    .set(rowBytes);
  columnReductions(phase).forEach((value, at) => {
    if (value.buffer < 0) return;
    code
      .get(1)
      .get(rowBytes)
      .int(at * 2)
      .op('i32.mul', 'i32.add')
      .set(from);
    code
      .get(0)
      .memory('i32.load', layout.buffers + value.buffer * 4)
      .tee(to)
      .get(rowBytes)
      .op('i32.add')
      .set(last);
    code.op('loop').get(to).get(from);
    if (value.operation === 'columnSum') code.memory('v128.load64_splat').op('f32x4.demote_f64x2_zero');
    else code.memory('v128.load32_splat');
    code.memory('v128.store32_lane', 0, 0);
    code
      .get(from)
      .int(value.operation === 'columnSum' ? 8 : 4)
      .op('i32.add')
      .set(from);
    code.get(to).int(4).op('i32.add').tee(to).get(last).op('i32.lt_u').branchIf(0).op('end');
  });
  return { name, locals, code };
}

/** Single numbers that are results, in float64: (block). */
function emitResults(plan: Plan, layout: BlockLayout, options: ArithmeticOptions): FunctionCode {
  const locals: Locals = { parameters: ['i32'], types: [] };
  const code = makeCode();
  const pointers = makeCode();
  const pointerTo = (offset: number): number => {
    const made = addLocal(locals, 'i32');
    pointers.get(0).memory('i32.load', offset).set(made);
    return made;
  };
  const arithmetic = makeArithmetic(locals, options);
  const numbers = singleNumbers(
    {
      locals,
      rounded: roundedNumbers(plan),
      arithmetic,
      layout,
      reductions: singleReductions(plan),
      pointerTo: (value) =>
        pointerTo(value.operation === 'leaf' ? layout.leaves + value.slot * 4 : layout.buffers + value.buffer * 4),
    },
    code,
  );
  for (const value of plan.values) {
    if (value.form !== 'single' || value.buffer < 0) continue;
    const [double] = numbers.doubles(value);
    code
      .get(pointerTo(layout.buffers + value.buffer * 4))
      .get(double!)
      .memory('v128.store64_lane', 0, 0);
  }
  return { name: 'results', locals, code: pointers.append(code) };
}
