/** What a phase's code knows of memory: where leaves and buffers are, rows that it keeps, and sums of columns. */
import type { Phase } from '../../fusion/stages.ts';
import type { Value } from '../../fusion/values.ts';
import { type Code, makeCode } from './assembler.ts';
import { type BlockLayout, spaceBytes } from './block.ts';
import { addLocal, type Locals } from './locals.ts';

/** The parameters of a phase's function, in their order. */
export const phaseParameters = ['block', 'first', 'end', 'reductions', 'scratch'] as const;
const [block, first, end, , scratch] = [0, 1, 2, 3, 4];

/** The memory of one phase. Pointers are loaded once, before the rows. */
export interface PhaseMemory {
  readonly locals: Locals;
  /** Runs once, before the rows. */
  readonly start: Code;
  /** Locals: the bytes of a row, the first row to walk, and the one after the last. */
  readonly rowBytes: number;
  /** The local of the rows of a plane, where rows lie across. */
  planeRows(): number;
  readonly first: number;
  readonly end: number;
  /** The local of a pointer to a leaf or a buffer. */
  pointerTo(value: Value): number;
  /** The local of a pointer to the rows of a kept value, of which `rows` are kept at once. */
  keptPointer(value: Value, rows: number): number;
  /** The local of a pointer to what a column reduction has so far: float64 sums or float32 maxima. */
  columnPointer(value: Value): number;
  /** Fills a row of float32 with −Infinity, before the rows. */
  fillWithLowest(pointer: number): void;
}

/** Values that a phase keeps within a row. */
export function keptValues({ stages }: Phase): readonly Value[] {
  return stages.flatMap(({ keeps }) => keeps);
}

/** Reductions of columns, in the order in which the scratch memory holds them. */
export function columnReductions({ stages }: Phase): readonly Value[] {
  return stages.flatMap(({ columnReductions: own }) => own);
}

/** Makes the memory of a phase. */
export function phaseMemory(phase: Phase, layout: BlockLayout, locals: Locals): PhaseMemory {
  const start = makeCode();
  const pointers = new Map<Value, number>();
  const columns = columnReductions(phase);
  const kept = keptValues(phase);

  function pointer(value: Value, make: (code: Code) => Code): number {
    let made = pointers.get(value);
    if (made === undefined) {
      made = addLocal(locals, 'i32');
      make(start).set(made);
      pointers.set(value, made);
    }
    return made;
  }
  const word = (code: Code, offset: number): Code => code.get(block!).memory('i32.load', offset);

  const rowBytes = addLocal(locals, 'i32');
  const space = layout.spaces + phase.space.id * spaceBytes;
  word(start, space + 4).set(rowBytes);
  const keptPointers = new Map<Value, number>();
  const columnPointers = new Map<Value, number>();
  return {
    locals,
    start,
    rowBytes,
    planeRows() {
      const made = addLocal(locals, 'i32');
      word(start, space + 8).set(made);
      return made;
    },
    first: first!,
    end: end!,
    pointerTo: (value) =>
      pointer(value, (code) =>
        word(code, value.operation === 'leaf' ? layout.leaves + value.slot * 4 : layout.buffers + value.buffer * 4),
      ),
    keptPointer(value, rows) {
      let made = keptPointers.get(value);
      if (made === undefined) {
        made = addLocal(locals, 'i32');
        const offset = columns.length * 2 + kept.indexOf(value) * rows;
        start.get(scratch!).get(rowBytes).int(offset).op('i32.mul', 'i32.add').set(made);
        keptPointers.set(value, made);
      }
      return made;
    },
    columnPointer(value) {
      let made = columnPointers.get(value);
      if (made === undefined) {
        made = addLocal(locals, 'i32');
        start
          .get(scratch!)
          .get(rowBytes)
          .int(columns.indexOf(value) * 2)
          .op('i32.mul', 'i32.add')
          .set(made);
        columnPointers.set(value, made);
      }
      return made;
    },
    fillWithLowest(row) {
      const [at, last, lowest] = [addLocal(locals, 'i32'), addLocal(locals, 'i32'), addLocal(locals, 'v128')];
      start.get(row).tee(at).get(rowBytes).op('i32.add').set(last);
      start.double(-Infinity).op('f64x2.splat', 'f32x4.demote_f64x2_zero').set(lowest);
      start.op('loop').get(at).get(lowest).memory('v128.store32_lane', 0, 0);
      start.get(at).int(4).op('i32.add').tee(at).get(last).op('i32.lt_u').branchIf(0).op('end');
    },
  };
}
