/**
 * The elements of a few vectors side by side: each value that is needed there is computed once in each of them, in float32.
 * Operation by operation, not vector by vector: constants and addresses then serve all of them, and of a polynomial's operations,
 * which wait for one another, there are always some that need not wait.
 */
import type { Access } from '../../fusion/access.ts';
import type { Arm, Arms } from '../../fusion/arms.ts';
import { chosenOperand, type RowCase } from '../../fusion/rowCases.ts';
import type { Phase } from '../../fusion/stages.ts';
import type { Value, ValueOperation } from '../../fusion/values.ts';
import type { Arithmetic, Vectors } from './arithmetic.ts';
import type { Code } from './assembler.ts';
import type { Instruction } from './instructions.ts';
import { addLocal, type Locals } from './locals.ts';
import type { Numbers } from './numbers.ts';
import type { Place, RowCode } from './walk.ts';

const binaries: Partial<Readonly<Record<ValueOperation, Instruction>>> = {
  add: 'f32x4.add',
  subtract: 'f32x4.sub',
  multiply: 'f32x4.mul',
  divide: 'f32x4.div',
  maximum: 'f32x4.max',
};

/** What a phase's code needs of numbers. */
export interface PhaseNumbers {
  readonly locals: Locals;
  readonly rounded: ReadonlySet<Value>;
  readonly arithmetic: Arithmetic;
  readonly singles: Numbers;
  /** Whether an operand is one number for all rows. */
  isSingle(operand: Value, access: Access): boolean;
}

/** Where elements are computed: in a stage's loop, or at a point of the row. */
export interface ElementSite {
  readonly phase: Phase;
  readonly numbers: PhaseNumbers;
  readonly row: RowCode;
  /** One for each vector. */
  readonly places: readonly Place[];
  /** The stage: what earlier ones keep is loaded. */
  readonly stage: number;
  /** Sides of choices that are computed only where a row takes them. */
  readonly arms?: Arms | undefined;
  /** A condition of the row that is known here. */
  readonly rowCase?: RowCase | undefined;
  /** One-hot rows that are 1 here throughout, or 0 throughout. */
  readonly oneHot?: { readonly value: Value; readonly is: 0 | 1 } | undefined;
}

