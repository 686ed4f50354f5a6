/** The elements of a walk's step, or at one column: each value that is needed there is computed once. */
import type { Access } from '../../fusion/access.ts';
import type { Phase } from '../../fusion/stages.ts';
import type { Value } from '../../fusion/values.ts';
import { isSingle, type Numbers, type RowNumbers } from './numbers.ts';
import { exceeds, expressionOf, knownNumber, knownSide, literal } from './operations.ts';
import { type Shader, type Statements, sourceOf } from './shader.ts';

/** Where elements are computed. */
export interface ElementSite {
  readonly phase: Phase;
  readonly shader: Shader;
  readonly singles: Numbers;
  readonly row: RowNumbers;
  /** Expressions of the element's place in what the kernel sees of a full value, and of its column. */
  readonly element: string;
  readonly column: string;
  /** Where loads go, and what is computed from them. */
  readonly loads: Statements;
  readonly code: Statements;
}

/** Makes a function that gives a full value's element at a site its name. */
export function elementsAt(site: ElementSite): (value: Value) => string {
  const { phase, shader, singles, row, element, column, loads, code } = site;
  const known = new Map<string, string>();

  function once(key: string, to: Statements, expression: () => string): string {
    let name = known.get(key);
    if (name === undefined) {
      name = to.bind(expression());
      known.set(key, name);
    }
    return name;
  }

  const isOfRow = (operand: Value, access: Access): boolean =>
    access === 'row' || (operand.form === 'row' && !phase.isLoaded(operand));

  function operandOf(operand: Value, access: Access): string {
    if (isSingle(phase, operand, access)) return singles.of(operand);
    if (access === 'column') {
      return once(`column ${operand.id}`, loads, () => `${shader.read(sourceOf(operand), 'whole')}[${column}]`);
    }
    if (isOfRow(operand, access)) return row.of(operand);
    if (phase.isLoaded(operand)) {
      return once(`load ${operand.id}`, loads, () => `${shader.read(sourceOf(operand), 'elements')}[${element}]`);
    }
    const constant = knownNumber(operand);
    if (constant !== undefined) return literal(constant);
    const side = knownSide(operand);
    if (side !== undefined) return operandOf(operand.operands[side]!, operand.access[side]!);
    return once(`value ${operand.id}`, code, () => compute(operand));
  }

  const operandsOf = ({ operands, access }: Value): readonly string[] =>
    operands.map((operand, at) => operandOf(operand, access[at]!));

  function compute(value: Value): string {
    const { operation, operands, access } = value;
    if (operation === 'greater' || operation === 'oneHot') return `select(0.0, 1.0, ${conditionOf(value, 'same')})`;
    if (operation === 'where') {
      const condition = conditionOf(operands[0]!, access[0]!);
      return `select(${operandOf(operands[2]!, access[2]!)}, ${operandOf(operands[1]!, access[1]!)}, ${condition})`;
    }
    return expressionOf(value, operandsOf(value), shader);
  }

  /** A name for whether a condition holds at the element. */
  function conditionOf(value: Value, access: Access): string {
    if (isSingle(phase, value, access)) return singles.condition(value);
    if (access !== 'column' && isOfRow(value, access)) return row.condition(value);
    const isComputed = access === 'same' && !phase.isLoaded(value);
    if (isComputed && value.operation === 'greater') {
      return once(`condition ${value.id}`, code, () => exceeds(value, operandsOf(value)));
    }
    if (isComputed && value.operation === 'oneHot') {
      const label = row.column(value.operands[0]!, value.access[0]!);
      return once(`condition ${value.id}`, code, () => `(${column}) == ${label}`);
    }
    return once(`condition ${value.id}${access}`, code, () => `!isZero(${operandOf(value, access)})`);
  }

  return (value) => operandOf(value, 'same');
}
