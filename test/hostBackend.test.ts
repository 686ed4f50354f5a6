import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';

const logits = {
  studentLogits: { data: Float32Array.of(1, 2, 3, 3, 1, 2), shape: [2, 3] },
  teacherLogits: { data: Float32Array.of(3, 1, 2, 1, 1, 1), shape: [2, 3] },
};
const scores = { logits: logits.studentLogits, labels: [2, 1] };

/** The library as a page loads it, with an engine that may have changed since. */
async function freshLibrary() {
  vi.resetModules();
  return { ...(await import('dark-knowledge')), ...(await import('dark-knowledge/wasm')) };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('plain names compute what they return in one go, whichever part is read first', async () => {
  const library = await freshLibrary();
  const Module = WebAssembly.Module;
  let compiled = 0;
  vi.stubGlobal('WebAssembly', {
    ...members(WebAssembly),
    Module: class extends Module {
      constructor(bytes: BufferSource) {
        super(bytes);
        compiled++;
      }
    },
  });
  const programsOf = (compute: () => unknown): number => {
    const before = compiled;
    compute();
    return compiled - before;
  };
  // The first calls start the backends.
  library.evaluate(library.logitMse(), logits);
  library.measure(library.agreement(), logits);
  const both = library.weightedSum({
    reverse: { loss: library.klDivergence({ direction: 'reverse' }), weight: 1 },
    mixture: { loss: library.jensenShannon(), weight: 1 },
  });
  expect(programsOf(() => library.valueAndGradients(library.klDivergence(), logits))).toBe(1);
  expect(programsOf(() => library.evaluate(both, logits))).toBe(1);
  expect(programsOf(() => library.measure(library.tokenFidelity(), { ...logits, labels: [2, 1] }))).toBe(1);
});

describe('float32 input where WebAssembly', async () => {
  const { crossEntropy, evaluate, klDivergence, measure, accuracy, calibrationError, valueAndGradients } =
    await freshLibrary();
  const expected = {
    value: evaluate(klDivergence({ temperature: 2 }), logits).value,
    gradient: valueAndGradients(crossEntropy(), { ...logits, labels: [2, 1] }).gradients.studentLogits,
    accuracy: measure(accuracy(), scores).value,
    calibration: measure(calibrationError(), scores).value,
  };

  async function expectTheSame(): Promise<void> {
    const library = await freshLibrary();
    for (let call = 0; call < 3; call++) {
      expect(library.evaluate(library.klDivergence({ temperature: 2 }), logits).value).toBeCloseTo(expected.value, 6);
      const { gradients } = library.valueAndGradients(library.crossEntropy(), { ...logits, labels: [2, 1] });
      expect(gradients.studentLogits.shape).toEqual([2, 3]);
      expect(gradients.studentLogits.data).toBeInstanceOf(Float32Array);
      gradients.studentLogits.data.forEach((value, at) => {
        expect(value).toBeCloseTo(expected.gradient.data[at]!, 6);
      });
      expect(library.measure(library.accuracy(), scores).value).toBe(expected.accuracy);
      expect(library.measure(library.calibrationError(), scores).value).toBeCloseTo(expected.calibration, 6);
    }
    expect(library.wasmIsSupported()).toBe(false);
    expect(() => library.wasmBackend()).toThrow(
      /^wasmBackend: engine must be one with WebAssembly SIMD that lets it be compiled, got 'one without'\. Use cpuBackend/,
    );
  }

  /** An engine under a policy: modules are valid, and must not be compiled. */
  function forbid(error: Error) {
    const compile = vi.fn(function refuse() {
      throw error;
    });
    vi.stubGlobal('WebAssembly', { ...members(WebAssembly), Module: compile });
    return compile;
  }

  it('must not be compiled, as a content-security policy says it, is computed on cpu', async () => {
    const compile = forbid(new WebAssembly.CompileError("Refused to compile: 'unsafe-eval' is not an allowed source"));
    const log = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
    await expectTheSame();
    // Found out once for losses and once for metrics, not at each call; then by the two questions after them.
    expect(compile.mock.calls.length).toBeLessThanOrEqual(4);
    for (const spy of log) expect(spy).not.toHaveBeenCalled();
  });

  it('must not be compiled, as an edge worker says it, is computed on cpu', async () => {
    forbid(new EvalError('Code generation from strings disallowed for this context'));
    await expectTheSame();
  });

  it('is not there at all is computed on cpu', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    await expectTheSame();
  });

  it('compiles a small module and not ours is computed on cpu', async () => {
    const { Module } = WebAssembly;
    function Sized(bytes: BufferSource): WebAssembly.Module {
      if (bytes.byteLength > 4096) throw new RangeError('WebAssembly.Module is disallowed on the main thread');
      return new Module(bytes);
    }
    vi.stubGlobal('WebAssembly', { ...members(WebAssembly), Module: Sized });
    const library = await freshLibrary();
    expect(library.evaluate(library.klDivergence({ temperature: 2 }), logits).value).toBeCloseTo(expected.value, 6);
    expect(library.measure(library.calibrationError(), scores).value).toBeCloseTo(expected.calibration, 6);
  });
});

describe('releaseMemory', () => {
  it('drops the memory of losses and metrics, once it is collected, and the next call starts anew', async () => {
    const script = `
      const memories = [];
      const { Memory } = WebAssembly;
      WebAssembly.Memory = function (descriptor) {
        const memory = new Memory(descriptor);
        memories.push(new WeakRef(memory));
        return memory;
      };
      const { calibrationError, evaluate, klDivergence, measure, releaseMemory } = await import('./src/index.ts');
      const logits = { data: new Float32Array(4e6).map((_, at) => Math.sin(at)), shape: [4000, 1000] };
      const labels = new Int32Array(4000);
      const run = () => [
        evaluate(klDivergence(), { studentLogits: logits, teacherLogits: logits }).value,
        measure(calibrationError(), { logits, labels }).value,
      ];
      const megabytes = async () => {
        for (let round = 0; round < 5; round++) {
          globalThis.gc();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return memories.reduce((sum, held) => sum + (held.deref()?.buffer.byteLength ?? 0), 0) / 1e6;
      };
      const results = [run()];
      const used = [await megabytes()];
      releaseMemory();
      used.push(await megabytes());
      results.push(run());
      releaseMemory();
      releaseMemory();
      used.push(await megabytes());
      console.log(JSON.stringify({ used, results }));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', script],
      { timeout: 50_000 },
    );
    const { used, results } = JSON.parse(stdout) as { readonly used: number[]; readonly results: number[][] };
    // Two tensors of 16 MB in one memory, one in the other.
    expect(used[0]).toBeGreaterThan(48);
    expect(used.slice(1)).toEqual([0, 0]);
    expect(results[1]).toEqual(results[0]);
  });

  it('leaves what was returned as it was', async () => {
    const { klDivergence, releaseMemory, valueAndGradients } = await freshLibrary();
    const { gradients } = valueAndGradients(klDivergence(), logits);
    const before = Array.from(gradients.studentLogits.data);
    releaseMemory();
    valueAndGradients(klDivergence(), { ...logits, teacherLogits: logits.studentLogits });
    expect(Array.from(gradients.studentLogits.data)).toEqual(before);
  });
});

/** Of a namespace, whose members are not enumerable. */
function members(namespace: object): object {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(namespace)).map(([name, { value }]) => [name, value]),
  );
}
