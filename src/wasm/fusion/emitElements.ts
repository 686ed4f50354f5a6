/** The elements of one vector: each value that is needed there is computed once, in float32. */
import type { Access } from '../../fusion/access.ts';
import type { Arm, Arms } from '../../fusion/arms.ts';
import { chosenOperand, type RowCase } from '../../fusion/rowCases.ts';
import type { Phase } from '../../fusion/stages.ts';
import type { Value, ValueOperation } from '../../fusion/values.ts';
import type { Arithmetic } from './arithmetic.ts';
import { addLocal, type Code, type Instruction, type Locals } from './assembler.ts';
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
  readonly place: Place;
  /** The stage: what earlier ones keep is loaded. */
  readonly stage: number;
  /** Sides of choices that are computed only where an element takes them. */
  readonly arms?: Arms | undefined;
  /** A condition of the row that is known here. */
  readonly rowCase?: RowCase | undefined;
  /** One-hot rows that are 1 here throughout, or 0 throughout. */
  readonly oneHot?: { readonly value: Value; readonly is: 0 | 1 } | undefined;
}

/** Makes a function that computes an operand of the vector into a local; its code goes to `code`. */
export function makeElements(site: ElementSite, code: Code): (operand: Value, access?: Access) => number {
  const { phase, numbers, row, place, stage, oneHot } = site;
  const { locals, arithmetic } = numbers;
  const known = new Map<string, number>();
  /** Conditions whose mask and sides are there. */
  const prepared = new Set<Value>();

  function once(key: string, make: () => Code): number {
    let local = known.get(key);
    if (local === undefined) {
      const made = make();
      local = addLocal(locals, 'v128');
      made.set(local);
      known.set(key, local);
    }
    return local;
  }

  function operandOf(operand: Value, access: Access = 'same'): number {
    if (numbers.isSingle(operand, access)) return numbers.singles.single(operand);
    if (access === 'column') return once(`column ${operand.id}`, () => place.loadColumn(code, operand));
    const isLoaded = phase.isLoaded(operand);
    if (access === 'row' || (operand.form === 'row' && !isLoaded)) return row.numbers.single(operand);
    if (isLoaded) return once(`load ${operand.id}`, () => place.load(code, operand));
    const kept = phase.keptIn(operand);
    if (kept !== undefined && kept < stage) return once(`kept ${operand.id}`, () => place.loadKept(code, operand));
    return once(`value ${operand.id}`, () => compute(operand));
  }

  function compute(value: Value): Code {
    const { operation, operands, access } = value;
    const operand = (at: number): number => operandOf(operands[at]!, access[at]!);
    const binary = binaries[operation];
    if (binary !== undefined) {
      const [x, y] = [operand(0), operand(1)];
      return code.get(x).get(y).op(binary);
    }
    if (operation === 'where') return choose(value);
    if (operation === 'greater' || operation === 'oneHot') return arithmetic.ones(maskOf(value));
    const x = operand(0);
    if (operation === 'exp') return arithmetic.exponential(code, x);
    if (operation === 'fallingExp') return arithmetic.fallingExponential(code, x);
    if (operation === 'power') return arithmetic.power(code, x);
    if (operation === 'log') return arithmetic.logarithm(code, x);
    if (operation === 'sqrt') return code.get(x).op('f32x4.sqrt');
    if (operation === 'abs') return code.get(x).op('f32x4.abs');
    if (operation === 'spread') return code.get(x);
    throw new Error(`emitElements: operation must be one of elements, got ${operation}.`);
  }

  const isComputedHere = (value: Value): boolean =>
    value.form === 'full' && !phase.isLoaded(value) && (phase.keptIn(value) ?? stage) >= stage;

  /** Leaves a mask on the stack: all bits set where a condition is not 0. */
  function maskOf(condition: Value, access: Access = 'same'): Code {
    if (isComputedHere(condition) && access === 'same') {
      const { operation, operands } = condition;
      if (operation === 'greater') {
        const [x, y] = [0, 1].map((at) => operandOf(operands[at]!, condition.access[at]!));
        return code.get(x!).get(y!).op('f32x4.gt');
      }
      if (operation === 'oneHot') {
        if (condition === oneHot?.value) return code.ints(-oneHot.is, -oneHot.is, -oneHot.is, -oneHot.is);
        return place.columnMask(code, operandOf(operands[0]!, condition.access[0]!));
      }
    }
    if (numbers.isSingle(condition, access)) return code.get(numbers.singles.mask(condition));
    const isRow = condition.form === 'row' && access !== 'column' && !phase.isLoaded(condition);
    if (access === 'row' || isRow) return code.get(row.numbers.mask(condition));
    const x = operandOf(condition, access);
    return code.get(x).ints(0, 0, 0, 0).op('f32x4.ne');
  }

  /** The one side of a choice that counts here. */
  function chosenHere(value: Value): 1 | 2 | undefined {
    if (value.operands[0] === oneHot?.value) return oneHot?.is === 1 ? 1 : 2;
    return chosenOperand(site.rowCase, value);
  }

  function choose(value: Value): Code {
    const { operands, access } = value;
    const [condition, a, b] = operands as readonly [Value, Value, Value];
    const chosen = chosenHere(value);
    if (chosen !== undefined) return code.get(operandOf(operands[chosen]!, access[chosen]!));
    const mask = prepareChoice(condition, access[0]!);
    if (b.number === 0) {
      const x = operandOf(a, access[1]);
      return code.get(x).get(mask).op('v128.and');
    }
    if (a.number === 0) {
      const x = operandOf(b, access[2]);
      return code.get(x).get(mask).op('v128.andnot');
    }
    const [x, y] = [operandOf(a, access[1]), operandOf(b, access[2])];
    return code.get(x).get(y).get(mask).op('v128.bitselect');
  }

  /** The mask of a condition, and what only choices by it read. */
  function prepareChoice(condition: Value, access: Access): number {
    const mask = once(`mask ${condition.id}${access}`, () => maskOf(condition, access));
    if (prepared.has(condition)) return mask;
    prepared.add(condition);
    for (const arm of site.arms?.get(condition) ?? []) computeArm(arm, mask);
    return mask;
  }

  /** One side of the choices by a condition, where at least one element takes it; what it leaves elsewhere nobody reads. */
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
