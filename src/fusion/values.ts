/**
 * Values: what a plan computes. They come from a graph's nodes, but a reshape is none (only how an operand is accessed
 * matters), equal ones are one, and the algebra of `rewrite.ts` has chosen other operations for some.
 */
import type { Access } from './access.ts';
import { isOrdinary } from './graph.ts';
import type { Transposition } from './transposition.ts';

/** What a value is. */
export type ValueOperation =
  /** A tensor in memory. */
  | 'leaf'
  | 'constant'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'greater'
  | 'where'
  | 'exp'
  /** e^x for x ≤ 0, exactly 0 below the smallest normal number. */
  | 'fallingExp'
  /** 2^x for x ≤ 0, 0 likewise: the exponential of a softmax. Shorter; where x is large its rounding shows. */
  | 'power'
  | 'log'
  | 'sqrt'
  | 'abs'
  /** Its operand, element by element of a larger result: what one walk cannot index goes through memory. */
  | 'spread'
  /** Its operand, and only ever a result: memory has its rows across. */
  | 'transposed'
  /** [rows] → [rows, columns], 1 at each row's index. */
  | 'oneHot'
  /** Over the columns of each row, or over everything; `quietMax` passes over NaN. */
  | 'sum'
  | 'max'
  | 'quietMax'
  /** Over the rows of each column. */
  | 'columnSum'
  | 'columnMax'
  /** Of operands [rows, columns] and [rows]: the element at the index of each row, 0 where there is no such column. */
  | 'pick'
  /** 1 where a row's index is a column, else 0. */
  | 'inRange';

/** Which elements of its space a value has: all, one for each row, one for each column, one, or (in memory) any. */
export type Form = 'full' | 'row' | 'column' | 'single' | 'free';

/** Rows and columns that values share. */
export interface Space {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
}

/** A value. Its identity is its number; what stands below `known` is filled in by the pass that is named. */
export interface Value {
  /** Its place in the list of values; operands come first. */
  readonly id: number;
  readonly operation: ValueOperation;
  readonly operands: readonly Value[];
  readonly access: readonly Access[];
  readonly size: number;
  /** Reductions and `pick`: how many elements become one. `oneHot`, `transposed`: the length of a row. */
  readonly extent: number;
  /** The place of a leaf among leaves, or of a constant among parameters; −1 for a constant of the structure. */
  readonly slot: number;
  /** The number of a constant of the structure. */
  readonly number: number | undefined;
  /** Of a constant: finite, and on which side of 0 (0 where that is not known). */
  readonly sign: -1 | 0 | 1;
  /** Of a constant: neither very large nor very small. */
  readonly hasOrdinarySize: boolean;
  /** Of a leaf whose rows lie across memory, and of a `transposed` value: how they lie there. */
  readonly transposition: Transposition | undefined;
  /** `spaces.ts` */
  form: Form;
  /** `spaces.ts`; undefined for leaves, constants, and single numbers that no row takes part in. */
  space: Space | undefined;
  /** `levels.ts`: the phase that computes it. */
  level: number;
  /** `stages.ts`: its place among values with memory of their own, or −1. */
  buffer: number;
}

/** Where a parameter's number comes from when a plan runs: a node of the graph, or the plan's own sizes. */
export type Parameter = { readonly node: number } | { readonly number: number };

/** Makes values, each only once. */
export interface ValueTable {
  readonly values: readonly Value[];
  /** The graph's node of each leaf. */
  readonly leaves: readonly number[];
  readonly parameters: readonly Parameter[];
  make(
    operation: ValueOperation,
    operands: readonly Value[],
    access: readonly Access[],
    size: number,
    extent?: number,
  ): Value;
  leaf(node: number, size: number, transposition?: Transposition): Value;
  /** A value as a result whose rows lie across memory. */
  transposed(x: Value, transposition: Transposition): Value;
  /** A constant that is part of the structure. */
  constant(number: number): Value;
  /** A constant that may differ from call to call, or from shape to shape. */
  parameter(source: Parameter, sign: -1 | 0 | 1, hasOrdinarySize: boolean): Value;
}

