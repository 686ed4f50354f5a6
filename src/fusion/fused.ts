/**
 * A backend that records, around one that runs: inside a scope element-wise operations and reductions become a graph,
 * which the device computes in a few kernels; all else runs at once on the eager backend, its operands computed first.
 */
import type { Backend, ReduceOptions, Shape } from '../backend.ts';
import { broadcastShape, normaliseAxes, planReduction } from '../layout.ts';
import { checkDepth, checkHostTensor, checkNumber, checkReshape, permutationOf } from '../memberArguments.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';
import { accessOf } from './access.ts';
import { logSoftmax } from './interpret.ts';
import type { BinaryOperation, UnaryOperation } from './node.ts';
import type { RecordedTensor, Recorder } from './recorder.ts';
import { exchangedBy } from './transposition.ts';

/** What an eager backend may offer beyond the contract's required members. */
type EagerBackend<Stored> = Backend<Stored> & { readonly readSync?: (tensor: Stored) => HostTensor };

/** The members of the contract on recorded tensors. `where` is the backend's factory, which begins its error messages. */
export function fusedMembers<Stored>(
  where: string,
  base: EagerBackend<Stored>,
  recorder: Recorder<Stored>,
): Omit<Backend<RecordedTensor<Stored>>, 'fusedKernels' | 'rowsInParts'> {
  type Tensor = RecordedTensor<Stored>;
  const { check, record, wrap, storedOf, isRecording } = recorder;

  const binary =
    (operation: BinaryOperation) =>
    (a: Tensor, b: Tensor): Tensor => {
      check(operation, a, 'a');
      check(operation, b, 'b');
      if (isRecording() && a.size > 0 && b.size > 0) {
        if (isSame(a.shape, b.shape) || b.shape.length === 0) return record(operation, [a, b], a.shape, a.size);
        if (a.shape.length === 0) return record(operation, [a, b], b.shape, b.size);
        const shape = broadcastShape(`${where}.${operation}`, [a.shape, b.shape]);
        const size = sizeOf(shape);
        if (fits(shape, size, a) && fits(shape, size, b)) return record(operation, [a, b], shape, size);
      }
      return wrap(base[operation](storedOf(operation, a), storedOf(operation, b)));
    };

  const unary =
    (operation: UnaryOperation) =>
    (x: Tensor): Tensor => {
      check(operation, x, 'x');
      if (isRecording() && x.size > 0) return record(operation, [x], x.shape, x.size);
      return wrap(base[operation](storedOf(operation, x)));
    };

  const reduction =
    (operation: 'sum' | 'max') =>
    (x: Tensor, options: ReduceOptions = {}): Tensor => {
      check(operation, x, 'x');
      if (isRecording() && x.size > 0) {
        const axes = normaliseAxes(`${where}.${operation}`, options.axis, x.shape.length);
        const { outer, inner, reduced, shape, permutation } = planReduction(x.shape, axes, options.keepDims ?? false);
        const size = x.size / reduced;
        if (reduced === 1) return record('reshape', [x], shape, size);
        if (permutation === undefined && inner === 1) return record(operation, [x], shape, size, reduced);
        if (permutation === undefined && outer === 1) {
          return record(operation === 'sum' ? 'columnSum' : 'columnMax', [x], shape, size, reduced);
        }
      }
      return wrap(base[operation](storedOf(operation, x), options));
    };

  return {
    name: base.name,
    scope: recorder.scope,
    dispose: recorder.dispose,
    isTensor: recorder.isTensor,
    isDisposed: recorder.isDisposed,
    tensorCount: recorder.count,

    fromHost(host) {
      checkHostTensor(`${where}.fromHost`, host);
      if (host.shape.length === 0) return recorder.constant(host.data[0]!);
      return wrap(base.fromHost(host));
    },
    scalar(value) {
      checkNumber(`${where}.scalar`, value);
      return recorder.constant(value);
    },
    shapeOf: recorder.shapeOf,
    read: async (tensor) => ({ ...(await base.read(storedOf('read', tensor))), shape: tensor.shape }),
    ...(base.readSync && {
      readSync: (tensor: Tensor) => ({ ...base.readSync!(storedOf('read', tensor)), shape: tensor.shape }),
    }),

    add: binary('add'),
    subtract: binary('subtract'),
    multiply: binary('multiply'),
    divide: binary('divide'),
    maximum: binary('maximum'),
    greater: binary('greater'),
    where(condition, a, b) {
      check('where', condition, 'condition');
      check('where', a, 'a');
      check('where', b, 'b');
      if (isRecording() && condition.size > 0 && a.size > 0 && b.size > 0) {
        const shape = pairShape(`${where}.where`, condition.shape, pairShape(`${where}.where`, a.shape, b.shape));
        const size = sizeOf(shape);
        if (fits(shape, size, condition) && fits(shape, size, a) && fits(shape, size, b)) {
          return record('where', [condition, a, b], shape, size);
        }
      }
      return wrap(base.where(storedOf('where', condition), storedOf('where', a), storedOf('where', b)));
    },
    exp: unary('exp'),
    log: unary('log'),
    sqrt: unary('sqrt'),
    abs: unary('abs'),

    sum: reduction('sum'),
    max: reduction('max'),
    argMax: (x) => wrap(base.argMax(storedOf('argMax', x, 'x'))),

    reshape(x, shape) {
      check('reshape', x, 'x');
      if (isRecording() && x.size > 0) {
        checkReshape(`${where}.reshape`, x.shape, shape);
        return record('reshape', [x], [...shape], x.size);
      }
      return wrap(base.reshape(storedOf('reshape', x), shape));
    },
    transpose(x, permutation) {
      check('transpose', x, 'x');
      if (isRecording() && x.size > 0) {
        const order = permutationOf(`${where}.transpose`, x.shape.length, permutation);
        const exchanged = exchangedBy(x.shape, order);
        const shape = order.map((axis) => x.shape[axis]!);
        const made = exchanged && recorder.transpose(x, exchanged, shape);
        if (made !== undefined) return made;
      }
      return wrap(base.transpose(storedOf('transpose', x), permutation));
    },
    matMul(a, b, options) {
      recorder.flush([check('matMul', a, 'a'), check('matMul', b, 'b')]);
      return wrap(base.matMul(storedOf('matMul', a), storedOf('matMul', b), options));
    },
    oneHot(indices, depth) {
      check('oneHot', indices, 'indices');
      if (isRecording() && indices.size > 0) {
        checkDepth(`${where}.oneHot`, depth);
        return record('oneHot', [indices], [...indices.shape, depth], indices.size * depth, depth);
      }
      return wrap(base.oneHot(storedOf('oneHot', indices), depth));
    },
    gather: (x, indices) => wrap(base.gather(storedOf('gather', x, 'x'), storedOf('gather', indices, 'indices'))),

    logSoftmax(logits) {
      check('logSoftmax', logits, 'x');
      if (isRecording() && logits.size > 0) {
        return record('logSoftmax', [logits], logits.shape, logits.size, logits.shape.at(-1) ?? 1);
      }
      return wrap(logSoftmax(base, storedOf('logSoftmax', logits)));
    },
    ...(base.replaceRows && {
      replaceRows: (x: Tensor, positions: ArrayLike<number>, rows: Tensor) =>
        wrap(
          base.replaceRows!(storedOf('replaceRows', x, 'x'), positions, storedOf('replaceRows', rows, 'replacement')),
        ),
    }),
    ...(base.squaredDistances && {
      squaredDistances: (x: Tensor) => wrap(base.squaredDistances!(storedOf('squaredDistances', x, 'x'))),
    }),
    settle: recorder.flush,
    announce: recorder.announce,
    ...(base.drawRows && { drawRows: (draw) => wrap(base.drawRows!(draw)) }),
    ...(base.argSort && { argSort: (x: Tensor) => wrap(base.argSort!(storedOf('argSort', x, 'x'))) }),
    ...(base.takeAlong && {
      takeAlong: (x: Tensor, indices: Tensor) =>
        wrap(base.takeAlong!(storedOf('takeAlong', x, 'x'), storedOf('takeAlong', indices, 'indices'))),
    }),
    ...(base.scatterAlong && {
      scatterAlong: (indices: Tensor, updates: Tensor, size: number) =>
        wrap(
          base.scatterAlong!(
            storedOf('scatterAlong', indices, 'indices'),
            storedOf('scatterAlong', updates, 'updates'),
            size,
          ),
        ),
    }),
  };
}

/** Whether an operand of a shape finds its elements by rows and columns; what does not is computed at once. */
function fits<Stored>(shape: Shape, size: number, operand: RecordedTensor<Stored>): boolean {
  return (
    operand.size === size || operand.size === 1 || accessOf(operand.shape, operand.size, shape, size) !== undefined
  );
}

function pairShape(operation: string, a: Shape, b: Shape): Shape {
  return b.length === 0 || isSame(a, b) ? a : a.length === 0 ? b : broadcastShape(operation, [a, b]);
}

function isSame(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}
