/**
 * Reductions: the vectors that a loop takes at once are joined before they meet the accumulator, so that one is enough; short sums
 * in float32, their totals in float64.
 */
import type { Phase, Stage } from '../../fusion/stages.ts';
import { isReduction, type Value } from '../../fusion/values.ts';
import type { Vectors } from './arithmetic.ts';
import { type Code, makeCode } from './assembler.ts';
import type { Instruction } from './instructions.ts';
import { addLocal, type Locals } from './locals.ts';
import type { LoopPlace, RowCode, Walk } from './walk.ts';

/** The sums and maxima of one stage. */
export interface StageSums {
  /** Code for the walk's loop; undefined where the stage has no sums. */
  readonly loop: { readonly begin: Code; readonly move: Code } | undefined;
  /** Before the loop. */
  begin(code: Code): void;
  /** In the loop: takes the elements of its vectors into a reduction. */
  take(code: Code, places: readonly LoopPlace[], value: Value, from: Vectors): void;
  /** After the loop: the row's numbers are known. */
  end(row: RowCode): void;
}

/** The reductions of a phase. */
export interface PhaseSums {
  stage(stage: Stage, unroll: number): StageSums;
  /** Takes a row's number into a reduction over rows. */
  takeRow(row: RowCode, value: Value): void;
  /** Before the first row, and after the last one: single numbers go to their places from the local's pointer on. */
  begin(code: Code): void;
  end(code: Code, reductions: readonly Value[], pointer: number): void;
}

