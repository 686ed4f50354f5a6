/** Element-wise members of the backend. */
import type { Backend, Shape } from '../backend.ts';
import { broadcastShape, broadcastStrides, mergeAxes, type WalkAxis } from '../layout.ts';
import { isSameShape, sizeOf } from '../tensor.ts';
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';
import { writePlan } from './walk.ts';

// The numbers of the operations in assembly/elementwise.ts.
const binaryOperations = ['add', 'subtract', 'multiply', 'divide', 'maximum', 'greater'] as const;
const unaryOperations = ['exp', 'log', 'sqrt', 'abs'] as const;

type Member = (typeof binaryOperations)[number] | (typeof unaryOperations)[number] | 'where';

/** The innermost axis of a walk, along which each operand moves by 1 or stays, and the axes around it. */
function splitWalk(shape: Shape, operands: readonly Shape[]): { inner: WalkAxis; outer: readonly WalkAxis[] } {
  const strides = operands.map((own) => broadcastStrides(own, shape));
  const axes = mergeAxes(shape, strides);
  const inner = axes.pop() ?? { extent: 1, strides: operands.map(() => 0) };
  return { inner, outer: axes };
}

/** Makes the element-wise members. `plan` is a block of `planBytes`. */
export function elementwiseMembers(
  kernels: Kernels,
  store: TensorStore,
  plan: Pointer,
): Pick<Backend<WasmTensor>, Member> {
  const binary =
    (name: (typeof binaryOperations)[number]) =>
    (a: WasmTensor, b: WasmTensor): WasmTensor => {
      const operation = binaryOperations.indexOf(name);
      const fromA = store.pointerTo(name, a, 'a');
      const fromB = store.pointerTo(name, b, 'b');
      if (isSameShape(a.shape, b.shape)) {
        const out = store.make(a.shape);
        kernels.binary(operation, fromA, fromB, out.storage.pointer, out.storage.size, 1, 1, plan, 0);
        return out;
      }
      const shape = broadcastShape(`wasmBackend.${name}`, [a.shape, b.shape]);
      const out = store.make(shape);
      if (sizeOf(shape) === 0) return out;
      const { inner, outer } = splitWalk(shape, [a.shape, b.shape]);
      const axes = writePlan(store.arena.words(), plan, outer);
      const [moveA = 0, moveB = 0] = inner.strides;
      kernels.binary(operation, fromA, fromB, out.storage.pointer, inner.extent, moveA, moveB, plan, axes);
      return out;
    };

  const unary =
    (name: (typeof unaryOperations)[number]) =>
    (x: WasmTensor): WasmTensor => {
      const from = store.pointerTo(name, x, 'x');
      const out = store.make(x.shape);
      kernels.unary(unaryOperations.indexOf(name), from, out.storage.pointer, out.storage.size);
      return out;
    };

  return {
    add: binary('add'),
    subtract: binary('subtract'),
    multiply: binary('multiply'),
    divide: binary('divide'),
    maximum: binary('maximum'),
    greater: binary('greater'),
    where(condition, a, b) {
      const fromCondition = store.pointerTo('where', condition, 'condition');
      const fromA = store.pointerTo('where', a, 'a');
      const fromB = store.pointerTo('where', b, 'b');
      const shape = broadcastShape('wasmBackend.where', [condition.shape, a.shape, b.shape]);
      const out = store.make(shape);
      if (sizeOf(shape) === 0) return out;
      const { inner, outer } = splitWalk(shape, [condition.shape, a.shape, b.shape]);
      const axes = writePlan(store.arena.words(), plan, outer);
      const [moveCondition = 0, moveA = 0, moveB = 0] = inner.strides;
      const to = out.storage.pointer;
      kernels.where(fromCondition, fromA, fromB, to, inner.extent, moveCondition, moveA, moveB, plan, axes);
      return out;
    },
    exp: unary('exp'),
    log: unary('log'),
    sqrt: unary('sqrt'),
    abs: unary('abs'),
  };
}
