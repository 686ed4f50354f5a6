/** The recording side on the wasm backend: when things are computed, who owns what, and what happens when something fails. */
import { type Backend, klDivergence, queueDivergence, valueAndGradients, valueAndGradientsOn } from 'dark-knowledge';
import { type WasmBackend, type WasmTensor, wasmBackend } from 'dark-knowledge/wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { planGraph } from '../../src/fusion/plan.ts';
import { openWasm } from '../../src/wasm/wasmBackend.ts';

const open = (planning = {}) => openWasm(() => [], {}, { planning });
const numbers = (...data: number[]) => ({ data: Float32Array.from(data), shape: [data.length] });
const wave = (shape: readonly number[], phase = 0) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, at) => 3 * Math.sin(at * 1.7 + phase)), shape };
};
const read = (backend: WasmBackend, tensor: WasmTensor): number[] => Array.from(backend.readSync(tensor).data);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the natives beneath', () => {
  it('are passed on, and see computed operands', () => {
    const { backend, recorder } = open();
    const got = backend.scope(() => {
      const x = backend.exp(backend.fromHost({ data: new Float32Array(4), shape: [2, 2] }));
      const three = backend.multiply(x, backend.fromHost({ data: Float32Array.of(1, 2, 1, 5), shape: [2, 2] }));
      return read(backend, backend.squaredDistances!(three));
    });
    expect(got).toEqual([0, 9, 9, 0]);
    expect(recorder.counters.flushes).toBe(1);
    for (const name of ['replaceRows', 'argSort', 'takeAlong', 'scatterAlong'] as const) {
      expect(backend[name], name).toBeTypeOf('function');
    }
  });
});

