/** A graph computed one operation after the other by the eager backend: where no kernel can be made, and to test kernels. */
import type { Backend } from '../backend.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

/** The graph's targets, in their order. */
export function interpret<Stored>(base: Backend<Stored>, { order, targets }: Graph<Stored>): readonly Stored[] {
  // By places in the graph: equal constants share one.
  const results: Stored[] = [];
  const storedOf = (node: Node<Stored>): Stored => node.stored ?? results[node.index]!;
  base.scope(() => {
    for (const node of order) {
      if (node.stored === undefined) results[node.index] = compute(base, node, node.operands.map(storedOf));
    }
    return targets.map(storedOf);
  });
  return targets.map(storedOf);
}

function compute<Stored>(base: Backend<Stored>, node: Node<Stored>, operands: readonly Stored[]): Stored {
  const { operation, shape, extent } = node;
  const [a, b, c] = operands as readonly [Stored, Stored, Stored];
  switch (operation) {
    case 'stored':
      throw new Error('interpret: a stored node must have its tensor, got none.');
    case 'constant':
      return base.fromHost({ data: new Float32Array(node.size).fill(node.number), shape });
    case 'where':
      return base.where(a, b, c);
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'abs':
      return base[operation](a);
    case 'sum':
    case 'max':
      return reduce(operation, [node.operands[0]!.size / extent, extent], 1);
    case 'columnSum':
      return reduce('sum', [extent, node.size], 0);
    case 'columnMax':
      return reduce('max', [extent, node.size], 0);
    case 'logSoftmax':
      return logSoftmax(base, a);
    case 'oneHot':
      return base.oneHot(a, extent);
    case 'reshape':
      return base.reshape(a, shape);
    case 'transpose':
      return base.transpose(a);
    default:
      return base[operation](a, b);
  }

  function reduce(how: 'sum' | 'max', matrix: readonly [number, number], axis: number): Stored {
    return base.reshape(base[how](base.reshape(a, matrix), { axis }), shape);
  }
}

/** The native logSoftmax, or its composite, of which only the result stays. */
export function logSoftmax<Stored>(base: Backend<Stored>, x: Stored): Stored {
  if (base.logSoftmax) return base.logSoftmax(x);
  return base.scope(() => {
    const shifted = base.subtract(x, base.max(x, { axis: -1, keepDims: true }));
    return base.subtract(shifted, base.log(base.sum(base.exp(shifted), { axis: -1, keepDims: true })));
  });
}
