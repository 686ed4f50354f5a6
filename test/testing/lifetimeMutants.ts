/** Faults of lifetime, each a line or two, planted into a backend whose tensors are freed. */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import type { Handle, StrictBackend } from '../../src/testing/strictBackend.ts';

type Faulty = Partial<Backend<Handle>>;

const exact = cpuBackend({ precision: 'float64' });

/** The faults by name. */
export const lifetimeMutants: Readonly<Record<string, (b: StrictBackend) => Faulty>> = {
  'isTensor is true for a host tensor': (b) => ({
    isTensor: (value): value is Handle =>
      b.isTensor(value) || (typeof value === 'object' && value !== null && 'data' in value),
  }),
  'scope frees nothing': () => ({ scope: (compute) => compute() }),
  'scope frees everything': (b) => ({
    scope: (compute) => {
      let result: ReturnType<typeof compute>;
      b.scope(() => {
        result = compute();
      });
      return result!;
    },
  }),
  'scope looks through arrays alone': (b) => ({
    scope(compute) {
      let result: ReturnType<typeof compute>;
      b.scope(() => {
        result = compute();
        return b.isTensor(result) || Array.isArray(result) ? result : undefined;
      });
      return result!;
    },
  }),
  'scope looks one level deep': (b) => ({
    scope(compute) {
      let result: ReturnType<typeof compute>;
      b.scope(() => {
        result = compute();
        return b.isTensor(result) ? result : Object.values(result ?? {}).filter(b.isTensor);
      });
      return result!;
    },
  }),
  'scope walks by recursion and without a memory': (b) => ({
    scope: (compute) =>
      b.scope(() => {
        const result = compute();
        const walk = (value: unknown): void => {
          if (typeof value === 'object' && value !== null && !b.isTensor(value)) Object.values(value).forEach(walk);
        };
        walk(result);
        return result;
      }),
  }),
  'scope leaves tensors behind after an error': (b) => ({
    scope(compute) {
      let failure: unknown;
      const result = b.scope(() => {
        try {
          return { result: compute(), kept: [] };
        } catch (error) {
          failure = error;
          return { result: undefined, kept: [b.scalar(1)] };
        }
      });
      if (failure) throw failure;
      return result.result!;
    },
  }),
  'scope swallows an error': (b) => ({
    scope: (compute) =>
      b.scope(() => {
        try {
          return compute();
        } catch {
          return undefined as never;
        }
      }),
  }),
  'scope frees what was made outside': (b) => ({
    scope(compute) {
      const before = new Set<Handle>();
      const result = b.scope(compute);
      for (const x of before) b.dispose(x);
      if (b.isTensor(result) && b.tensorCount() === 2) b.dispose(result);
      return result;
    },
  }),
  'dispose does nothing': () => ({ dispose: () => undefined }),
  'a freed tensor can be used': (b) => {
    const kept = new WeakMap<Handle, HostTensor>();
    return {
      dispose(x) {
        if (x.numbers) kept.set(x, x.numbers);
        b.dispose(x);
      },
      exp: (x) => (x.numbers ? b.exp(x) : b.fromHost(exact.exp(kept.get(x)!))),
    };
  },
  'a freed tensor can be read': (b) => {
    const kept = new WeakMap<Handle, HostTensor>();
    return {
      dispose(x) {
        if (x.numbers) kept.set(x, x.numbers);
        b.dispose(x);
      },
      read: async (x) => (x.numbers ? b.read(x) : kept.get(x)!),
    };
  },
  'isDisposed is always false': () => ({ isDisposed: () => false }),
  'isDisposed is always true': () => ({ isDisposed: () => true }),
  'dispose counts twice': (b) => {
    let extra = 0;
    return {
      dispose(x) {
        if (b.isDisposed(x)) extra++;
        b.dispose(x);
      },
      tensorCount: () => b.tensorCount() - extra,
    };
  },
  'reshape returns its argument where the shape is the same': (b) => ({
    reshape: (x, shape) => (String(shape) === '4' ? Object.assign(x, { shape: [4] }) : b.reshape(x, shape)),
  }),
  'sum over one row returns its argument': (b) => ({
    sum: (x, options) => (Array.isArray(options?.axis) && options.axis.length === 0 ? x : b.sum(x, options)),
  }),
  'transpose of a symmetric matrix returns its argument': (b) => ({
    transpose: (x, order) => (order === undefined && String(x.shape) === '2,2' ? x : b.transpose(x, order)),
  }),
  'matMul leaves a transposed copy behind': (b) => ({
    matMul(x, y, options) {
      const product = b.matMul(x, y, options);
      if (options?.transposeA) b.transpose(x);
      return product;
    },
  }),
  'greater leaves a copy behind': (b) => ({
    greater(x, y) {
      b.exp(x);
      return b.greater(x, y);
    },
  }),
  'add frees its first argument': (b) => ({
    add(x, y) {
      const sum = b.add(x, y);
      if (x.shape.length === 2) b.dispose(x);
      return sum;
    },
  }),
  'read hands out memory that is used again': (b) => {
    const live: HostTensor[] = [];
    return {
      async read(x) {
        const { data, shape } = await b.read(x);
        const read = { data, shape };
        live.push(read);
        return read;
      },
      dispose(x) {
        b.dispose(x);
        for (const { data } of live.splice(0)) data.fill(0);
      },
    };
  },
  'read leaves a tensor behind': (b) => ({
    async read(x) {
      b.scalar(1);
      return b.read(x);
    },
  }),
  'many reads bring the last numbers': (b) => {
    let last: Promise<HostTensor> | undefined;
    return {
      read(x) {
        const own = b.read(x);
        last = own;
        return Promise.resolve().then(() => last!);
      },
    };
  },
};

/** The fault of a device without `readSync`: what names no row gives zeros, or a row. */
export const deviceMutants: Readonly<Record<string, (b: StrictBackend) => Faulty>> = {
  'gather gives zeros for what is no row': (b) => ({
    gather: (x, indices) =>
      b.scope(() => {
        const rows = b.gather(x, indices);
        return b.where(b.greater(b.abs(rows), b.scalar(-1)), rows, b.scalar(0));
      }),
  }),
};
