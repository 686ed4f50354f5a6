/** Classes and channels that come last, and go back: what is recorded of it, and what is walked as it lies. */
import { evaluate, type HostBackend, klDivergence, pixelwiseDivergence, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { type WasmBackend, wasmBackend } from 'dark-knowledge/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedMembers } from '../../src/fusion/fused.ts';
import { planGraph } from '../../src/fusion/plan.ts';
import { makeRecorder } from '../../src/fusion/record.ts';
import { exchangedBy } from '../../src/fusion/transposition.ts';
import { planesOf } from '../../src/wasm/fusion/planes.ts';
import { openWasm } from '../../src/wasm/wasmBackend.ts';

const wave = (shape: readonly number[], phase = 0) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, at) => 3 * Math.sin(at * 1.7 + phase)), shape };
};

describe('what a permutation comes down to', () => {
  it('two groups of neighbours that change places, behind what stays', () => {
    expect(exchangedBy([2, 3, 4, 5], [0, 2, 3, 1])).toEqual([2, 3, 20]);
    expect(exchangedBy([2, 3, 4, 5], [0, 3, 1, 2])).toEqual([2, 12, 5]);
    expect(exchangedBy([3, 4], [1, 0])).toEqual([1, 3, 4]);
    expect(exchangedBy([2, 3, 4, 5], [2, 3, 0, 1])).toEqual([1, 6, 20]);
  });

  it('axes of extent 1 are wherever they are wanted', () => {
    expect(exchangedBy([1, 3, 1, 5], [3, 0, 2, 1])).toEqual([1, 3, 5]);
  });

  it('nothing, where no element moves or more than two groups do', () => {
    expect(exchangedBy([2, 1, 4], [1, 0, 2])).toBeUndefined();
    expect(exchangedBy([2, 3, 4], [2, 1, 0])).toBeUndefined();
    expect(exchangedBy([2, 3, 4, 5], [0, 2, 1, 3])).toBeUndefined();
  });
});

/** The flushes of a loss over classes in the middle, on a device that transposes by itself or not. */
function flushesOf(transposes: boolean): { readonly flushes: number; readonly gradient: readonly number[] } {
  const base = cpuBackend({ precision: 'float64' });
  const recorder = makeRecorder({ backend: 'stand-in' }, base, () => undefined, { transposes });
  const backend = fusedMembers('stand-in', base, recorder);
  const gradient = backend.scope(() => {
    const inputs = { studentLogits: wave([2, 3, 4]), teacherLogits: wave([2, 3, 4], 1) };
    const { gradients } = valueAndGradientsOn(backend, klDivergence({ axis: 1 }), inputs);
    expect(recorder.counters.flushes).toBe(0);
    return gradients.studentLogits;
  });
  const numbers = Array.from(base.readSync(recorder.storedOf('read', gradient)).data);
  backend.dispose(gradient);
  expect(backend.tensorCount?.()).toBe(0);
  expect(base.tensorCount?.() ?? 0).toBe(0);
  return { flushes: recorder.counters.flushes, gradient: numbers };
}

