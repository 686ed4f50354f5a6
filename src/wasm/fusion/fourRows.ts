/** Which four rows are in a vector: the next ones, or those side by side in a plane, whose elements are one load. */
import type { Value } from '../../fusion/values.ts';
import { type Code, makeCode } from './assembler.ts';
import { addLocal } from './locals.ts';
import type { PhaseMemory } from './memory.ts';

/** The lanes of a vector. */
export const lanes = [0, 1, 2, 3] as const;

/** Four rows at a time. */
export interface FourRows {
  /** Runs before each four. */
  readonly begin: Code;
  /** The local of the row that the four begin with, at first the phase's own. */
  readonly row: number;
  /** The local of each lane's row. */
  readonly numbers: readonly number[];
  /** The local of a mask of the lanes that count. */
  readonly present: number;
  /** Leaves the row that the next four begin with. */
  next(code: Code): Code;
  /** Where rows lie across memory. */
  readonly plane: Plane | undefined;
}

/** Addresses in a plane. */
export interface Plane {
  has(value: Value): boolean;
  /** Leaves where the four rows' elements are, some columns after the loop's. */
  address(code: Code, value: Value, columns: number): Code;
  /** Leaves where a lane's element is in the column of the local's number of bytes. */
  addressAt(code: Code, value: Value, columnBytes: number, lane: number): Code;
  /** Before a loop over columns, and after some of them. */
  toStart(code: Code): Code;
  advance(code: Code, columns: number): Code;
}

function fourLocals({ locals, start, first }: PhaseMemory) {
  const local = (): number => addLocal(locals, 'i32');
  const row = local();
  start.get(first).set(row);
  return { begin: makeCode(), row, numbers: lanes.map(local), present: addLocal(locals, 'v128'), local };
}

/** The next four rows; where fewer are left, the last one stands in for the others. */
export function nextRows(memory: PhaseMemory): FourRows {
  const { begin, row, numbers, present, local } = fourLocals(memory);
  const { end } = memory;
  lanes.forEach((lane) => {
    const [wanted, last] = [local(), local()];
    begin.get(row).int(lane).op('i32.add').tee(wanted).get(end).int(1).op('i32.sub').tee(last);
    begin.get(wanted).get(last).op('i32.lt_u', 'select').set(numbers[lane]!);
  });
  begin.ints(0, 1, 2, 3).get(end).get(row).op('i32.sub', 'i32x4.splat', 'i32x4.lt_s').set(present);
  const next = (code: Code): Code => code.get(row).int(4).op('i32.add');
  return { begin, row, numbers, present, next, plane: undefined };
}

/**
 * Four rows of one plane, with `lying` the values that lie so. Where the plane ends before them they begin earlier: rows that have
 * had their turn, or have it in another part, are computed once more and do not count.
 */
export function rowsOfPlane(memory: PhaseMemory, lying: ReadonlySet<Value>): FourRows {
  const { begin, row, numbers, present, local } = fourLocals(memory);
  const { locals, start, rowBytes, end } = memory;
  const rows = memory.planeRows();
  const columnBytes = local();
  start.get(rows).int(2).op('i32.shl').set(columnBytes);

  const [planeStart, planeEnd, latest, from, column] = [local(), local(), local(), local(), local()];
  begin.get(row).get(row).get(rows).op('i32.rem_u', 'i32.sub').tee(planeStart).get(rows).op('i32.add').tee(planeEnd);
  begin.int(4).op('i32.sub').set(latest);
  begin.get(row).get(latest).get(row).get(latest).op('i32.lt_u', 'select').set(from);
  for (const lane of lanes) begin.get(from).int(lane).op('i32.add').set(numbers[lane]!);
  const own = addLocal(locals, 'v128');
  begin.get(from).op('i32x4.splat').ints(0, 1, 2, 3).op('i32x4.add').tee(own).get(end).op('i32x4.splat', 'i32x4.lt_s');
  begin.get(own).get(row).op('i32x4.splat', 'i32x4.ge_s', 'v128.and').set(present);
  // Of an element (plane, column, row) the plane and the row.
  const offset = local();
  begin.get(planeStart).get(rowBytes).op('i32.mul').get(from).get(planeStart).op('i32.sub').int(2).op('i32.shl');
  begin.op('i32.add').set(offset);

  const pointers = new Map<Value, number>();
  function pointer(value: Value): number {
    let made = pointers.get(value);
    if (made === undefined) {
      made = local();
      begin.get(memory.pointerTo(value)).get(offset).op('i32.add').set(made);
      pointers.set(value, made);
    }
    return made;
  }
  function plus(code: Code, columns: number): Code {
    for (let at = 0; at < columns; at++) code.get(columnBytes).op('i32.add');
    return code;
  }

  const plane: Plane = {
    has: (value) => lying.has(value),
    address: (code, value, columns) => plus(code.get(pointer(value)).get(column).op('i32.add'), columns),
    addressAt(code, value, bytes, lane) {
      code.get(pointer(value)).get(bytes).int(2).op('i32.shr_u').get(columnBytes).op('i32.mul', 'i32.add');
      return code.int(lane * 4).op('i32.add');
    },
    toStart: (code) => code.int(0).set(column),
    advance: (code, columns) => plus(code.get(column), columns).set(column),
  };
  function next(code: Code): Code {
    const wanted = local();
    code.get(row).int(4).op('i32.add').tee(wanted).get(planeEnd);
    return code.get(wanted).get(planeEnd).op('i32.lt_u', 'select');
  }
  return { begin, row, numbers, present, next, plane };
}