describe('when recorded operations are computed', () => {
  it('a value and its gradients are one flush', () => {
    const { backend, recorder } = open();
    valueAndGradientsOn(backend, klDivergence(), { studentLogits: wave([3, 5]), teacherLogits: wave([3, 5], 1) });
    expect(recorder.counters).toEqual({ flushes: 1, interpreted: 0 });
  });

  it('they are one flush in a scope around the loss too, where they are read one by one', () => {
    const { backend, recorder } = open();
    backend.scope(() => {
      const inputs = { studentLogits: wave([3, 5]), teacherLogits: wave([3, 5], 1) };
      const { value, gradients } = valueAndGradientsOn(backend, klDivergence(), inputs);
      return [read(backend, value), read(backend, gradients.studentLogits)];
    });
    expect(recorder.counters.flushes).toBe(1);
  });

  it('the value of a loss whose gradient is a product is computed with what the product needs', () => {
    const softmaxes: boolean[] = [];
    const { backend } = openWasm(
      () => [],
      {},
      {
        around: (execute) => (graph) => {
          softmaxes.push(planGraph(graph).values.some(({ operation }) => operation === 'power'));
          return execute(graph);
        },
      },
    );
    const inputs = {
      studentFeatures: wave([6, 4]),
      teacherFeatures: wave([6, 4], 1),
      studentQueue: wave([9, 4], 2),
      teacherQueue: wave([9, 4], 3),
    };
    valueAndGradientsOn(backend, queueDivergence(), inputs);
    expect(softmaxes.filter((has) => has)).toHaveLength(1);
  });

  it('outside of a scope an operation runs at once', () => {
    const { backend, recorder } = open();
    const x = backend.fromHost(numbers(1, 2));
    expect(read(backend, backend.add(backend.exp(x), backend.scalar(1)))).toEqual(
      [Math.fround(Math.E) + 1, Math.fround(Math.exp(2)) + 1].map(Math.fround),
    );
    expect(recorder.counters.flushes).toBe(0);
  });

  it('a read, a product and a gather compute what they need', () => {
    const { backend, recorder } = open();
    const got = backend.scope(() => {
      const x = backend.exp(backend.fromHost({ data: new Float32Array(4), shape: [2, 2] }));
      const first = read(backend, x);
      const product = backend.matMul(backend.add(x, x), backend.add(x, x));
      const picked = backend.gather(backend.multiply(product, x), backend.fromHost(numbers(1)));
      return [first, read(backend, picked)];
    });
    expect(got).toEqual([
      [1, 1, 1, 1],
      [8, 8],
    ]);
    expect(recorder.counters.flushes).toBe(3);
  });

  it('chains of any length are computed', () => {
    const { backend } = open();
    const sum = backend.scope(() => {
      let x = backend.fromHost(numbers(0, 1));
      for (let step = 0; step < 5000; step++) x = backend.add(x, backend.scalar(1));
      return x;
    });
    expect(read(backend, sum)).toEqual([5000, 5001]);
  });

  it('a chain that is too long for one graph is cut in two, and what is made of its cut needs no other cut', () => {
    const { backend, recorder } = open();
    const results = backend.scope(() => {
      let x = backend.fromHost(numbers(0, 1));
      for (let step = 0; step < 400; step++) x = backend.add(x, backend.scalar(1));
      return x;
    });
    expect(read(backend, results)).toEqual([400, 401]);
    expect(recorder.counters).toEqual({ flushes: 2, interpreted: 0 });
    const siblings = backend.scope(() => {
      let x = backend.fromHost(numbers(0, 1));
      for (let step = 0; step < 255; step++) x = backend.add(x, backend.scalar(1));
      return Array.from({ length: 20 }, (_, at) => backend.multiply(x, backend.scalar(at)));
    });
    expect(siblings.map((tensor) => read(backend, tensor)[1])).toEqual(Array.from({ length: 20 }, (_, at) => 256 * at));
    expect(recorder.counters).toEqual({ flushes: 4, interpreted: 0 });
  });

  it('the steps of a loop that read several tensors of the last one are cut together', () => {
    const { backend, eager, recorder } = open();
    const balance = <T>(b: Backend<T>): T =>
      b.scope(() => {
        let x = b.fromHost(wave([4, 6]));
        for (let step = 0; step < 50; step++) {
          const most = b.max(x, { axis: -1, keepDims: true });
          const total = b.sum(b.exp(b.subtract(x, most)), { axis: -1, keepDims: true });
          x = b.subtract(x, b.add(most, b.log(total)));
        }
        return x;
      });
    const got = read(backend, balance(backend));
    expect(recorder.counters).toEqual({ flushes: 2, interpreted: 0 });
    const expected = Array.from(eager.readSync(balance(eager)).data);
    got.forEach((number, at) => {
      expect(number).toBeCloseTo(expected[at]!, 5);
    });
  });

  it('state that goes on from step to step is one flush a step, however many steps there have been', () => {
    const { backend, recorder } = open();
    const x = backend.fromHost(wave([4, 6]));
    let centre = backend.fromHost(wave([6], 1));
    for (let step = 1; step <= 300; step++) {
      const next = backend.scope(() => {
        const kept = backend.multiply(centre, backend.scalar(0.9));
        return backend.add(kept, backend.multiply(backend.sum(x, { axis: 0 }), backend.scalar(0.025)));
      });
      backend.dispose(centre);
      centre = next;
      expect(recorder.counters.flushes, `step ${step}`).toBe(step);
    }
  });

  it('what viewOf is about to change has been read before', () => {
    const { backend } = open();
    const x = backend.allocate([2]);
    backend.viewOf(x).set([1, 2]);
    const before = backend.scope(() => {
      const doubled = backend.add(x, x);
      backend.viewOf(x).set([10, 20]);
      return doubled;
    });
    expect(read(backend, before)).toEqual([2, 4]);
    expect(read(backend, backend.add(x, x))).toEqual([20, 40]);
  });
});

