/** Generated kernels against the float64 reference and against the eager backend, on random programs. */
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
import { difference, randomGraph } from '../support/randomGraphs.ts';

const oracle = cpuBackend({ precision: 'float64' });
const open = () => openWasm(() => []);

/** Programs that differ, at most a few of them, as text. */
function differences(first: number, count: number, special: boolean, against: 'float64' | 'eager'): string[] {
  const found: string[] = [];
  let parts = open();
  for (let seed = first; seed < first + count && found.length < 3; seed++) {
    // A program is compiled once for each graph: memory for them is given back with their backend.
    if (seed % 400 === 0) parts = open();
    const { backend, eager, store } = parts;
    const graph = randomGraph(seed, special);
    const tensors = backend.tensorCount();
    const blocks = store.arena.blocks();
    const got = graph.run(backend);
    const read = got.map((tensor) => backend.readSync(tensor));
    for (const tensor of got) if (!tensor.disposed) backend.dispose(tensor);
    if (backend.tensorCount() !== tensors || store.arena.blocks() !== blocks) found.push(`${graph.title}: a leak`);
    const expected =
      against === 'float64'
        ? graph.run(oracle).map((tensor) => oracle.readSync(tensor))
        : eager.scope(() => graph.run(eager).map((tensor) => eager.readSync(tensor)));
    read.forEach((tensor, at) => {
      const text = difference(tensor, expected[at]!, 2e-4);
      if (text !== undefined && found.length < 3) found.push(`${graph.title}, result ${at}: ${text}`);
    });
  }
  return found;
}

describe('random programs', () => {
  it('are what float64 says', () => {
    expect(differences(0, 400, false, 'float64')).toEqual([]);
  });

  it('are what float64 says where they hold infinities, NaN and large numbers', () => {
    expect(differences(10_000, 300, true, 'float64')).toEqual([]);
  });

  it('are what the eager backend says', () => {
    expect(differences(30_000, 200, true, 'eager')).toEqual([]);
  });
});

describe('a choice within a side of another', () => {
  it('is there for choices elsewhere by the same condition, where that side is passed over', () => {
    const { backend } = open();
    const place = (...numbers: number[]) =>
      backend.fromHost({ data: Float32Array.from(numbers), shape: [numbers.length] });
    const [near, p, x, w] = [place(1, 1, 1, 1), place(1, 0, 1, 0), place(1, 2, 3, 4), place(5, 6, 7, 8)];
    const result = backend.scope(() => {
      const zero = backend.scalar(0);
      const within = backend.where(p, backend.exp(backend.multiply(p, x)), zero);
      const dear = backend.divide(backend.log(backend.add(within, backend.scalar(2))), x);
      const elsewhere = backend.where(p, backend.exp(backend.log(w)), zero);
      return backend.add(backend.where(near, x, dear), elsewhere);
    });
    const expected = [6, 2, 10, 4];
    backend.readSync(result).data.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at]!, 5);
    });
  });
});
