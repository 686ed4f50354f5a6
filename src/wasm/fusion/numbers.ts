/**
 * Numbers of rows, in float32 as on the eager backend, and single numbers, in float64 so that a value keeps the digits that
 * its sums have; where rows and elements meet those, they are float32 for everybody: formulas that take a rounding off again
 * must find it. Comparisons and conditions see float32.
 *
 * In registers a number in float64 is one vector of two equal ones, or two vectors where a walk takes four rows at once;
 * its float32 form has four lanes either way.
 */
import type { Value, ValueOperation } from '../../fusion/values.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { Code } from './assembler.ts';
import type { Instruction } from './instructions.ts';
import { addLocal, type Locals } from './locals.ts';

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
  /** What they are computed in. */
  readonly precision: 'float32' | 'float64';
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

/** Operations that are one instruction, in either precision. */
const instructions: Partial<
  Readonly<Record<ValueOperation, Readonly<Record<NumberSource['precision'], Instruction>>>>
> = {
  add: { float32: 'f32x4.add', float64: 'f64x2.add' },
  subtract: { float32: 'f32x4.sub', float64: 'f64x2.sub' },
  multiply: { float32: 'f32x4.mul', float64: 'f64x2.mul' },
  divide: { float32: 'f32x4.div', float64: 'f64x2.div' },
  maximum: { float32: 'f32x4.max', float64: 'f64x2.max' },
  sqrt: { float32: 'f32x4.sqrt', float64: 'f64x2.sqrt' },
  abs: { float32: 'f32x4.abs', float64: 'f64x2.abs' },
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
    if (operation === 'where') return choose(value, ownerOf);
    const instruction = instructions[operation]?.[source.precision];
    if (instruction !== undefined || operation === 'log') {
      const from = operands.map((operand, at) => {
        const owner = ownerOf(at);
        return source.precision === 'float32' ? owner.single(operand) : owner.doubles(operand)[0]!;
      });
      if (instruction === undefined && source.precision === 'float32')
        return { single: arithmetic.logarithm(code, from)[0]! };
      const made = fresh();
      for (const local of from) if (instruction !== undefined) code.get(local);
      if (instruction !== undefined) code.op(instruction);
      else arithmetic.wideLogarithm(code, from[0]!);
      code.set(made);
      return source.precision === 'float32' ? { single: made } : { doubles: [made] };
    }
    const x = single(0);
    if (operation === 'exp') return { single: arithmetic.exponential(code, [x])[0]! };
    if (operation === 'fallingExp') return { single: arithmetic.fallingExponential(code, [x])[0]! };
    if (operation === 'power') return { single: arithmetic.power(code, [x])[0]! };
    if (operation !== 'greater') throw new Error(`numbers: operation must be one of numbers, got ${operation}.`);
    const y = single(1);
    const made = fresh();
    arithmetic.ones(code.get(x).get(y).op('f32x4.gt')).set(made);
    return { single: made };
  }

  function choose({ operands }: Value, ownerOf: (at: number) => Numbers): NumberRegisters {
    const [condition, a, b] = operands as readonly [Value, Value, Value];
    const of = (value: Value, at: number): number =>
      source.precision === 'float32' ? ownerOf(at).single(value) : ownerOf(at).doubles(value)[0]!;
    // Where the condition is known to be 0, the other side may not be there at all.
    if (zeros.has(condition)) return { single: ownerOf(2).single(b) };
    const mask = ownerOf(0).mask(condition);
    const [chosen, other] = [of(a, 1), of(b, 2)];
    const made = fresh();
    code.get(chosen).get(other).get(mask).op('v128.bitselect').set(made);
    return source.precision === 'float32' ? { single: made } : { doubles: [made] };
  }

  return numbers;
}
