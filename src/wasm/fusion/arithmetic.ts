/** Exponentials and logarithms on vectors, as code: those of `assembly/`, and a logarithm in float64 for numbers of rows. */
import type { Code } from './assembler.ts';
import { placeOf, type Table } from './constants.ts';
import { addLocal, type Locals } from './locals.ts';

/** Where the constants are, and whether the engine multiplies and adds in one. */
export interface ArithmeticOptions {
  readonly table: number;
  readonly relaxed: boolean;
}

/** The locals of a few vectors side by side. */
export type Vectors = readonly number[];

/**
 * Appends functions of vectors to code. Of several vectors each operation is that of all of them before the next one is any's:
 * they share the constants, and do not wait for one another.
 */
export interface Arithmetic {
  /** e^x for every float32, within 2 units in the last place. */
  exponential(code: Code, x: Vectors): Vectors;
  /** e^x for x ≤ 0: relative error 2e-7 however small the result, and exactly 0 below 2^−126.5. */
  fallingExponential(code: Code, x: Vectors): Vectors;
  /** 2^x for x ≤ 0: relative error 2e-7 beside what rounding x makes, and exactly 0 below 2^−126.5. */
  power(code: Code, x: Vectors): Vectors;
  /** The natural logarithm for every float32, within 2 units in the last place. */
  logarithm(code: Code, x: Vectors): Vectors;
  /** The natural logarithm of two float64 in a local, left on the stack; of what float32 rounds to 0 it is that of 0. */
  wideLogarithm(code: Code, x: number): Code;
  /** Ones where a mask on the stack is set. */
  ones(code: Code): Code;
}

