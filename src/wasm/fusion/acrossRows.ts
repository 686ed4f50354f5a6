/**
 * The walk across rows: one element of each of four rows in a vector. Short rows fill their vectors so, and what is computed
 * once a row is computed for four of them at once. Rows of planes, which lie across memory, are walked so whatever their length.
 */
import type { Value } from '../../fusion/values.ts';
import { type Code, makeCode } from './assembler.ts';
import { lanes, nextRows, rowsOfPlane } from './fourRows.ts';
import { addLocal } from './locals.ts';
import type { PhaseMemory } from './memory.ts';
import type { ColumnLoop, LoopPlace, Place, PointPlace, RowCode, Walk } from './walk.ts';

/** Makes the walk of a phase; `lying` are values in planes, if the phase walks such. */
export function acrossRows(memory: PhaseMemory, lying?: ReadonlySet<Value>): Walk {
  const { locals, start, rowBytes, end } = memory;
  const local = (type: 'i32' | 'v128' = 'i32'): number => addLocal(locals, type);
  const column = local();
  const four = lying === undefined ? nextRows(memory) : rowsOfPlane(memory, lying);
  const { begin, present, plane } = four;

  const pointers = new Map<string, readonly number[]>();
  /** Where the four rows begin in a value's memory. */
  function rowPointers(value: Value, key: 'full' | 'row'): readonly number[] {
    const name = `${key} ${value.id}`;
    let made = pointers.get(name);
    if (made === undefined) {
      const base = memory.pointerTo(value);
      made = four.numbers.map((number) => {
        const pointer = local();
        begin.get(base).get(number);
        if (key === 'full') begin.get(rowBytes).op('i32.mul');
        else begin.int(2).op('i32.shl');
        begin.op('i32.add').set(pointer);
        return pointer;
      });
      pointers.set(name, made);
    }
    return made;
  }

  /** A vector of four loads, or four stores; `address` leaves a lane's address on the stack. */
  function gather(code: Code, address: (code: Code, lane: number) => Code, offset = 0): Code {
    const made = local('v128');
    address(code, 0).memory('v128.load32_splat', offset).set(made);
    for (const lane of lanes.slice(1)) address(code, lane).get(made).memory('v128.load32_lane', offset, lane).set(made);
    return code.get(made);
  }
  function scatter(code: Code, address: (code: Code, lane: number) => Code, from: number, offset = 0): Code {
    for (const lane of lanes) address(code, lane).get(from).memory('v128.store32_lane', offset, lane);
    return code;
  }

  const keptPointer = (value: Value): number => memory.keptPointer(value, 4);

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

  function loopPlace(own: RowCode, slot: number): LoopPlace {
    const offset = slot * 4;
    const lane = (value: Value) => (code: Code, index: number) =>
      code.get(rowPointers(value, 'full')[index]!).get(column).op('i32.add');
    const kept = (code: Code, value: Value): Code =>
      code.get(keptPointer(value)).get(column).int(2).op('i32.shl', 'i32.add');
    return {
      slot,
      counted: undefined,
      load: (code, value) =>
        plane?.has(value) ? plane.address(code, value, slot).memory('v128.load') : gather(code, lane(value), offset),
      store: (code, value, from) =>
        plane?.has(value)
          ? plane.address(code, value, slot).get(from).memory('v128.store')
          : scatter(code, lane(value), from, offset),
      loadKept: (code, value) => kept(code, value).memory('v128.load', slot * 16),
      storeKept: (code, value, from) =>
        kept(code, value)
          .get(from)
          .memory('v128.store', slot * 16),
      loadColumn: (code, value) =>
        code.get(memory.pointerTo(value)).get(column).op('i32.add').memory('v128.load32_splat', offset),
      columnMask(code, label) {
        const wanted = labelColumns(own, label);
        code.get(column).int(2).op('i32.shr_u').int(slot).op('i32.add', 'i32x4.splat');
        return code.get(wanted).op('i32x4.eq');
      },
      addToColumns(code, value, from) {
        const pointer = memory.columnPointer(value);
        const at = local();
        if (value.operation === 'columnMax') {
          const most = local('v128');
          code.get(pointer).get(column).op('i32.add').tee(at).memory('v128.load32_splat', offset).get(from);
          code.op('f32x4.max').tee(most).get(most).get(most).shuffle(2, 3, 0, 1).op('f32x4.max').set(most);
          code.get(at).get(most).get(most).get(most).shuffle(1, 0, 3, 2).op('f32x4.max');
          return code.memory('v128.store32_lane', offset, 0);
        }
        const pair = local('v128');
        const values = local('v128');
        code
          .get(pointer)
          .get(column)
          .int(1)
          .op('i32.shl', 'i32.add')
          .tee(at)
          .get(at)
          .memory('f64.load', slot * 8);
        code.get(from).get(present).op('v128.and').tee(values).op('f64x2.promote_low_f32x4');
        code.get(values).get(values).shuffle(2, 3, 2, 3).op('f64x2.promote_low_f32x4', 'f64x2.add').tee(pair);
        code.lane('f64x2', 0).get(pair).lane('f64x2', 1).op('f64.add', 'f64.add');
        return code.memory('f64.store', slot * 8);
      },
    };
  }

  return {
    width: 2,
    present,
    inRange,
    loadRow: (code, value) => gather(code, (own, lane) => own.get(rowPointers(value, 'row')[lane]!)),
    storeRow: (code, value, from) => scatter(code, (own, lane) => own.get(rowPointers(value, 'row')[lane]!), from),

    clear(code, value) {
      for (const pointer of rowPointers(value, 'full')) code.get(pointer).int(0).get(rowBytes).op('memory.fill');
      return code;
    },

    loop(own, { unroll, body, sums }: ColumnLoop) {
      const one = body([loopPlace(own, 0)]);
      const code = makeCode();
      if (sums !== undefined) code.append(sums.begin);
      const advance = (columns: number): Code => {
        plane?.advance(code, columns);
        return code
          .get(column)
          .int(4 * columns)
          .op('i32.add')
          .set(column);
      };
      code.int(0).set(column);
      plane?.toStart(code);
      if (unroll > 1) {
        code
          .op('block', 'loop')
          .get(column)
          .int(4 * unroll)
          .op('i32.add')
          .get(rowBytes)
          .op('i32.gt_u')
          .branchIf(1);
        code.append(body(Array.from({ length: unroll }, (_, slot) => loopPlace(own, slot))));
        advance(unroll).branch(0).op('end', 'end');
      }
      code.op('block', 'loop').get(column).get(rowBytes).op('i32.ge_u').branchIf(1);
      code.append(one);
      advance(1).branch(0).op('end', 'end');
      if (sums !== undefined) code.append(sums.move);
      return code;
    },

    point(own, label): PointPlace {
      const valid = local('v128');
      const columns = local('v128');
      inRange(own, label).set(valid);
      own.code.get(labelColumns(own, label)).get(valid).op('v128.and').set(columns);
      const at = lanes.map((lane) => {
        const made = local();
        own.code.get(columns).lane('i32x4', lane).int(2).op('i32.shl').set(made);
        return made;
      });
      const full = (value: Value) => (code: Code, lane: number) =>
        plane?.has(value)
          ? plane.addressAt(code, value, at[lane]!, lane)
          : code.get(rowPointers(value, 'full')[lane]!).get(at[lane]!).op('i32.add');
      const kept = (value: Value) => (code: Code, lane: number) =>
        code
          .get(keptPointer(value))
          .get(at[lane]!)
          .int(2)
          .op('i32.shl', 'i32.add')
          .int(lane * 4)
          .op('i32.add');
      const place: Place = {
        load: (code, value) => gather(code, full(value)),
        store: (code, value, from) => scatter(code, full(value), from),
        loadKept: (code, value) => gather(code, kept(value)),
        storeKept: (code, value, from) => scatter(code, kept(value), from),
        loadColumn: (code, value) =>
          gather(code, (into, lane) => into.get(memory.pointerTo(value)).get(at[lane]!).op('i32.add')),
        columnMask: (code, other) => code.get(labelColumns(own, other)).get(columns).op('i32x4.eq'),
      };
      return { ...place, valid };
    },

    rows(own) {
      const code = makeCode().append(start).op('loop').append(begin).append(own);
      return four.next(code).tee(four.row).get(end).op('i32.lt_u').branchIf(0).op('end');
    },
  };
}