describe('who owns what', () => {
  it('an input that is disposed inside a scope stays until recorded operations have read it', () => {
    const { backend } = open();
    const x = backend.fromHost(numbers(1, 2));
    const doubled = backend.scope(() => {
      const sum = backend.add(x, x);
      backend.dispose(x);
      return sum;
    });
    expect(() => backend.exp(x)).toThrow(/disposed/);
    expect(read(backend, doubled)).toEqual([2, 4]);
    backend.dispose(doubled);
    expect(backend.tensorCount()).toBe(0);
    expect(backend.byteCount()).toBe(open().backend.byteCount());
  });

  it('a logSoftmax outside of a scope, or of no rows, leaves its result alone', () => {
    const { backend } = open();
    const [x, none] = [backend.fromHost(wave([3, 4])), backend.fromHost(wave([0, 4]))];
    const bytes = backend.byteCount();
    for (let call = 0; call < 3; call++) {
      backend.dispose(backend.logSoftmax!(x));
      backend.dispose(backend.scope(() => backend.logSoftmax!(none)));
    }
    expect(backend.tensorCount()).toBe(2);
    expect(backend.byteCount()).toBe(bytes);
  });

  it('a result that is disposed inside its scope is not computed', () => {
    const { backend, recorder } = open();
    backend.scope(() => {
      const x = backend.exp(backend.fromHost(numbers(1)));
      backend.dispose(x);
      return x;
    });
    expect(recorder.counters.flushes).toBe(0);
    expect(backend.tensorCount()).toBe(0);
  });

  it('a result may be an input, a constant, or the same as another', () => {
    const { backend } = open();
    const x = backend.fromHost(numbers(1, 2));
    const kept = backend.scope(() => {
      const sum = backend.add(x, x);
      return { x: backend.reshape(x, [2, 1]), number: backend.scalar(3), sum, again: backend.add(x, x) };
    });
    expect(read(backend, kept.x)).toEqual([1, 2]);
    expect(read(backend, kept.number)).toEqual([3]);
    backend.dispose(kept.sum);
    expect(read(backend, kept.again)).toEqual([2, 4]);
    for (const tensor of [x, kept.x, kept.number, kept.again]) backend.dispose(tensor);
    expect(backend.tensorCount()).toBe(0);
  });

  it('nothing is left after a thousand steps of changing shapes', () => {
    const { backend, store } = open();
    const blocks = store.arena.blocks();
    for (let step = 0; step < 1000; step++) {
      const rows = 1 + (step % 40);
      const { value, gradients } = valueAndGradientsOn(backend, klDivergence(), {
        studentLogits: wave([rows, 3]),
        teacherLogits: wave([rows, 3], 1),
      });
      backend.dispose(value);
      backend.dispose(gradients.studentLogits);
    }
    expect(backend.tensorCount()).toBe(0);
    expect(store.count()).toBe(0);
    expect(store.arena.blocks()).toBe(blocks);
  });
});

describe('what fails', () => {
  it('fails at the call where shapes do not fit, and frees what the scope has made', () => {
    const { backend, store } = open();
    const blocks = store.arena.blocks();
    expect(() =>
      backend.scope(() => {
        const x = backend.exp(backend.fromHost(numbers(1, 2)));
        return backend.add(x, backend.fromHost(numbers(1, 2, 3)));
      }),
    ).toThrow('add: shapes must broadcast to one another, got [2] and [3].');
    expect(backend.tensorCount()).toBe(0);
    expect(store.arena.blocks()).toBe(blocks);
  });

  it('a scope whose results cannot be computed throws, and leaves nothing behind', () => {
    const { backend, store } = open();
    const x = backend.fromHost(numbers(1, 2));
    const blocks = store.arena.blocks();
    const make = vi.spyOn(store, 'make').mockImplementationOnce(() => {
      throw new RangeError('no memory');
    });
    expect(() => backend.scope(() => backend.exp(x))).toThrow('no memory');
    make.mockRestore();
    expect(store.arena.blocks()).toBe(blocks);
    expect(backend.tensorCount()).toBe(1);
    expect(
      read(
        backend,
        backend.scope(() => backend.add(x, x)),
      ),
    ).toEqual([2, 4]);
  });

  it("refuses another backend's tensors, and frees none of them", () => {
    const [a, b] = [wasmBackend(), wasmBackend()];
    const x = a.fromHost(numbers(1, 2));
    expect(() => b.scope(() => b.exp(x))).toThrow(TypeError);
    expect(() => b.dispose(x)).toThrow(TypeError);
    expect(read(a, x)).toEqual([1, 2]);
  });

  it('two backends record at the same time', () => {
    const [a, b] = [wasmBackend(), wasmBackend()];
    const kept = a.scope(() => {
      const x = a.exp(a.fromHost(numbers(0, 1)));
      const other = b.scope(() => b.add(b.fromHost(numbers(1)), b.scalar(1)));
      return { x: a.add(x, a.fromHost({ data: b.readSync(other).data, shape: [1] })), other };
    });
    expect(read(a, kept.x)).toEqual([3, 2 + Math.fround(Math.E)].map(Math.fround));
    expect(read(b, kept.other)).toEqual([2]);
  });
});

