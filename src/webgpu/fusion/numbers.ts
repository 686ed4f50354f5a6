/** Single numbers and numbers of rows in a kernel's code: each is computed once, where it is first needed. */
import type { Access } from '../../fusion/access.ts';
import type { Phase } from '../../fusion/stages.ts';
import { isReduction, type Value } from '../../fusion/values.ts';
import { exceeds, expressionOf, knownNumber, knownSide, literal } from './operations.ts';
import { numbersSource, type Shader, type Statements, sourceOf } from './shader.ts';

/** Numbers by value, in a piece of code. */
export interface Numbers {
  /** The WGSL name of a number, or its literal. */
  of(value: Value): string;
  /** A name for whether it is not 0. */
  condition(value: Value): string;
  /** Says what a number is called. */
  define(value: Value, name: string): void;
}

/** What numbers are made of. */
interface NumberSource {
  readonly shader: Shader;
  readonly code: Statements;
  /** The expression of what is no operation on other numbers, such as a load; undefined for such an operation. */
  load(value: Value): string | undefined;
  /** Whose number an operand is. */
  ownerOf(operand: Value, access: Access, own: Numbers): Numbers;
}

function makeNumbers({ shader, code, load, ownerOf }: NumberSource): Numbers {
  const known = new Map<Value, string>();
  const conditions = new Map<Value, string>();
  const numbers: Numbers = {
    of(value) {
      let name = known.get(value);
      if (name === undefined) {
        const constant = knownNumber(value);
        name = constant === undefined ? nameOf(value) : literal(constant);
        known.set(value, name);
      }
      return name;
    },
    condition(value) {
      let name = conditions.get(value);
      if (name === undefined) {
        const own = value.operation === 'greater' && load(value) === undefined;
        name = code.bind(own ? exceeds(value, operandsOf(value)) : `!isZero(${numbers.of(value)})`);
        conditions.set(value, name);
      }
      return name;
    },
    define: (value, name) => void known.set(value, name),
  };
  function nameOf(value: Value): string {
    const loaded = load(value);
    const side = loaded === undefined ? knownSide(value) : undefined;
    if (side !== undefined) return owner(value, side).of(value.operands[side]!);
    return code.bind(loaded ?? compute(value));
  }
  const owner = ({ operands, access }: Value, at: number): Numbers => ownerOf(operands[at]!, access[at]!, numbers);
  const operandsOf = (value: Value): readonly string[] =>
    value.operands.map((operand, at) => owner(value, at).of(operand));

  function compute(value: Value): string {
    const { operation, operands } = value;
    if (operation === 'greater') return `select(0.0, 1.0, ${numbers.condition(value)})`;
    if (operation === 'where') {
      const condition = owner(value, 0).condition(operands[0]!);
      const [, a, b] = operandsOf(value);
      return `select(${b}, ${a}, ${condition})`;
    }
    return expressionOf(value, operandsOf(value), shader);
  }
  return numbers;
}

/** The reductions to single numbers of a plan: the places here are those in the buffer of numbers. */
export function singleReductions({ plan }: Pick<Shader, 'plan'>): readonly Value[] {
  return plan.values.filter((value) => value.form === 'single' && isReduction(value));
}

/** Single numbers: parameters, one-element tensors, reductions that are known, and what is made of them. */
export function singleNumbers(shader: Shader, code: Statements): Numbers {
  const reductions = singleReductions(shader);
  return makeNumbers({
    shader,
    code,
    ownerOf: (_operand, _access, own) => own,
    load(value) {
      if (value.operation === 'constant') return shader.parameter(value.slot);
      if (value.form !== 'single') return `${shader.read(sourceOf(value), 'whole')}[0]`;
      if (!isReduction(value)) return undefined;
      return `${shader.read(numbersSource, 'whole')}[${reductions.indexOf(value)}]`;
    },
  });
}

/** Whether an operand is one number for all rows of a phase. */
export function isSingle(phase: Phase, operand: Value, access: Access): boolean {
  return (
    operand.operation === 'constant' || operand.form === 'single' || (access === 'single' && phase.isLoaded(operand))
  );
}

/** The numbers of one row: of the row called `row`, or of each lane's own. `pick` computes an element at a column. */
export function rowNumbers(
  phase: Phase,
  shader: Shader,
  singles: Numbers,
  code: Statements,
  pick: (value: Value, numbers: RowNumbers) => string,
): RowNumbers {
  const labels = new Map<string, string>();
  const own = makeNumbers({
    shader,
    code,
    ownerOf: (operand, access, numbers) => (isSingle(phase, operand, access) ? singles : numbers),
    load(value) {
      const { operation, operands, access } = value;
      if (phase.isLoaded(value)) return `${shader.read(sourceOf(value), 'rows')}[row]`;
      if (operation === 'inRange') return `select(0.0, 1.0, ${numbers.column(operands[0]!, access[0]!)} != noColumn)`;
      if (operation === 'pick') return pick(value, numbers);
      if (isReduction(value)) throw new Error('fusion: a reduction must be there before its row needs it.');
      return undefined;
    },
  });
  const numbers: RowNumbers = {
    ...own,
    code,
    column(label, access) {
      const number = (isSingle(phase, label, access) ? singles : own).of(label);
      let name = labels.get(number);
      if (name === undefined) {
        name = code.bind(`columnOf(${number}, uniforms.columns)`);
        labels.set(number, name);
      }
      return name;
    },
  };
  return numbers;
}

/** Numbers of a row, and the columns that its labels name. */
export interface RowNumbers extends Numbers {
  readonly code: Statements;
  /** A name for the column of a label, or `noColumn`. */
  column(label: Value, access: Access): string;
}

/** WGSL that the columns of labels need. */
export const labelColumns: string = `
const noColumn = 0xffffffffu;
fn columnOf(label: f32, columns: u32) -> u32 {
  if (isNan(label) | (label < 0.0) | (label >= 4294967296.0) | (label != floor(label))) { return noColumn; }
  let column = u32(label);
  return select(noColumn, column, column < columns);
}
`;