describe('a transposed result', () => {
  it('is computed with the rest, whether the device transposes by itself or afterwards', () => {
    const [by, after] = [flushesOf(true), flushesOf(false)];
    expect([by.flushes, after.flushes]).toEqual([1, 1]);
    expect(after.gradient).toEqual(by.gradient);
    expect(new Set(by.gradient).size).toBe(24);
  });

  it('is computed before what is made of it', () => {
    const { backend, recorder } = openWasm(() => []);
    const read = backend.scope(() => {
      const x = backend.fromHost({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
      const turned = backend.transpose(backend.add(x, backend.scalar(1)));
      const back = backend.transpose(backend.multiply(turned, turned));
      return [turned, back, backend.add(back, x)].map((tensor) => Array.from(backend.readSync(tensor).data));
    });
    expect(read).toEqual([
      [2, 5, 3, 6, 4, 7],
      [4, 9, 16, 25, 36, 49],
      [5, 11, 19, 29, 41, 55],
    ]);
    expect(recorder.counters.interpreted).toBe(0);
  });
});

/** A backend that notes of each flush how many values it reads and writes as they lie. */
function watched() {
  const lying: number[] = [];
  const { backend } = openWasm(
    () => [],
    {},
    {
      around: (execute) => (graph) => {
        lying.push(planesOf(planGraph(graph)).values.size);
        return execute(graph);
      },
    },
  );
  return { backend, lying };
}

/** What klDivergence over classes in the middle reads and writes as it lies. */
function lyingIn(shape: readonly number[]): readonly number[] {
  const { backend, lying } = watched();
  const inputs = { studentLogits: wave(shape), teacherLogits: wave(shape, 1) };
  const { value, gradients } = valueAndGradientsOn(backend, klDivergence({ axis: 1 }), inputs);
  [value, gradients.studentLogits].forEach(backend.dispose);
  expect(backend.tensorCount()).toBe(0);
  return lying;
}

describe('rows that lie across memory', () => {
  it('are walked as they lie: both sides and the gradient', () => {
    expect(lyingIn([2, 19, 7, 9])).toEqual([3]);
    expect(lyingIn([1, 3, 4])).toEqual([3]);
  });

  it('are transposed where a plane has fewer than four, where they are long, or would fall out of the cache', () => {
    expect(lyingIn([8, 5, 3])).toEqual([0]);
    expect(lyingIn([1, 300, 5])).toEqual([0]);
    expect(lyingIn([1, 19, 128, 128])).toEqual([0]);
    expect(lyingIn([1, 19, 127, 129])).toEqual([3]);
  });

  it('are transposed where most of what is walked with them lies row by row', () => {
    const count = (others: number): readonly number[] => {
      const { backend, lying } = watched();
      backend.scope(() => {
        const across = backend.transpose(backend.fromHost(wave([9, 8])));
        let made = backend.multiply(across, backend.fromHost(wave([8, 1])));
        for (let at = 0; at < others; at++) made = backend.add(made, backend.fromHost(wave([8, 9], at)));
        return backend.readSync(backend.sum(made, { axis: 1 }));
      });
      return lying;
    };
    expect([0, 1, 2].map(count)).toEqual([[1], [1], [0]]);
  });

  it('give what float64 gives, however many rows a plane has', async () => {
    const exact = cpuBackend({ precision: 'float64' });
    const backend = wasmBackend();
    for (const positions of [1, 2, 3, 4, 5, 6, 7, 8, 9, 13]) {
      for (const channels of [2, 3, 33, 65, 300]) {
        const shape = [3, channels, positions];
        const labels = {
          data: Float32Array.from({ length: 3 * positions }, (_, at) => (at % 4) - 1),
          shape: [3, positions],
        };
        const inputs = { studentFeatures: wave(shape), teacherFeatures: wave(shape, 1), labels };
        const loss = pixelwiseDivergence({ layout: 'channelsFirst', ignoreIndex: -1, temperature: 2 });
        const [got, expected] = [valueAndGradientsOn(backend, loss, inputs), valueAndGradientsOn(exact, loss, inputs)];
        expect(backend.readSync(got.value).data[0]).toBeCloseTo((await exact.read(expected.value)).data[0]!, 5);
        const gradient = (await exact.read(expected.gradients.studentFeatures)).data;
        backend.readSync(got.gradients.studentFeatures).data.forEach((number, at) => {
          expect(Math.abs(number - gradient[at]!), `${shape}, ${at}`).toBeLessThan(1e-6);
        });
      }
    }
  });

  it('have a program of their own where planes of one operand have other rows, and it is transposed', () => {
    const { backend, lying } = watched();
    const sums = <T>(on: HostBackend<T>, second: readonly number[]): ArrayLike<number> =>
      on.scope(() => {
        const [x, y] = [wave([2, 5, 8]), wave(second, 1)].map((input) =>
          on.reshape(on.transpose(on.fromHost(input)), [16, 5]),
        );
        return on.readSync(on.sum(on.multiply(x!, on.exp(y!)), { axis: 1 })).data;
      });
    const exact = cpuBackend({ precision: 'float64' });
    for (const second of [
      [2, 5, 8],
      [4, 5, 4],
    ]) {
      const [got, expected] = [sums(backend, second), sums(exact, second)];
      for (let row = 0; row < 16; row++) expect(got[row]! / expected[row]!).toBeCloseTo(1, 4);
    }
    expect(lying).toEqual([2, 1]);
  });

  it('may be an input that is left as it is, and the operand of anything', () => {
    const { backend } = openWasm(() => []);
    const read = backend.scope(() => {
      const x = backend.transpose(backend.fromHost(wave([2, 5, 6])), [0, 2, 1]);
      const row = backend.reshape(x, [60]);
      const total = backend.sum(backend.multiply(row, backend.fromHost(wave([60], 2))));
      return [x, total, backend.matMul(x, x, { transposeB: true })].map((tensor) => backend.readSync(tensor));
    });
    const [lying, factor] = [wave([2, 5, 6]).data, wave([60], 2).data];
    const at = (sample: number, position: number, channel: number) => lying[sample * 30 + channel * 6 + position]!;
    const rows = Float32Array.from({ length: 60 }, (_, n) => at(Math.floor(n / 30), Math.floor(n / 5) % 6, n % 5));
    expect(Array.from(read[0]!.data)).toEqual(Array.from(rows));
    expect(read[1]!.data[0]).toBeCloseTo(
      rows.reduce((sum, number, n) => sum + number * factor[n]!, 0),
      4,
    );
    expect(read[2]!.data[1]).toBeCloseTo(
      [0, 1, 2, 3, 4].reduce((sum, channel) => sum + at(0, 0, channel) * at(0, 1, channel), 0),
      4,
    );
  });
});

describe('on several threads', () => {
  let backend: WasmBackend;

  beforeAll(async () => {
    backend = wasmBackend({ threads: 3 });
    while (backend.threadCount() < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  afterAll(() => backend.close());

  it('parts that end within a plane give what one thread gives', () => {
    const single = wasmBackend();
    const shape = [3, 21, 55, 61];
    const inputs = { studentLogits: wave(shape), teacherLogits: wave(shape, 1) };
    const loss = klDivergence({ axis: 1 });
    const [several, one] = [backend, single].map((own) => {
      const { value, gradients } = valueAndGradientsOn(own, loss, inputs);
      return { value: own.readSync(value).data[0]!, gradient: own.readSync(gradients.studentLogits).data };
    });
    expect(several!.gradient).toEqual(one!.gradient);
    expect(Math.abs(several!.value / one!.value - 1)).toBeLessThan(1e-6);
    expect(one!.value).toBeCloseTo(evaluate(loss, inputs).value, 5);
  });
});
