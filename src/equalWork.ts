/**
 * A backend that computes what was computed before only once: equal operations on the same tensors give the same tensor.
 * Several metrics of a batch each take its softmax, its largest classes, its one-hot labels; a backend that compiles finds
 * that by itself, and the others by this.
 */
import type { Backend } from './backend.ts';

/**
 * The backend for one scope of the caller's. What is computed lives until that scope ends, so that it serves what comes
 * later: scopes inside free nothing, and neither does `dispose`.
 */
export function equalWork<T>(backend: Backend<T>): Backend<T> {
  const numbers = new Map<unknown, number>();
  const made = new Map<string, T>();

  const nameOf = (argument: unknown): string => {
    if (typeof argument === 'number') return Object.is(argument, -0) ? '-0' : String(argument);
    if (!backend.isTensor(argument)) return JSON.stringify(argument) ?? '';
    const number = numbers.get(argument) ?? numbers.size;
    numbers.set(argument, number);
    return `#${number}`;
  };
  const once =
    <Arguments extends readonly unknown[]>(member: string, operate: (...given: Arguments) => T) =>
    (...given: Arguments): T => {
      const name = `${member} ${given.map(nameOf).join(' ')}`;
      const before = made.get(name);
      if (before !== undefined) return before;
      const result = operate(...given);
      made.set(name, result);
      return result;
    };

  return {
    ...backend,
    scope: (compute) => compute(),
    dispose: () => undefined,
    scalar: once('scalar', backend.scalar),
    add: once('add', backend.add),
    subtract: once('subtract', backend.subtract),
    multiply: once('multiply', backend.multiply),
    divide: once('divide', backend.divide),
    maximum: once('maximum', backend.maximum),
    greater: once('greater', backend.greater),
    where: once('where', backend.where),
    exp: once('exp', backend.exp),
    log: once('log', backend.log),
    sqrt: once('sqrt', backend.sqrt),
    abs: once('abs', backend.abs),
    sum: once('sum', backend.sum),
    max: once('max', backend.max),
    argMax: once('argMax', backend.argMax),
    reshape: once('reshape', backend.reshape),
    transpose: once('transpose', backend.transpose),
    matMul: once('matMul', backend.matMul),
    oneHot: once('oneHot', backend.oneHot),
    gather: once('gather', backend.gather),
    ...(backend.logSoftmax && { logSoftmax: once('logSoftmax', backend.logSoftmax) }),
    ...(backend.squaredDistances && { squaredDistances: once('squaredDistances', backend.squaredDistances) }),
    ...(backend.argSort && { argSort: once('argSort', backend.argSort) }),
    ...(backend.takeAlong && { takeAlong: once('takeAlong', backend.takeAlong) }),
    ...(backend.scatterAlong && { scatterAlong: once('scatterAlong', backend.scatterAlong) }),
  };
}
