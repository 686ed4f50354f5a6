/** What the contract says of lifetimes: borrowed arguments, scopes, and what stays after them. */
import type { Backend } from '../backend.ts';
import { tensor } from '../tensor.ts';
import { expectEqual } from './expectEqual.ts';
import type { ConformanceCase } from './requirements.ts';

/** The requirements on lifetimes, for one backend. */
export function lifetimeCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const { tensorCount } = backend;
  return [
    {
      title: 'arguments are borrowed: operations leave them as they were',
      check: async () => {
        const x = backend.fromHost(tensor([1, 2, 3]));
        const sum = backend.scope(() => backend.add(x, backend.exp(x)));
        expectEqual('x after use', await backend.read(x), backend.shapeOf(x), tensor([1, 2, 3]));
        backend.dispose(sum);
        backend.dispose(x);
      },
    },
    {
      title: 'isTensor knows its own tensors from plain values',
      check: async () => {
        const x = backend.scalar(1);
        if (!backend.isTensor(x)) throw new Error('isTensor: must be true for a tensor of the backend, got false.');
        for (const other of [1, 'x', null, undefined, [1], { a: 1 }]) {
          if (backend.isTensor(other)) throw new Error(`isTensor: must be false for ${String(other)}, got true.`);
        }
        backend.dispose(x);
      },
    },
    {
      title: 'scope keeps what its result reaches through arrays and records, and frees the rest',
      check: async () => {
        const before = tensorCount?.();
        const kept = backend.scope(() => {
          const x = backend.fromHost(tensor([1, 2]));
          const dropped = backend.exp(x);
          return { list: [backend.add(x, dropped)], nested: { x } };
        });
        const x = await backend.read(kept.nested.x);
        expectEqual('a tensor kept by scope', x, backend.shapeOf(kept.nested.x), tensor([1, 2]));
        const sum = await backend.read(kept.list[0]!);
        expectEqual('a tensor kept by scope', sum, [2], tensor([1 + Math.E, 2 + Math.exp(2)]));
        if (before !== undefined && tensorCount!() !== before + 2) {
          throw new Error(`scope: must leave 2 tensors alive, got ${tensorCount!() - before}.`);
        }
        backend.dispose(kept.list[0]!);
        backend.dispose(kept.nested.x);
      },
    },
    {
      title: 'scopes nest, and an error inside frees what was made',
      check: async () => {
        const before = tensorCount?.();
        const kept = backend.scope(() => {
          const inner = backend.scope(() => backend.exp(backend.scalar(0)));
          return backend.add(inner, inner);
        });
        expectEqual('a nested scope', await backend.read(kept), [], tensor(2));
        backend.dispose(kept);
        let thrown = false;
        try {
          backend.scope(() => {
            backend.scalar(1);
            throw new Error('inside');
          });
        } catch {
          thrown = true;
        }
        if (!thrown) throw new Error('scope: must pass on an error from inside, got none.');
        if (before !== undefined && tensorCount!() !== before) {
          throw new Error(`scope: must leave no tensor alive after an error, got ${tensorCount!() - before}.`);
        }
      },
    },
    {
      title: 'what readSync returns equals what read returns',
      check: async () => {
        const x = backend.fromHost(tensor([1.5, -2]));
        if (backend.readSync) {
          expectEqual('readSync', backend.readSync(x), backend.shapeOf(x), await backend.read(x));
        }
        backend.dispose(x);
      },
    },
  ];
}
