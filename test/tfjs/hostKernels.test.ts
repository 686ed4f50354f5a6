import * as tf from '@tensorflow/tfjs-core';
import { klDivergence, vid } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { type TfjsLossOptions, tfjsLoss } from 'dark-knowledge/tfjs';
import { type WasmBackend, type WasmTensor, wasmBackend } from 'dark-knowledge/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { openTfjs, tfjsBackendNames } from '../support/tfjs.ts';

const studentLogits = [
  [1, -2, 0.5],
  [0, 3, -1],
];
const teacherLogits = [
  [2, -1, 0],
  [-1, 1, 1],
];

/** Kernels that count how often a result was read back from them. */
function counted(): { readonly kernels: WasmBackend; readonly reads: () => number } {
  const kernels = wasmBackend();
  let reads = 0;
  return {
    kernels: {
      ...kernels,
      readSync(tensor) {
        reads++;
        return kernels.readSync(tensor);
      },
    },
    reads: () => reads,
  };
}

describe.each(tfjsBackendNames.filter((name) => ['cpu', 'wasm', 'tensorflow'].includes(name)))(
  'kernels in host memory for tfjs on %s',
  (backendName) => {
    let missing: string | undefined;
    beforeAll(async () => {
      const opened = await openTfjs(backendName);
      missing = 'missing' in opened ? opened.missing : undefined;
    });
    const test = (title: string, body: () => Promise<void> | void): void => {
      it(title, async (context) => (missing === undefined ? body() : context.skip(missing)));
    };

    test('weigh the rows by what arrives for each of them, for parameters that the rows share too', async () => {
      const loss = vid({ reduction: 'none' });
      const [features, variance, above] = [tf.tensor(studentLogits), tf.tensor1d([0.5, -1, 2]), tf.tensor1d([2, -0.5])];
      const gradientsBy = (options: TfjsLossOptions<WasmTensor>, upstream?: tf.Tensor) =>
        tf
          .grads((studentFeatures: tf.Tensor, own: tf.Tensor) =>
            tfjsLoss(loss, options)({ studentFeatures, teacherFeatures: teacherLogits, variance: own }),
          )([features, variance], upstream)
          .map((gradient) => Array.from(gradient.dataSync()));
      const { kernels, reads } = counted();
      const before = tf.memory().numTensors;
      const got = tf.tidy(() => gradientsBy({ kernels }, above));
      // A value of two rows, then two gradients.
      expect([reads(), kernels.tensorCount(), tf.memory().numTensors - before]).toEqual([3, 0, 0]);
      expectDeepClose(
        got,
        tf.tidy(() => gradientsBy({}, above)),
        1e-5,
      );
      // The gradient of the plain sum is another.
      expect(tf.tidy(() => gradientsBy({ kernels }))[1]![0]! / got[1]![0]!).toBeCloseTo(4 / 3, 1);
      tf.dispose([features, variance, above]);
    });

    test('are asked once a step: the gradient is kept', () => {
      const { kernels, reads } = counted();
      const student = tf.tensor(studentLogits);
      const before = tf.memory().numTensors;
      const loss = tfjsLoss(klDivergence(), { kernels });
      for (let step = 0; step < 3; step++) {
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss({ studentLogits: x, teacherLogits }))(student);
        tf.dispose([value, grad]);
      }
      // A value and a gradient a step, and one look at how precise the numbers are.
      expect([reads(), kernels.tensorCount(), tf.memory().numTensors - before]).toEqual([7, 0, 0]);
      student.dispose();
    });

    test('are passed over where tfjs computes on a GPU', () => {
      const { kernels, reads } = counted();
      const backend = tf.backend() as { isUsingGpuDevice?: boolean };
      const was = backend.isUsingGpuDevice;
      const loss = tfjsLoss(klDivergence(), { kernels });
      const value = (): number => tf.tidy(() => loss({ studentLogits, teacherLogits }).dataSync()[0]!);
      backend.isUsingGpuDevice = true;
      let onGpu: number;
      try {
        onGpu = value();
        expect(reads()).toBe(0);
      } finally {
        if (was === undefined) delete backend.isUsingGpuDevice;
        else backend.isUsingGpuDevice = was;
      }
      expectDeepClose(onGpu, value(), 1e-6);
      // The value, the gradient that may be asked for, and one look at how precise the numbers are.
      expect(reads()).toBe(3);
    });

    test('may be those of any backend in host memory, in double precision too', () => {
      const kernels = cpuBackend({ precision: 'float64' });
      const student = tf.tensor(studentLogits);
      const gradient = (options: TfjsLossOptions<ReturnType<typeof kernels.scalar>>): number[] =>
        tf.tidy(() =>
          Array.from(
            tf
              .grad((x: tf.Tensor) => tfjsLoss(klDivergence(), options)({ studentLogits: x, teacherLogits }))(student)
              .dataSync(),
          ),
        );
      expectDeepClose(gradient({ kernels }), gradient({}), 1e-6);
      student.dispose();
    });

    test('name the loss and the input in an error, and nothing stays behind', () => {
      const { kernels } = counted();
      const before = tf.memory().numTensors;
      expect(() => tfjsLoss(klDivergence(), { kernels })({ studentLogits, teacherLogits: [[1, 2]] })).toThrow(
        /klDivergence: teacherLogits must be .*got shape \[1, 2\]/,
      );
      expect([kernels.tensorCount(), tf.memory().numTensors - before]).toEqual([0, 0]);
    });
  },
);

describe('the option kernels of tfjsLoss', () => {
  it('takes a backend that reads at once, and says so', () => {
    expect(() => tfjsLoss(klDivergence(), { kernels: wasmBackend as never })).toThrow(
      /tfjsLoss: kernels must be a backend in host memory, such as that of dark-knowledge\/wasm, got a function\. Call/,
    );
    const { readSync, ...elsewhere } = cpuBackend();
    expect(() => tfjsLoss(klDivergence(), { kernels: elsewhere as never })).toThrow(
      /kernels must be a backend in host/,
    );
    expect(typeof readSync).toBe('function');
    expect(() => tfjsLoss(klDivergence(), { kernel: cpuBackend() } as never)).toThrow(
      /tfjsLoss: option must be one of/,
    );
  });
});