describe('caches', () => {
  const loss = (temperature: number) => klDivergence({ temperature });
  const batch = (rows: number, classes: number) => ({
    studentLogits: wave([rows, classes]),
    teacherLogits: wave([rows, classes], 1),
  });
  const lossOf = (backend: WasmBackend, temperature: number, rows: number, classes: number): number =>
    backend.scope(() => read(backend, valueAndGradientsOn(backend, loss(temperature), batch(rows, classes)).value)[0]!);
  const expected = (temperature: number, rows: number, classes: number): number => {
    const { studentLogits, teacherLogits } = batch(rows, classes);
    const double = (host: { data: Float32Array; shape: readonly number[] }) => ({
      data: Float64Array.from(host.data),
      shape: host.shape,
    });
    return valueAndGradients(loss(temperature), {
      studentLogits: double(studentLogits),
      teacherLogits: double(teacherLogits),
    }).value;
  };

  it('the same graph is planned once, another shape again, and its program is the same', () => {
    const { backend, executor } = open();
    const { counters } = executor.planner;
    for (let step = 0; step < 3; step++) lossOf(backend, 4, 5, 60);
    expect(counters).toEqual({ plans: 1, programs: 1 });
    expect(lossOf(backend, 4, 7, 70)).toBeCloseTo(expected(4, 7, 70), 5);
    expect(counters).toEqual({ plans: 2, programs: 1 });
  });

  it('another temperature is another number, not another program', () => {
    const { backend, executor } = open();
    for (const temperature of [4, 3, 7]) {
      expect(lossOf(backend, temperature, 5, 40)).toBeCloseTo(expected(temperature, 5, 40), 5);
    }
    expect(executor.planner.counters).toEqual({ plans: 1, programs: 1 });
    // 1 is part of the structure: a product disappears.
    expect(lossOf(backend, 1, 5, 40)).toBeCloseTo(expected(1, 5, 40), 5);
    expect(executor.planner.counters.programs).toBe(2);
  });

  it('another option is another graph', () => {
    const { backend, executor } = open();
    const run = (direction: 'forward' | 'reverse') =>
      backend.scope(() => read(backend, valueAndGradientsOn(backend, klDivergence({ direction }), batch(5, 40)).value));
    expect(run('forward')).not.toEqual(run('reverse'));
    expect(executor.planner.counters.plans).toBe(2);
  });

  it('graphs whose hashes collide are told apart', () => {
    const { backend, executor } = open({ hashOf: () => 7 });
    for (const [temperature, rows, classes] of [
      [4, 5, 40],
      [4, 6, 40],
      [1, 5, 40],
      [4, 5, 40],
    ] as const) {
      expect(lossOf(backend, temperature, rows, classes)).toBeCloseTo(expected(temperature, rows, classes), 5);
    }
    expect(executor.planner.counters.plans).toBe(3);
  });

  it('thousands of shapes do not fill memory: old plans are forgotten', () => {
    const { backend, executor } = open();
    const sum = (size: number) =>
      backend.scope(() => read(backend, backend.sum(backend.exp(backend.fromHost(wave([size])))))[0]!);
    const first = sum(1000);
    for (let size = 1; size <= 1200; size++) sum(size);
    expect(sum(1000)).toBe(first);
    expect(executor.planner.counters.programs).toBeLessThan(10);
  });
});

describe('engines that forbid code made at run time', () => {
  class Forbidden {
    constructor() {
      throw new WebAssembly.CompileError('code generation disallowed by embedder');
    }
  }

  it('a backend that was made before goes on, one operation after the other', () => {
    const { backend, recorder } = open();
    vi.stubGlobal('WebAssembly', { ...WebAssembly, Module: Forbidden, Instance: WebAssembly.Instance });
    const sum = backend.scope(() => backend.sum(backend.exp(backend.fromHost(numbers(0, 0)))));
    expect(read(backend, sum)).toEqual([2]);
    expect(recorder.counters).toEqual({ flushes: 1, interpreted: 1 });
  });

  it('the plain names take the cpu backend by themselves', async () => {
    vi.stubGlobal('WebAssembly', { validate: WebAssembly.validate, Module: Forbidden });
    vi.resetModules();
    const fresh = await import('../../src/index.ts');
    const { wasmIsSupported } = await import('../../src/wasm/index.ts');
    expect(wasmIsSupported()).toBe(false);
    const logits = Float32Array.of(1, 2, 3);
    const { value } = fresh.valueAndGradients(fresh.klDivergence(), {
      studentLogits: fresh.tensor(logits, [1, 3]),
      teacherLogits: fresh.tensor(Float32Array.of(3, 2, 1), [1, 3]),
    });
    expect(value).toBeCloseTo(1.1504, 3);
  });
});
