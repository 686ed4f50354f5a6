/** From a graph's nodes to values: shapes become accesses, and reshapes disappear. */
import { type Access, accessOf } from './access.ts';
import type { Algebra } from './algebra.ts';
import { type Graph, isOrdinary, isSpecial } from './graph.ts';
import { beneathReshapes, type Node } from './node.ts';
import { makeAlgebra } from './rewrite.ts';
import { logSoftmaxOf } from './softmax.ts';
import type { Parameter, Value } from './values.ts';

/** Values that a graph's targets need. */
export interface Translation {
  /** Operands first; `id` is a value's place here. */
  readonly values: readonly Value[];
  /** The value of each of the graph's targets. */
  readonly targets: readonly Value[];
  /** The node of each leaf. */
  readonly leaves: readonly number[];
  readonly parameters: readonly Parameter[];
}

/** Translates a graph. */
export function translate<Stored>({ order, targets: wanted }: Graph<Stored>): Translation {
  const algebra = makeAlgebra();
  const valueAt: Value[] = [];
  for (const node of order) valueAt[node.index] = translateNode(algebra, node, valueAt);
  return onlyNeeded(
    wanted.map(({ index }) => valueAt[index]!),
    algebra,
  );
}

function translateNode<Stored>(algebra: Algebra, node: Node<Stored>, valueAt: readonly Value[]): Value {
  const { operation, extent, size } = node;
  if (node.stored !== undefined) return algebra.leaf(node.index, size);
  if (operation === 'constant') {
    const { number } = node;
    if (isSpecial(number)) return algebra.constant(number);
    return algebra.parameter({ node: node.index }, number > 0 ? 1 : number < 0 ? -1 : 0, isOrdinary(number));
  }
  const operands = node.operands.map(({ index }) => valueAt[index]!);
  const x = operands[0]!;
  switch (operation) {
    case 'stored':
      throw new Error('translate: a stored node must have its tensor, got none.');
    case 'reshape':
      return x;
    case 'transpose':
      return transposedOf(algebra, node, x);
    case 'sum':
    case 'max':
      return algebra.reduce(operation, x, extent);
    case 'columnSum':
    case 'columnMax':
      return algebra.make(operation, [x], ['same'], size, extent);
    case 'logSoftmax':
      return logSoftmaxOf(algebra, x, extent);
    case 'oneHot':
      return oneHotOf(algebra, x, extent);
    default:
      return elementwiseOf(algebra, node, operands);
  }
}

/** An input whose rows lie across memory, or a result whose rows are to lie so. */
function transposedOf<Stored>(algebra: Algebra, { operands, shape, size }: Node<Stored>, x: Value): Value {
  const [batch, first, last] = shape as readonly [number, number, number];
  const input = beneathReshapes(operands[0]!);
  if (input.stored !== undefined) return algebra.leaf(input.index, size, { batch, rows: first, columns: last });
  return x.operation === 'constant' ? x : algebra.transposed(x, { batch, rows: last, columns: first });
}

function oneHotOf(algebra: Algebra, labels: Value, depth: number): Value {
  const size = labels.size * depth;
  if (depth > 1) return algebra.make('oneHot', [labels], [labels.size === 1 ? 'single' : 'row'], size, depth);
  // Of one column: 1 where the index is 0.
  const constant: Access = size === 1 ? 'same' : 'single';
  return algebra.make('where', [labels, algebra.constant(0), algebra.constant(1)], ['same', constant, constant], size);
}

function elementwiseOf<Stored>(algebra: Algebra, node: Node<Stored>, operands: readonly Value[]): Value {
  const { shape, size } = node;
  const access: Access[] = [];
  const placed: Value[] = [];
  let width: number | undefined;
  node.operands.forEach((operand, at) => {
    const found = accessOf(operand.shape, operand.size, shape, size)!;
    // Two lengths of a row in one value: all but the first go through memory, at full size.
    const isOdd = found.columns !== undefined && width !== undefined && found.columns !== width;
    width ??= found.columns;
    placed.push(isOdd ? algebra.make('spread', [operands[at]!], [found.access], size, found.columns) : operands[at]!);
    access.push(isOdd ? 'same' : found.access);
  });
  return algebra.elementwise(node.operation as Value['operation'], placed, access, size);
}

/** Drops what rewriting left behind, and numbers the rest anew. */
function onlyNeeded(targets: readonly Value[], { values, leaves, parameters }: Algebra): Translation {
  const needed = new Set<Value>();
  const visit = (value: Value): void => {
    if (needed.has(value)) return;
    needed.add(value);
    value.operands.forEach(visit);
  };
  targets.forEach(visit);
  const copies = new Map<Value, Value>();
  const kept: Value[] = [];
  for (const value of values) {
    if (!needed.has(value)) continue;
    const copy = { ...value, id: kept.length, operands: value.operands.map((operand) => copies.get(operand)!) };
    copies.set(value, copy);
    kept.push(copy);
  }
  return { values: kept, targets: targets.map((target) => copies.get(target)!), leaves, parameters };
}