/** Makes an empty table. */
export function valueTable(): ValueTable {
  const values: Value[] = [];
  const known = new Map<string, Value>();
  const leaves: number[] = [];
  const parameters: Parameter[] = [];

  function add(key: string, own: Omit<Value, 'id' | 'form' | 'space' | 'level' | 'buffer'>): Value {
    let value = known.get(key);
    if (value === undefined) {
      value = { id: values.length, ...own, form: 'free', space: undefined, level: 0, buffer: -1 };
      values.push(value);
      known.set(key, value);
    }
    return value;
  }

  const free = { operands: [], access: [], extent: 0 } as const;
  const noConstant = { number: undefined, sign: 0, hasOrdinarySize: false, transposition: undefined } as const;
  const textOf = ({ batch, rows, columns }: Transposition): string => `${batch} ${rows} ${columns}`;
  return {
    values,
    leaves,
    parameters,
    make(operation, operands, access, size, extent = 0) {
      const key = `${operation} ${operands.map(({ id }, at) => id + access[at]!).join()} ${size} ${extent}`;
      return add(key, { operation, operands, access, size, extent, slot: -1, ...noConstant });
    },
    leaf(node, size, transposition) {
      const key = `leaf ${node} ${transposition && textOf(transposition)}`;
      const slot = known.get(key)?.slot ?? leaves.push(node) - 1;
      return add(key, { operation: 'leaf', ...free, size, slot, ...noConstant, transposition });
    },
    transposed(x, transposition) {
      const { id, size } = x;
      const key = `transposed ${id} ${textOf(transposition)}`;
      const of = { operands: [x], access: ['same'], size, extent: transposition.columns, slot: -1 } as const;
      return add(key, { operation: 'transposed', ...of, ...noConstant, transposition });
    },
    constant(number) {
      const sign = Number.isFinite(number) ? (Math.sign(number) as -1 | 0 | 1) : 0;
      const hasOrdinarySize = isOrdinary(number);
      return add(`constant ${number}`, {
        operation: 'constant',
        ...free,
        size: 1,
        slot: -1,
        number,
        sign,
        hasOrdinarySize,
        transposition: undefined,
      });
    },
    parameter(source, sign, hasOrdinarySize) {
      const key = `parameter ${JSON.stringify(source)}`;
      const slot = known.get(key)?.slot ?? parameters.push(source) - 1;
      const own = { number: undefined, sign, hasOrdinarySize, transposition: undefined };
      return add(key, { operation: 'constant', ...free, size: 1, slot, ...own });
    },
  };
}

/** Calls a function with each operand of a value and its access. */
export function forEachOperand(
  { operands, access }: Pick<Value, 'operands' | 'access'>,
  visit: (operand: Value, access: Access, at: number) => void,
): void {
  for (let at = 0; at < operands.length; at++) visit(operands[at]!, access[at]!, at);
}

/** Whether a value needs no walk: a leaf lies in memory, a constant is a number. */
export function isFree({ operation }: Value): boolean {
  return operation === 'leaf' || operation === 'constant';
}

/** Whether a value is the exponential of a softmax: at most 1, and 1 somewhere in each row. */
export function isSoftmaxExponential({ operation }: Value): boolean {
  return operation === 'power';
}

/** Whether a value joins the columns of each row, or everything. */
export function isReduction({ operation }: Value): boolean {
  return operation === 'sum' || operation === 'max' || operation === 'quietMax';
}

/** Whether a value joins the rows of each column. */
export function isColumnReduction({ operation }: Value): boolean {
  return operation === 'columnSum' || operation === 'columnMax';
}

/** Whether a value's elements are not those of its operands: here one space ends and another may begin. */
export function isAnchor(value: Value): boolean {
  return isReduction(value) || isColumnReduction(value) || value.operation === 'pick' || value.operation === 'inRange';
}

/** Whether a constant is this number, as part of the structure. */
export function isNumber(value: Value, number: number): boolean {
  return value.number === number;
}