/** Makes a function that computes an operand of the vectors into locals; its code goes to `code`. */
export function makeElements(site: ElementSite, code: Code): (operand: Value, access?: Access) => Vectors {
  const { phase, numbers, row, places, stage, oneHot } = site;
  const { locals, arithmetic } = numbers;
  const known = new Map<string, Vectors>();
  /** Conditions whose masks and sides are there. */
  const prepared = new Set<Value>();

  function once(key: string, make: () => Vectors): Vectors {
    let made = known.get(key);
    if (made === undefined) {
      made = make();
      known.set(key, made);
    }
    return made;
  }

  /** Of each vector what `make` leaves on the stack. */
  const each = (make: (place: Place, slot: number) => Code): Vectors =>
    places.map((place, slot) => {
      const local = addLocal(locals, 'v128');
      make(place, slot).set(local);
      return local;
    });
  const everywhere = (local: number): Vectors => places.map(() => local);

  function operandOf(operand: Value, access: Access = 'same'): Vectors {
    if (numbers.isSingle(operand, access)) return everywhere(numbers.singles.single(operand));
    if (access === 'column') return once(`column ${operand.id}`, () => each((own) => own.loadColumn(code, operand)));
    const isLoaded = phase.isLoaded(operand);
    if (access === 'row' || (operand.form === 'row' && !isLoaded)) return everywhere(row.numbers.single(operand));
    if (isLoaded) return once(`load ${operand.id}`, () => each((own) => own.load(code, operand)));
    const kept = phase.keptIn(operand);
    if (kept !== undefined && kept < stage) {
      return once(`kept ${operand.id}`, () => each((own) => own.loadKept(code, operand)));
    }
    return once(`value ${operand.id}`, () => compute(operand));
  }

  function compute(value: Value): Vectors {
    const { operation, operands, access } = value;
    const operand = (at: number): Vectors => operandOf(operands[at]!, access[at]!);
    const binary = binaries[operation];
    if (binary !== undefined) {
      const [x, y] = [operand(0), operand(1)];
      return each((_, slot) => code.get(x[slot]!).get(y[slot]!).op(binary));
    }
    if (operation === 'where') return choose(value);
    if (operation === 'greater' || operation === 'oneHot') {
      const mask = maskOf(value);
      return each((_, slot) => arithmetic.ones(code.get(mask[slot]!)));
    }
    const x = operand(0);
    if (operation === 'exp') return arithmetic.exponential(code, x);
    if (operation === 'fallingExp') return arithmetic.fallingExponential(code, x);
    if (operation === 'power') return arithmetic.power(code, x);
    if (operation === 'log') return arithmetic.logarithm(code, x);
    if (operation === 'sqrt') return each((_, slot) => code.get(x[slot]!).op('f32x4.sqrt'));
    if (operation === 'abs') return each((_, slot) => code.get(x[slot]!).op('f32x4.abs'));
    if (operation === 'spread' || operation === 'transposed') return x;
    throw new Error(`emitElements: operation must be one of elements, got ${operation}.`);
  }

  const isComputedHere = (value: Value): boolean =>
    value.form === 'full' && !phase.isLoaded(value) && (phase.keptIn(value) ?? stage) >= stage;

  /** Masks: all bits set where a condition is not 0. */
  function maskOf(condition: Value, access: Access = 'same'): Vectors {
    if (isComputedHere(condition) && access === 'same') {
      const { operation, operands } = condition;
      if (operation === 'greater') {
        const [x, y] = [0, 1].map((at) => operandOf(operands[at]!, condition.access[at]!));
        return each((_, slot) => code.get(x![slot]!).get(y![slot]!).op('f32x4.gt'));
      }
      if (operation === 'oneHot') {
        if (condition === oneHot?.value) return each(() => code.ints(-oneHot.is, -oneHot.is, -oneHot.is, -oneHot.is));
        const [label] = operandOf(operands[0]!, condition.access[0]!);
        return each((place) => place.columnMask(code, label!));
      }
    }
    if (numbers.isSingle(condition, access)) return everywhere(numbers.singles.mask(condition));
    const isRow = condition.form === 'row' && access !== 'column' && !phase.isLoaded(condition);
    if (access === 'row' || isRow) return everywhere(row.numbers.mask(condition));
    const x = operandOf(condition, access);
    return each((_, slot) => code.get(x[slot]!).ints(0, 0, 0, 0).op('f32x4.ne'));
  }

  /** The one side of a choice that counts here. */
  function chosenHere(value: Value): 1 | 2 | undefined {
    if (value.operands[0] === oneHot?.value) return oneHot?.is === 1 ? 1 : 2;
    return chosenOperand(site.rowCase, value);
  }

  function choose(value: Value): Vectors {
    const { operands, access } = value;
    const [condition, a, b] = operands as readonly [Value, Value, Value];
    const chosen = chosenHere(value);
    if (chosen !== undefined) return operandOf(operands[chosen]!, access[chosen]!);
    const mask = prepareChoice(condition, access[0]!);
    if (b.number === 0) {
      const x = operandOf(a, access[1]);
      return each((_, slot) => code.get(x[slot]!).get(mask[slot]!).op('v128.and'));
    }
    if (a.number === 0) {
      const x = operandOf(b, access[2]);
      return each((_, slot) => code.get(x[slot]!).get(mask[slot]!).op('v128.andnot'));
    }
    const [x, y] = [operandOf(a, access[1]), operandOf(b, access[2])];
    return each((_, slot) => code.get(x[slot]!).get(y[slot]!).get(mask[slot]!).op('v128.bitselect'));
  }

  /** The masks of a condition, and what only choices by it read. */
  function prepareChoice(condition: Value, access: Access): Vectors {
    const mask = once(`mask ${condition.id}${access}`, () => maskOf(condition, access));
    // Its sides go by rows: a choice elsewhere by the same numbers as those of columns has others.
    if (access !== 'row' || prepared.has(condition)) return mask;
    prepared.add(condition);
    for (const arm of site.arms?.get(condition) ?? []) computeArm(arm, mask[0]!);
    return mask;
  }

  /** One side of the choices by a condition of rows, where one of them takes it; what it leaves elsewhere nobody reads. */
  function computeArm({ side, values }: Arm, mask: number): void {
    const inside = new Set(values);
    if (known.has(`value ${values[0]!.id}`)) return;
    for (const value of values) {
      const { operation, operands, access } = value;
      const chosen = operation === 'where' ? chosenHere(value) : undefined;
      // Choices elsewhere may be by the same condition, and read its mask.
      const isChoice = operation === 'where' && chosen === undefined && !inside.has(operands[0]!);
      if (isChoice) prepareChoice(operands[0]!, access[0]!);
      operands.forEach((operand, at) => {
        if (!inside.has(operand) && (chosen === undefined || chosen === at)) operandOf(operand, access[at]);
      });
    }
    code.get(mask);
    if (side === 2) code.op('v128.not');
    code.op('v128.any_true', 'if');
    for (const value of values) operandOf(value);
    code.op('end');
  }

  return operandOf;
}
