/** A recorded operation, which is the tensor that it makes: what it takes, what it has become, and who holds it. */
import type { Shape } from '../backend.ts';
import type { Owner } from '../memberArguments.ts';

/** Element-wise operations of two operands, under the contract's names. */
export type BinaryOperation = 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'greater';
/** Element-wise operations of one operand. */
export type UnaryOperation = 'exp' | 'log' | 'sqrt' | 'abs';

/**
 * A number for each operation. `sum` and `max` join trailing axes, `columnSum` and `columnMax` leading ones; `transpose` exchanges
 * the last two of three.
 */
export const operationCodes = {
  stored: 0,
  constant: 1,
  add: 2,
  subtract: 3,
  multiply: 4,
  divide: 5,
  maximum: 6,
  greater: 7,
  where: 8,
  exp: 9,
  log: 10,
  sqrt: 11,
  abs: 12,
  sum: 13,
  max: 14,
  columnSum: 15,
  columnMax: 16,
  logSoftmax: 17,
  oneHot: 18,
  reshape: 19,
  transpose: 20,
} as const;

/** What a node is. */
export type NodeOperation = keyof typeof operationCodes;

/** A recorded operation, or a tensor of the eager backend, whose tensors are of type `Stored`. */
export interface Node<Stored> {
  readonly shape: Shape;
  /** @internal */
  readonly operation: NodeOperation;
  /** @internal Its number: what walks over many nodes look at. */
  readonly code: number;
  /** @internal */
  readonly size: number;
  /** @internal Reductions: how many elements become one. `oneHot`, `logSoftmax`: the length of a row. */
  readonly extent: number;
  /** @internal The number of a `constant`, as float32. */
  readonly number: number;
  /** @internal How many nodes lie on the longest way down to one without operands: 1 once it has its own result. */
  depth: number;
  /** @internal Released once there is a result. */
  operands: readonly Node<Stored>[];
  /** @internal The eager backend's tensor, once there is one. */
  stored: Stored | undefined;
  /** @internal Recorded operations that will read it, and its user while it is not disposed. */
  holders: number;
  /** @internal Its place in the graph that was walked last, and the number of that walk. */
  index: number;
  /** @internal */
  walk: number;
  /** @internal The recorder that made it. */
  readonly owner: Owner;
  /** @internal */
  disposed: boolean;
  /** @internal Tensors that one scope handed over with this one. */
  together: readonly Node<Stored>[] | undefined;
}

const none: readonly never[] = [];

/** A node that holds its operands, and is held by its user. */
export function makeNode<Stored>(
  owner: Owner,
  operation: NodeOperation,
  operands: readonly Node<Stored>[],
  shape: Shape,
  size: number,
  extent: number,
  number: number,
): Node<Stored> {
  let depth = 0;
  for (let at = 0; at < operands.length; at++) {
    const operand = operands[at]!;
    operand.holders++;
    if (operand.depth > depth) depth = operand.depth;
  }
  return {
    shape,
    operation,
    code: operationCodes[operation],
    size,
    extent,
    number,
    depth: depth + 1,
    operands,
    stored: undefined,
    holders: 1,
    index: -1,
    walk: 0,
    owner,
    disposed: false,
    together: undefined,
  };
}

/** The node beneath reshapes: the same elements in the same order. */
export function beneathReshapes<Stored>(node: Node<Stored>): Node<Stored> {
  let found = node;
  while (found.stored === undefined && found.operation === 'reshape') found = found.operands[0]!;
  return found;
}

/** One holder less; the last one takes the result with it, and the node's own hold on its operands. */
export function release<Stored>(node: Node<Stored>, free: (stored: Stored) => void): void {
  if (--node.holders > 0) return;
  if (node.stored !== undefined) free(node.stored);
  letOperandsGo(node, free);
}

/** Gives a node its result. */
export function settle<Stored>(node: Node<Stored>, stored: Stored, free: (stored: Stored) => void): void {
  node.stored = stored;
  node.depth = 1;
  letOperandsGo(node, free);
}

function letOperandsGo<Stored>(node: Node<Stored>, free: (stored: Stored) => void): void {
  const { operands } = node;
  node.operands = none;
  for (let at = 0; at < operands.length; at++) release(operands[at]!, free);
}
