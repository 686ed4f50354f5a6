/**
 * The reference behind handles: a tensor is a name for numbers until it is freed, as on a device, and every use of a freed
 * one is an error. What a loss or a metric keeps for later, frees too early or leaves behind shows here.
 */
import type { Backend, Shape } from '../backend.ts';
import { disposedError } from '../check.ts';
import { cpuBackend } from '../cpu/index.ts';
import { foreignError, type Owner } from '../memberArguments.ts';
import { tensorsIn } from '../reach.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';

/** A tensor of `strictBackend`. */
export interface Handle {
  readonly shape: Shape;
  readonly owner: Owner;
  /** Undefined once it is freed. */
  numbers: HostTensor | undefined;
}

/** A backend that counts its tensors and can tell which are freed. */
export type StrictBackend = Backend<Handle> & Required<Pick<Backend<Handle>, 'tensorCount' | 'isDisposed'>>;

/**
 * Makes one, in float64.
 *
 * @param readable False for a device whose tensors cannot be read at once: without `readSync`.
 */
export function strictBackend(readable = true): StrictBackend {
  const oracle = cpuBackend({ precision: 'float64' });
  const owner: Owner = { backend: 'strictBackend' };
  const alive = new Set<Handle>();
  const scopes: Set<Handle>[] = [];

  const make = (numbers: HostTensor): Handle => {
    const made: Handle = { shape: numbers.shape, owner, numbers };
    alive.add(made);
    scopes.at(-1)?.add(made);
    return made;
  };
  const isTensor = (value: unknown): value is Handle =>
    typeof value === 'object' && value !== null && (value as Partial<Handle>).owner === owner;
  const numbersOf = (member: string, x: Handle): HostTensor => {
    if (!isTensor(x)) throw foreignError(owner, member, 'tensor', x);
    if (x.numbers === undefined) throw disposedError(`${owner.backend}.${member}`, 'tensor');
    return x.numbers;
  };
  const free = (x: Handle): void => {
    x.numbers = undefined;
    alive.delete(x);
  };

  type Numbers = HostTensor;
  const one =
    <Rest extends readonly unknown[]>(member: string, operate: (x: Numbers, ...rest: Rest) => Numbers) =>
    (x: Handle, ...rest: Rest): Handle =>
      make(operate(numbersOf(member, x), ...rest));
  const two =
    <Rest extends readonly unknown[]>(member: string, operate: (a: Numbers, b: Numbers, ...rest: Rest) => Numbers) =>
    (a: Handle, b: Handle, ...rest: Rest): Handle =>
      make(operate(numbersOf(member, a), numbersOf(member, b), ...rest));
  const read = (x: Handle): HostTensor => {
    const { data, shape } = numbersOf('read', x);
    return { data: data.slice(), shape };
  };

  return {
    name: 'strict',
    scope(compute) {
      const made = new Set<Handle>();
      const depth = scopes.push(made);
      let kept = new Set<Handle>();
      try {
        const result = compute();
        kept = tensorsIn(result, isTensor);
        return result;
      } finally {
        scopes.length = depth - 1;
        for (const each of made) {
          if (!kept.has(each)) free(each);
          else if (alive.has(each)) scopes.at(-1)?.add(each);
        }
      }
    },
    dispose(x) {
      if (!isTensor(x)) throw foreignError(owner, 'dispose', 'tensor', x);
      free(x);
    },
    isTensor,
    isDisposed: (x) => x.numbers === undefined,
    tensorCount: () => alive.size,

    fromHost(host) {
      const { data, shape } = oracle.fromHost(host);
      return make({ data: data.slice(), shape });
    },
    scalar: (value) => make(oracle.scalar(value)),
    shapeOf: (x) => x.shape,
    read: async (x) => read(x),
    ...(readable && { readSync: read }),

    add: two('add', oracle.add),
    subtract: two('subtract', oracle.subtract),
    multiply: two('multiply', oracle.multiply),
    divide: two('divide', oracle.divide),
    maximum: two('maximum', oracle.maximum),
    greater: two('greater', oracle.greater),
    where: (condition, a, b) =>
      make(oracle.where(numbersOf('where', condition), numbersOf('where', a), numbersOf('where', b))),
    exp: one('exp', oracle.exp),
    log: one('log', oracle.log),
    sqrt: one('sqrt', oracle.sqrt),
    abs: one('abs', oracle.abs),
    sum: one('sum', oracle.sum),
    max: one('max', oracle.max),
    argMax: one('argMax', oracle.argMax),
    reshape: one('reshape', oracle.reshape),
    transpose: one('transpose', oracle.transpose),
    matMul: two('matMul', oracle.matMul),
    oneHot: one('oneHot', oracle.oneHot),
    gather: two('gather', (x, indices) =>
      readable || x.shape.length === 0 ? oracle.gather(x, indices) : gatherOrNaN(x, indices),
    ),
  };

  /** As a device does that cannot look at the indices. */
  function gatherOrNaN(x: HostTensor, indices: HostTensor): HostTensor {
    const [rows = 0, ...rowShape] = x.shape;
    const isRow = (index: number): boolean => index >= 0 && index < rows && Number.isInteger(index);
    const data = new Float64Array(x.data.length + sizeOf(rowShape)).fill(Number.NaN);
    data.set(x.data);
    const table = { data, shape: [rows + 1, ...rowShape] };
    const places = Float64Array.from(indices.data, (index) => (isRow(index) ? index : rows));
    return oracle.gather(table, { data: places, shape: indices.shape });
  }
}