/** Makes them. */
export function phaseSums(phase: Phase, walk: Walk, locals: Locals): PhaseSums {
  const fresh = (): number => addLocal(locals, 'v128');
  const singles = [...phase.stages.flatMap(({ reductions }) => reductions), ...phase.rowReductions].filter(
    ({ form }) => form === 'single',
  );
  /** Single numbers so far: a float64 for a sum, a vector for a maximum. */
  const totals = new Map(singles.map((value) => [value, addLocal(locals, isSum(value) ? 'f64' : 'v128')]));

  /** The sum of a vector's lanes, in float64. */
  function laneSum(code: Code, from: number): Code {
    const pair = fresh();
    widened(code, from).tee(pair).lane('f64x2', 0);
    return code.get(pair).lane('f64x2', 1).op('f64.add');
  }

  /** Leaves two float64 of four float32, the sum of their halves. */
  function widened(code: Code, from: number): Code {
    code.get(from).op('f64x2.promote_low_f32x4').get(from).get(from).shuffle(2, 3, 2, 3);
    return code.op('f64x2.promote_low_f32x4', 'f64x2.add');
  }

  /** Leaves the sum of what `put` leaves of each vector, two by two. */
  function sumOf(
    code: Code,
    places: readonly LoopPlace[],
    from: Vectors,
    put: (elements: number) => void,
    add: Instruction,
  ): void {
    const half = from.length >> 1;
    if (half > 0) {
      sumOf(code, places.slice(0, half), from.slice(0, half), put, add);
      sumOf(code, places.slice(half), from.slice(half), put, add);
      code.op(add);
      return;
    }
    const [elements] = from as readonly [number];
    const { counted } = places[0]!;
    if (counted === undefined) {
      put(elements);
      return;
    }
    const own = fresh();
    code.get(elements).get(counted).op('v128.and').set(own);
    put(own);
  }

  /** The larger of both; the quiet kind passes over NaN on its second side. */
  const larger = ({ operation }: Value): Instruction => (operation === 'max' ? 'f32x4.max' : 'f32x4.pmax');

  /** The largest of a vector's lanes, in all of them. */
  function laneMaximum(code: Code, value: Value, from: number): void {
    const join = larger(value);
    code.get(from).get(from).get(from).shuffle(2, 3, 0, 1).op(join).set(from);
    code.get(from).get(from).get(from).shuffle(1, 0, 3, 2).op(join).set(from);
  }

  const lowest = (code: Code, local: number): Code =>
    code.double(-Infinity).op('f64x2.splat', 'f32x4.demote_f64x2_zero').set(local);
  function lowestEverywhere(code: Code, local: number): void {
    lowest(code, local);
    code.get(local).get(local).shuffle(0, 1, 0, 1).set(local);
  }

  return {
    begin(code) {
      for (const [value, total] of totals) {
        if (isSum(value)) code.double(0).set(total);
        else lowestEverywhere(code, total);
      }
    },

    stage({ reductions }, unroll) {
      const sums = reductions.filter(isSum);
      const maxima = reductions.filter((value) => !isSum(value));
      const partial = new Map(reductions.map((value) => [value, fresh()]));
      // A maximum that passes over NaN cannot be joined before: the NaN would take the other one with it.
      const slots = Array.from({ length: unroll }, (_, slot) =>
        slot === 0 ? partial : new Map(maxima.map((value) => [value, fresh()])),
      );
      // Engines spend eight instructions on a maximum that passes NaN on: a quiet one and a mask of NaNs take three.
      const faults = new Map(maxima.filter(({ operation }) => operation === 'max').map((value) => [value, fresh()]));
      const rowTotals = new Map(
        sums.filter(({ form }) => form === 'row').map((value) => [value, addLocal(locals, 'f64')]),
      );

      // What is only read and added is bound by memory: it can be added in float64 at once.
      const wide = new Set(sums.filter(({ operands }) => walk.present === undefined && phase.isLoaded(operands[0]!)));
      const short = sums.filter((value) => !wide.has(value));

      const begin = makeCode();
      const move = makeCode();
      for (const value of short) {
        const own = partial.get(value)!;
        begin.ints(0, 0, 0, 0).set(own);
        const total = totals.get(value) ?? rowTotals.get(value)!;
        if (walk.present === undefined) laneSum(move, own).get(total).op('f64.add').set(total);
        else if (value.form === 'single') {
          move.get(own).get(walk.present).op('v128.and').set(own);
          laneSum(move, own).get(total).op('f64.add').set(total);
        }
      }

      return {
        loop: short.length === 0 ? undefined : { begin, move },
        begin(code) {
          for (const total of rowTotals.values()) code.double(0).set(total);
          for (const value of maxima) for (const slot of slots) lowestEverywhere(code, slot.get(value)!);
          for (const fault of faults.values()) code.ints(0, 0, 0, 0).set(fault);
          for (const value of wide) code.ints(0, 0, 0, 0).set(partial.get(value)!);
        },
        take(code, places, value, from) {
          if (!isSum(value)) {
            // Elements that are met twice do no harm to a maximum.
            from.forEach((elements, slot) => {
              const own = slots[slot]!.get(value)!;
              code.get(own).get(elements).op('f32x4.pmax').set(own);
            });
            const fault = faults.get(value);
            if (fault === undefined) return;
            for (const elements of from)
              code.get(fault).get(elements).get(elements).op('f32x4.ne', 'v128.or').set(fault);
            return;
          }
          const own = partial.get(value)!;
          code.get(own);
          if (wide.has(value)) {
            sumOf(code, places, from, (elements) => void widened(code, elements), 'f64x2.add');
            code.op('f64x2.add').set(own);
          } else {
            sumOf(code, places, from, (elements) => void code.get(elements), 'f32x4.add');
            code.op('f32x4.add').set(own);
          }
        },
        end({ code, numbers }) {
          for (const value of maxima) {
            const own = partial.get(value)!;
            for (const slot of slots.slice(1)) code.get(own).get(slot.get(value)!).op('f32x4.pmax').set(own);
            const fault = faults.get(value);
            // A mask's bits, all of them set, are a NaN.
            if (fault !== undefined) code.get(own).get(fault).op('v128.or').set(own);
            if (walk.present === undefined) laneMaximum(code, value, own);
            const total = totals.get(value);
            if (total !== undefined) code.get(total).get(own).op(larger(value)).set(total);
            else numbers.define(value, { single: own });
          }
          for (const value of wide) {
            const pair = fresh();
            const total = totals.get(value) ?? rowTotals.get(value)!;
            code
              .get(partial.get(value)!)
              .tee(pair)
              .lane('f64x2', 0)
              .get(pair)
              .lane('f64x2', 1)
              .op('f64.add')
              .get(total)
              .op('f64.add')
              .set(total);
          }
          for (const [value, total] of rowTotals) {
            // Of four rows at once each lane has its own sum.
            if (walk.present !== undefined) numbers.define(value, { single: partial.get(value)! });
            else {
              const double = fresh();
              code.get(total).op('f64x2.splat').set(double);
              numbers.define(value, { doubles: [double] });
            }
          }
        },
      };
    },

    takeRow({ code, numbers }, value) {
      const [x] = value.operands as readonly [Value];
      const total = totals.get(value)!;
      if (!isSum(value)) {
        const own = numbers.single(x);
        code.get(total).get(own).op(larger(value)).set(total);
        return;
      }
      const halves = numbers.doubles(x);
      if (walk.present === undefined) {
        code.get(halves[0]!).lane('f64x2', 0).get(total).op('f64.add').set(total);
        return;
      }
      const pair = fresh();
      code.get(halves[0]!).get(walk.present).get(walk.present).shuffle(0, 0, 1, 1).op('v128.and');
      code
        .get(halves[1] ?? halves[0]!)
        .get(walk.present)
        .get(walk.present)
        .shuffle(2, 2, 3, 3)
        .op('v128.and', 'f64x2.add');
      code.tee(pair).lane('f64x2', 0).get(pair).lane('f64x2', 1).op('f64.add').get(total).op('f64.add').set(total);
    },

    end(code, reductions, pointer) {
      for (const [value, total] of totals) {
        const offset = reductions.indexOf(value) * 8;
        if (isSum(value)) code.get(pointer).get(total).memory('f64.store', offset);
        else {
          laneMaximum(code, value, total);
          code.get(pointer).get(total).op('f64x2.promote_low_f32x4').lane('f64x2', 0).memory('f64.store', offset);
        }
      }
    },
  };
}

function isSum(value: Value): boolean {
  return isReduction(value) && value.operation === 'sum';
}
