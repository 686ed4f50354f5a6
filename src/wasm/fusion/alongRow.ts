/** The walk along a row: four neighbouring elements of it in a vector. Numbers of the row are in every lane. */
import type { Value } from '../../fusion/values.ts';
import { type Code, makeCode } from './assembler.ts';
import { addLocal } from './locals.ts';
import type { PhaseMemory } from './memory.ts';
import type { ColumnLoop, LoopPlace, Place, PointPlace, RowCode, Walk } from './walk.ts';

/** Sums move to float64 after this many bytes, which keeps float32's error at that of a short sum. */
const blockBytes = 2048;

/** Makes the walk of a phase whose rows have at least four elements. */
export function alongRow(memory: PhaseMemory): Walk {
  const { locals, start, rowBytes, first, end } = memory;
  const local = (type: 'i32' | 'v128' = 'i32'): number => addLocal(locals, type);
  const row = local();
  const column = local();
  const vectorEnd = local();
  const advancing: number[] = [];
  start.get(first).set(row);
  start.get(rowBytes).int(-16).op('i32.and').set(vectorEnd);

  const rowPointers = new Map<Value, number>();
  /** Where the row begins in a full value's memory; the pointer moves on with the rows. */
  function rowPointer(value: Value): number {
    let pointer = rowPointers.get(value);
    if (pointer === undefined) {
      pointer = local();
      start.get(memory.pointerTo(value)).get(first).get(rowBytes).op('i32.mul', 'i32.add').set(pointer);
      rowPointers.set(value, pointer);
      advancing.push(pointer);
    }
    return pointer;
  }

  const keptPointer = (value: Value): number => memory.keptPointer(value, 1);
  const rowNumber = (code: Code, value: Value): Code =>
    code.get(memory.pointerTo(value)).get(row).int(2).op('i32.shl', 'i32.add');

  /** The column that a label names, in each lane; −1 where it is no whole number. */
  function labelColumns({ code, labels }: RowCode, label: number): number {
    let columns = labels.get(label);
    if (columns === undefined) {
      columns = local('v128');
      code.get(label).op('i32x4.trunc_sat_f32x4_s').ints(-1, -1, -1, -1);
      code.get(label).get(label).op('f32x4.trunc', 'f32x4.eq', 'v128.bitselect').set(columns);
      labels.set(label, columns);
    }
    return columns;
  }

  function inRange(own: RowCode, label: number): Code {
    const columns = labelColumns(own, label);
    own.code.get(columns).ints(0, 0, 0, 0).op('i32x4.ge_s');
    return own.code.get(columns).get(rowBytes).int(2).op('i32.shr_u', 'i32x4.splat', 'i32x4.lt_s', 'v128.and');
  }

  /** Addresses of a vector: `offset` is where it begins, past the pointers. */
  function placeAt(at: number, offset: number): Omit<Place, 'columnMask'> {
    const address = (code: Code, pointer: number): Code => code.get(pointer).get(at).op('i32.add');
    return {
      load: (code, value) => address(code, rowPointer(value)).memory('v128.load', offset),
      store: (code, value, from) => address(code, rowPointer(value)).get(from).memory('v128.store', offset),
      loadKept: (code, value) => address(code, keptPointer(value)).memory('v128.load', offset),
      storeKept: (code, value, from) => address(code, keptPointer(value)).get(from).memory('v128.store', offset),
      loadColumn: (code, value) => address(code, memory.pointerTo(value)).memory('v128.load', offset),
    };
  }

  function loopPlace(own: RowCode, slot: number, counted?: number): LoopPlace {
    const offset = slot * 16;
    return {
      ...placeAt(column, offset),
      slot,
      counted,
      columnMask(code, label) {
        const wanted = labelColumns(own, label);
        const index = slot * 4;
        // Of another label too they are computed anew: the first one may be within a side that is passed over.
        code.get(column).int(2).op('i32.shr_u', 'i32x4.splat');
        code.ints(index, index + 1, index + 2, index + 3).op('i32x4.add');
        return code.get(wanted).op('i32x4.eq');
      },
      addToColumns(code, value, elements) {
        const at = local();
        const pointer = memory.columnPointer(value);
        let from = elements;
        if (counted !== undefined && value.operation === 'columnSum') {
          from = local('v128');
          code.get(elements).get(counted).op('v128.and').set(from);
        }
        if (value.operation === 'columnMax') {
          code.get(pointer).get(column).op('i32.add').tee(at).get(at).memory('v128.load', offset).get(from);
          return code.op('f32x4.max').memory('v128.store', offset);
        }
        code.get(pointer).get(column).int(1).op('i32.shl', 'i32.add').set(at);
        for (const half of [0, 1]) {
          const byte = 2 * offset + 16 * half;
          code.get(at).get(at).memory('v128.load', byte).get(from);
          if (half === 1) code.get(from).shuffle(2, 3, 2, 3);
          code.op('f64x2.promote_low_f32x4', 'f64x2.add').memory('v128.store', byte);
        }
        return code;
      },
    };
  }

  return {
    width: 1,
    present: undefined,
    inRange,
    loadRow: (code, value) => rowNumber(code, value).memory('v128.load32_splat'),
    storeRow: (code, value, from) => rowNumber(code, value).get(from).memory('v128.store32_lane', 0, 0),

    clear: (code, value) => code.get(rowPointer(value)).int(0).get(rowBytes).op('memory.fill'),

    loop(own, { unroll, body, sums }: ColumnLoop) {
      const blockEnd = local();
      const counted = local('v128');
      const one = body([loopPlace(own, 0)]);
      const tail = body([loopPlace(own, 0, counted)]);
      const code = makeCode();
      code.int(0).set(column).op('block', 'loop');
      code.get(column).get(vectorEnd).op('i32.ge_u').branchIf(1);
      if (sums === undefined) code.get(vectorEnd).set(blockEnd);
      else {
        code.get(column).int(blockBytes).op('i32.add').tee(blockEnd).get(vectorEnd);
        code.get(blockEnd).get(vectorEnd).op('i32.lt_u', 'select').set(blockEnd).append(sums.begin);
      }
      if (unroll > 1) {
        code
          .op('block', 'loop')
          .get(column)
          .int(16 * unroll)
          .op('i32.add')
          .get(blockEnd)
          .op('i32.gt_u')
          .branchIf(1);
        code.append(body(Array.from({ length: unroll }, (_, slot) => loopPlace(own, slot))));
        code
          .get(column)
          .int(16 * unroll)
          .op('i32.add')
          .set(column)
          .branch(0)
          .op('end', 'end');
      }
      code.op('block', 'loop').get(column).get(blockEnd).op('i32.ge_u').branchIf(1);
      code.append(one).get(column).int(16).op('i32.add').set(column).branch(0).op('end', 'end');
      if (sums !== undefined) code.append(sums.move);
      code.branch(0).op('end', 'end');
      // What is left is the end of the row's last vector: its other lanes have been counted.
      code.get(vectorEnd).get(rowBytes).op('i32.lt_u', 'if');
      code.get(rowBytes).int(16).op('i32.sub').set(column);
      code.ints(0, 4, 8, 12).get(vectorEnd).get(column).op('i32.sub', 'i32x4.splat', 'i32x4.ge_s').set(counted);
      if (sums !== undefined) code.append(sums.begin);
      code.append(tail);
      if (sums !== undefined) code.append(sums.move);
      return code.op('end');
    },

    point(own, label): PointPlace {
      const valid = local('v128');
      const at = local();
      inRange(own, label).set(valid);
      own.code.get(labelColumns(own, label)).get(valid).op('v128.and').lane('i32x4', 0).int(2).op('i32.shl').set(at);
      const address = (code: Code, pointer: number): Code => code.get(pointer).get(at).op('i32.add');
      return {
        valid,
        load: (code, value) => address(code, rowPointer(value)).memory('v128.load32_splat'),
        store: (code, value, from) => address(code, rowPointer(value)).get(from).memory('v128.store32_lane', 0, 0),
        loadKept: (code, value) => address(code, keptPointer(value)).memory('v128.load32_splat'),
        storeKept: (code, value, from) => address(code, keptPointer(value)).get(from).memory('v128.store32_lane', 0, 0),
        loadColumn: (code, value) => address(code, memory.pointerTo(value)).memory('v128.load32_splat'),
        columnMask: (code, other) =>
          code.get(labelColumns(own, other)).get(at).int(2).op('i32.shr_u', 'i32x4.splat', 'i32x4.eq'),
      };
    },

    rows(own) {
      const code = makeCode().append(start).op('loop').append(own);
      for (const pointer of advancing) code.get(pointer).get(rowBytes).op('i32.add').set(pointer);
      return code.get(row).int(1).op('i32.add').tee(row).get(end).op('i32.lt_u').branchIf(0).op('end');
    },
  };
}
