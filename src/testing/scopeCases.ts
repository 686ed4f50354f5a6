/** What a scope keeps, frees and leaves alone. */
import type { Backend } from '../backend.ts';
import { tensor } from '../tensor.ts';
import { expectations, numbers } from './expectations.ts';
import { type ConformanceCase, on, values } from './requirements.ts';

/** The requirements on scopes, for one backend. */
export function scopeCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const { count, expectCount, expectRead } = expectations(backend);

  return [
    {
      title: 'scope keeps what its result reaches through arrays and records, and frees the rest',
      check: async () => {
        const before = count();
        const kept = backend.scope(() => {
          const x = backend.fromHost(tensor([1, 2]));
          const dropped = backend.exp(x);
          return { list: [backend.add(x, dropped)], nested: { x, again: x }, other: [null, undefined, 'text', 3] };
        });
        expectCount('scope', before + 2);
        await expectRead('a tensor kept by scope', kept.nested.x, tensor([1, 2]));
        await expectRead('a tensor kept by scope', kept.list[0]!, tensor([1 + Math.E, 2 + Math.exp(2)]));
        backend.dispose(kept.list[0]!);
        backend.dispose(kept.nested.x);
        expectCount('scope, its result disposed', before);
      },
    },
    {
      title: 'scope keeps a view of what it frees',
      check: async () => {
        const before = count();
        const kept = backend.scope(() => {
          const x = on(backend, numbers);
          return [backend.reshape(x, [4]), backend.transpose(x), backend.sum(x, { axis: [] })];
        });
        const others = [7, 8, 9].map((value) => on(backend, tensor([value, value, value, value])));
        await expectRead('a reshaped tensor', kept[0]!, tensor([1, 0, 0, 1]));
        await expectRead('a transposed tensor', kept[1]!, numbers);
        await expectRead('a sum over no axis', kept[2]!, numbers);
        for (const each of [...kept, ...others]) backend.dispose(each);
        expectCount('views, disposed', before);
      },
    },
    {
      title: 'scope leaves tensors from outside alone, returned or not',
      check: async () => {
        const before = count();
        const [x, y] = [on(backend, values), on(backend, values)];
        const same = backend.scope(() => {
          backend.exp(y);
          return x;
        });
        expectCount('a scope that makes nothing', before + 2);
        await expectRead('a tensor returned by a scope that did not make it', same, values);
        await expectRead('a tensor used in a scope', y, values);
        for (const each of [x, y]) backend.dispose(each);
      },
    },
    {
      title: 'scope follows a result in circles, and of any depth',
      check: async () => {
        interface Link {
          readonly x: T;
          next?: Link;
        }
        const before = count();
        const ring = backend.scope(() => {
          const first: Link = { x: backend.scalar(1) };
          first.next = { x: backend.exp(backend.scalar(0)), next: first };
          return first;
        });
        expectCount('a result in a circle', before + 2);
        const chain = backend.scope(() => {
          let link: Link = { x: backend.scalar(2) };
          for (let depth = 0; depth < 20_000; depth++) link = { x: link.x, next: link };
          return link;
        });
        await expectRead('a tensor in a circle', ring.next!.x, tensor(1));
        await expectRead('a tensor at the end of a long chain', chain.x, tensor(2));
        for (const each of [ring.x, ring.next!.x, chain.x]) backend.dispose(each);
        expectCount('circles and chains, disposed', before);
      },
    },
    {
      title: 'scopes nest, and an error inside frees what was made',
      check: async () => {
        const before = count();
        const kept = backend.scope(() => {
          const inner = backend.scope(() => backend.exp(backend.scalar(0)));
          return backend.add(inner, inner);
        });
        expectCount('nested scopes', before + 1);
        await expectRead('a nested scope', kept, tensor(2));
        backend.dispose(kept);
        let thrown = false;
        try {
          backend.scope(() => {
            backend.scope(() => backend.scalar(1));
            throw new Error('inside');
          });
        } catch {
          thrown = true;
        }
        if (!thrown) throw new Error('scope: must pass on an error from inside, got none.');
        expectCount('scope after an error', before);
        const after = backend.scalar(1);
        backend.scope(() => backend.scalar(2 as number) && undefined);
        expectCount('a tensor made after an error, outside of scopes', before + 1);
        backend.dispose(after);
      },
    },
    {
      title: 'scope lets a tensor be freed inside',
      check: async () => {
        const before = count();
        const kept = backend.scope(() => {
          const x = backend.scalar(1);
          const sum = backend.add(x, x);
          backend.dispose(x);
          return sum;
        });
        await expectRead('a sum of what was freed inside', kept, tensor(2));
        backend.dispose(kept);
        expectCount('scope', before);
      },
    },
  ];
}
