/**
 * Numbers of rows, and single numbers: computed in float64, so that a value keeps the digits that its sums have, and seen in
 * float32 where elements meet them. Comparisons and conditions see float32, as they do on the eager backend.
 *
 * A number that elements or memory see is float32 for everybody: formulas that take a rounding off again must find it.
 *
 * In registers such a number is one vector of two equal float64, or two vectors where a walk takes four rows at once; its
 * float32 form has four lanes either way.
 */
import type { Value, ValueOperation } from '../../fusion/values.ts';
import type { Arithmetic } from './arithmetic.ts';
import { addLocal, type Code, type Instruction, type Locals } from './assembler.ts';

/** A number's registers, as far as they have been asked for. */
export interface NumberRegisters {
  single?: number;
  doubles?: readonly number[];
}

/** Numbers that one piece of code computes, each once. */
export interface Numbers {
  readonly code: Code;
  /** The local of a number in float32. */
  single(value: Value): number;
  /** Its locals in float64. */
  doubles(value: Value): readonly number[];
  /** The local of a mask: all bits set in the lanes where it is not 0. */
  mask(value: Value): number;
  /** Says in which registers a number is. */
  define(value: Value, registers: NumberRegisters): void;
  /** The same numbers so far, and others in another piece of code; conditions that are known to be 0 there. */
  fork(code: Code, zeros: ReadonlySet<Value>): Numbers;
}

/** What numbers are made of. */
export interface NumberSource {
  readonly locals: Locals;
  /** Numbers that are float32 wherever they are read. */
  readonly rounded: ReadonlySet<Value>;
  readonly arithmetic: Arithmetic;
  /** Vectors of a number in float64: one, or two where the lanes are different rows. */
  readonly width: 1 | 2;
  /** Registers of what is no operation on other numbers, such as a load; undefined for such an operation. */
  load(value: Value, numbers: Numbers): NumberRegisters | undefined;
  /** Whose number an operand is. */
  ownerOf(operand: Value, at: number, user: Value, own: Numbers): Numbers;
}

const arithmeticOperations: Partial<Readonly<Record<ValueOperation, Instruction>>> = {
  add: 'f64x2.add',
  subtract: 'f64x2.sub',
  multiply: 'f64x2.mul',
  divide: 'f64x2.div',
  maximum: 'f64x2.max',
  sqrt: 'f64x2.sqrt',
  abs: 'f64x2.abs',
};

/** Makes the numbers of a piece of code. */
export function makeNumbers(
  source: NumberSource,
  code: Code,
  known: ReadonlyMap<Value, NumberRegisters> = new Map(),
  zeros: ReadonlySet<Value> = new Set(),
): Numbers {
  const { locals, arithmetic, width, rounded } = source;
  const registers = new Map([...known].map(([value, own]) => [value, { ...own }]));
  const masks = new Map<Value, number>();
  const fresh = (): number => addLocal(locals, 'v128');
  const halves = Array.from({ length: width }, (_, half) => half);

  const numbers: Numbers = {
    code,
    single(value) {
      const own = registersOf(value);
      own.single ??= narrow(own.doubles!);
      return own.single;
    },
    doubles(value) {
      const own = registersOf(value);
      own.doubles ??= widen(own.single!);
      return own.doubles;
    },
    mask(value) {
      let mask = masks.get(value);
      if (mask === undefined) {
        const x = numbers.single(value);
        mask = fresh();
        code.get(x).ints(0, 0, 0, 0).op('f32x4.ne').set(mask);
        masks.set(value, mask);
      }
      return mask;
    },
    define: (value, own) => void registers.set(value, round(value, own)),
    fork: (other, otherZeros) => makeNumbers(source, other, registers, otherZeros),
  };

  function registersOf(value: Value): NumberRegisters {
    let own = registers.get(value);
    if (own === undefined) {
      own = round(value, source.load(value, numbers) ?? compute(value));
      registers.set(value, own);
    }
    return own;
  }

  const round = (value: Value, own: NumberRegisters): NumberRegisters =>
    rounded.has(value) ? { single: own.single ?? narrow(own.doubles!) } : own;

  function narrow(doubles: readonly number[]): number {
    const single = fresh();
    for (const half of doubles) code.get(half).op('f32x4.demote_f64x2_zero');
    // Two equal float64, or the four lanes of two vectors.
    if (doubles.length === 1) code.get(doubles[0]!).op('f32x4.demote_f64x2_zero').shuffle(0, 1, 4, 5);
    else code.shuffle(0, 1, 4, 5);
    code.set(single);
    return single;
  }

  function widen(single: number): readonly number[] {
    return halves.map((half) => {
      const double = fresh();
      code.get(single);
      if (half === 1) code.get(single).shuffle(2, 3, 2, 3);
      code.op('f64x2.promote_low_f32x4').set(double);
      return double;
    });
  }

  function compute(value: Value): NumberRegisters {
    const { operation, operands } = value;
    const ownerOf = (at: number): Numbers => source.ownerOf(operands[at]!, at, value, numbers);
    const single = (at: number): number => ownerOf(at).single(operands[at]!);
    const doubles = (at: number): readonly number[] => ownerOf(at).doubles(operands[at]!);
    /** A single number has one vector, whatever its company. */
    const half = (at: number, index: number): number => doubles(at)[index] ?? doubles(at)[0]!;

    const instruction = arithmeticOperations[operation];
    if (instruction !== undefined || operation === 'log') {
      for (let at = 0; at < operands.length; at++) doubles(at);
      return {
        doubles: halves.map((index) => {
          const made = fresh();
          if (instruction === undefined) arithmetic.wideLogarithm(code, half(0, index));
          else {
            for (let at = 0; at < operands.length; at++) code.get(half(at, index));
            code.op(instruction);
          }
          code.set(made);
          return made;
        }),
      };
    }
    if (operation === 'where') return choose(value, ownerOf);
    const made = fresh();
    const x = single(0);
    if (operation === 'exp') arithmetic.exponential(code, x);
    else if (operation === 'fallingExp') arithmetic.fallingExponential(code, x);
    else if (operation === 'power') arithmetic.power(code, x);
    else if (operation === 'greater') {
      const y = single(1);
      arithmetic.ones(code.get(x).get(y).op('f32x4.gt'));
    } else throw new Error(`numbers: operation must be one of numbers, got ${operation}.`);
    code.set(made);
    return { single: made };
  }

  function choose({ operands }: Value, ownerOf: (at: number) => Numbers): NumberRegisters {
    const [condition, a, b] = operands as readonly [Value, Value, Value];
    // Where the condition is known to be 0, the other side may not be there at all.
    if (zeros.has(condition)) return { doubles: spread(ownerOf(2).doubles(b)) };
    const mask = ownerOf(0).mask(condition);
    const [chosen, other] = [ownerOf(1).doubles(a), ownerOf(2).doubles(b)];
    return {
      doubles: halves.map((index) => {
        const made = fresh();
        code
          .get(chosen[index] ?? chosen[0]!)
          .get(other[index] ?? other[0]!)
          .get(mask);
        // Each float64 lane takes the mask of its float32 lane.
        if (width === 2 && index === 0) code.get(mask).shuffle(0, 0, 1, 1);
        if (width === 2 && index === 1) code.get(mask).shuffle(2, 2, 3, 3);
        code.op('v128.bitselect').set(made);
        return made;
      }),
    };
  }

  const spread = (doubles: readonly number[]): readonly number[] => halves.map((half) => doubles[half] ?? doubles[0]!);

  return numbers;
}