/** Makes them, over one function's locals. */
export function makeArithmetic(locals: Locals, { table, relaxed }: ArithmeticOptions): Arithmetic {
  const fresh = (): number => addLocal(locals, 'v128');
  const constant = (code: Code, from: Table, index: number): Code =>
    code.int(0).memory(from === 'wide' ? 'v128.load64_splat' : 'v128.load32_splat', placeOf(table, from, index));

  /** Σ c·x^k, the constants from the highest power down. */
  function widePolynomial(code: Code, last: number, x: number): void {
    constant(code, 'wide', 0);
    for (let index = 1; index <= last; index++) constant(code.get(x).op('f64x2.mul'), 'wide', index).op('f64x2.add');
  }

  /** a·b + c, of which `then` leaves the last one; a and b are on the stack. */
  function timesPlus(code: Code, then: () => Code): void {
    if (relaxed) then().op('f32x4.relaxed_madd');
    else {
      code.op('f32x4.mul');
      then().op('f32x4.add');
    }
  }

  /** Of each vector what `make` leaves on the stack. */
  const each = (code: Code, vectors: Vectors, make: (x: number, slot: number) => Code): Vectors =>
    vectors.map((x, slot) => {
      const local = fresh();
      make(x, slot);
      code.set(local);
      return local;
    });
  const loaded = (code: Code, from: Table, index: number): number => {
    const local = fresh();
    constant(code, from, index).set(local);
    return local;
  };

  /** The same in float32. */
  function polynomial(code: Code, from: Exclude<Table, 'wide' | 'bits'>, last: number, x: Vectors): Vectors {
    const first = loaded(code, from, 0);
    let sum: Vectors = x.map(() => first);
    for (let index = 1; index <= last; index++) {
      const next = loaded(code, from, index);
      sum = each(code, sum, (own, slot) => {
        code.get(own).get(x[slot]!);
        timesPlus(code, () => code.get(next));
        return code;
      });
    }
    return sum;
  }

  /** p·2^n, n in the low bits of a sum with a number that rounds there. */
  const scaledBy = (code: Code, p: Vectors, shifted: Vectors): Vectors =>
    each(code, p, (own, slot) => code.get(own).get(shifted[slot]!).int(23).op('i32x4.shl', 'f32x4.mul'));

  /** Whether any lane of any vector is set in the mask that `make` leaves. */
  function anyTrue(code: Code, vectors: Vectors, make: (x: number) => Code): void {
    vectors.forEach((own, slot) => {
      make(own);
      if (slot > 0) code.op('v128.or');
    });
    code.op('v128.any_true');
  }

  return {
    ones: (code) => constant(code, 'bits', 2).op('v128.and'),

    fallingExponential(code, x) {
      const least = loaded(code, 'falling', 10);
      // pmax returns its first argument when it is NaN.
      const clamped = each(code, x, (own) => code.get(own).get(least).op('f32x4.pmax'));
      const inverse = loaded(code, 'falling', 7);
      const magic = loaded(code, 'falling', 6);
      const shifted = each(code, clamped, (own) =>
        code.get(own).get(inverse).op('f32x4.mul').get(magic).op('f32x4.add'),
      );
      const exponent = each(code, shifted, (own) => code.get(own).get(magic).op('f32x4.sub'));
      const [high, low] = [loaded(code, 'falling', 8), loaded(code, 'falling', 9)];
      const r = each(code, clamped, (own, slot) => {
        code.get(own).get(exponent[slot]!).get(high).op('f32x4.mul', 'f32x4.sub');
        return code.get(exponent[slot]!).get(low).op('f32x4.mul', 'f32x4.sub');
      });
      // At the clamp the exponent's bits are 0, and so is the product.
      return scaledBy(code, polynomial(code, 'falling', 5, r), shifted);
    },

    power(code, x) {
      const least = loaded(code, 'power', 7);
      const clamped = each(code, x, (own) => code.get(own).get(least).op('f32x4.pmax'));
      const magic = loaded(code, 'power', 6);
      const shifted = each(code, clamped, (own) => code.get(own).get(magic).op('f32x4.add'));
      const f = each(code, clamped, (own, slot) =>
        code.get(own).get(shifted[slot]!).get(magic).op('f32x4.sub', 'f32x4.sub'),
      );
      return scaledBy(code, polynomial(code, 'power', 5, f), shifted);
    },

    exponential(code, x) {
      const [magic, inverse, high, low] = [7, 8, 9, 10].map((index) => loaded(code, 'exponential', index));
      const powers = (of: Vectors): { readonly shifted: Vectors; readonly p: Vectors } => {
        const shifted = each(code, of, (own) =>
          code.get(own).get(inverse!).op('f32x4.mul').get(magic!).op('f32x4.add'),
        );
        const exponent = each(code, shifted, (own) => code.get(own).get(magic!).op('f32x4.sub'));
        const r = each(code, of, (own, slot) => {
          code.get(own).get(exponent[slot]!).get(high!).op('f32x4.mul', 'f32x4.sub');
          return code.get(exponent[slot]!).get(low!).op('f32x4.mul', 'f32x4.sub');
        });
        return { shifted, p: polynomial(code, 'exponential', 6, r) };
      };
      const { shifted, p } = powers(x);
      const result = scaledBy(code, p, shifted);
      // Results that are no normal numbers, at least one of them. NaN is itself already.
      const normal = loaded(code, 'exponential', 13);
      anyTrue(code, x, (own) => code.get(own).op('f32x4.abs').get(normal).op('f32x4.gt'));
      code.op('if');
      const [least, most, one] = [
        loaded(code, 'exponential', 11),
        loaded(code, 'exponential', 12),
        loaded(code, 'bits', 2),
      ];
      const clamped = each(code, x, (own) => code.get(own).get(least).op('f32x4.pmax').get(most).op('f32x4.pmin'));
      const other = powers(clamped);
      // The power of two in two halves, so that only the last product rounds where the result is denormal.
      const whole = each(code, other.shifted, (own) => code.get(own).get(magic!).op('i32x4.sub'));
      whole.forEach((own, slot) => {
        const half = fresh();
        code.get(own).int(1).op('i32x4.shr_s').set(half);
        code.get(other.p[slot]!).get(one).get(half).int(23).op('i32x4.shl', 'i32x4.add', 'f32x4.mul');
        code.get(one).get(own).get(half).op('i32x4.sub').int(23).op('i32x4.shl', 'i32x4.add', 'f32x4.mul');
        code.set(result[slot]!);
      });
      code.op('end');
      return result;
    },

    logarithm(code, x) {
      const [root, mantissa, one] = [0, 1, 2].map((index) => loaded(code, 'bits', index));
      const [half, high, low] = [8, 9, 10].map((index) => loaded(code, 'logarithm', index));
      /** Of normal numbers; `lift` changes their exponents, which are on the stack. */
      const ofNormal = (normal: Vectors, lift: (slot: number) => void): Vectors => {
        // Less the bits of √½: the exponent steps there, and the mantissa lies in [√½, √2).
        const shifted = each(code, normal, (own) => code.get(own).get(root!).op('i32x4.sub'));
        const exponent = each(code, shifted, (own, slot) => {
          code.get(own).int(23).op('i32x4.shr_s', 'f32x4.convert_i32x4_s');
          lift(slot);
          return code;
        });
        const f = each(code, shifted, (own) => {
          code.get(own).get(mantissa!).op('v128.and').get(root!).op('i32x4.add');
          return code.get(one!).op('f32x4.sub');
        });
        const square = each(code, f, (own) => code.get(own).get(own).op('f32x4.mul'));
        const p = polynomial(code, 'logarithm', 7, f);
        // From the smallest term to the largest: the last addition decides the error.
        const small = each(code, p, (own, slot) => {
          code.get(own).get(square[slot]!).op('f32x4.mul').get(f[slot]!).op('f32x4.mul');
          return code.get(exponent[slot]!).get(low!).op('f32x4.mul', 'f32x4.add');
        });
        return each(code, small, (own, slot) => {
          code.get(square[slot]!).get(half!).op('f32x4.mul').get(own).op('f32x4.add').get(f[slot]!).op('f32x4.add');
          return code.get(exponent[slot]!).get(high!).op('f32x4.mul', 'f32x4.add');
        });
      };
      const result = ofNormal(x, () => undefined);
      const [smallest, infinity] = [loaded(code, 'logarithm', 11), loaded(code, 'logarithm', 14)];
      // At least one that is no normal number, or not greater than 0.
      anyTrue(code, x, (own) => {
        code.get(own).get(smallest).op('f32x4.ge').get(own).get(infinity).op('f32x4.lt', 'v128.and');
        return code.op('v128.not');
      });
      code.op('if');
      const denormal = each(code, x, (own) => code.get(own).get(smallest).op('f32x4.lt'));
      const lifted = each(code, x, (own, slot) => {
        constant(code.get(own), 'logarithm', 12).op('f32x4.mul');
        return code.get(own).get(denormal[slot]!).op('v128.bitselect');
      });
      const careful = ofNormal(lifted, (slot) =>
        constant(code.get(denormal[slot]!), 'logarithm', 13).op('v128.and', 'f32x4.sub'),
      );
      // Infinity and NaN to themselves, negative numbers to NaN, 0 to −Infinity.
      x.forEach((own, slot) => {
        const made = result[slot]!;
        code.get(careful[slot]!).get(own).get(own).op('f32x4.add');
        code.get(own).get(infinity).op('f32x4.lt', 'v128.bitselect').set(made);
        constant(code, 'logarithm', 16).get(made).get(own).ints(0, 0, 0, 0).op('f32x4.lt', 'v128.bitselect').set(made);
        constant(code, 'logarithm', 15).get(made).get(own).ints(0, 0, 0, 0).op('f32x4.eq', 'v128.bitselect').set(made);
      });
      code.op('end');
      return result;
    },

    wideLogarithm(code, x) {
      const [shifted, mantissa, s, square, result] = [fresh(), fresh(), fresh(), fresh(), fresh()];
      constant(code.get(x), 'wide', 8).op('i64x2.sub').tee(shifted);
      constant(code, 'wide', 9).op('v128.and');
      constant(code, 'wide', 8).op('i64x2.add').tee(mantissa);
      constant(code, 'wide', 11).op('f64x2.sub');
      constant(code.get(mantissa), 'wide', 11).op('f64x2.add', 'f64x2.div').tee(s).get(s).op('f64x2.mul').set(square);
      widePolynomial(code, 7, square);
      code.get(s).op('f64x2.mul');
      constant(code.get(shifted).int(52).op('i64x2.shr_s'), 'wide', 10).op('i64x2.add');
      constant(code, 'wide', 10).op('f64x2.sub');
      constant(code, 'wide', 12).op('f64x2.mul', 'f64x2.add').set(result);
      code.get(result).get(x).get(x).op('f64x2.add');
      constant(code.get(x), 'wide', 15).op('f64x2.lt', 'v128.bitselect').set(result);
      constant(code, 'wide', 17).get(result);
      constant(code.get(x), 'wide', 14).op('f64x2.lt', 'v128.bitselect').set(result);
      constant(code, 'wide', 16).get(result);
      return constant(code.get(x).op('f64x2.abs'), 'wide', 13).op('f64x2.le', 'v128.bitselect');
    },
  };
}
