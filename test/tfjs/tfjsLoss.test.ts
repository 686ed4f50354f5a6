import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  crossEntropy,
  hint,
  initializeHintRegressor,
  klDivergence,
  linearRamp,
  type TensorLike,
  tensor,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import { type TfjsLoss, tfjsLoss } from 'dark-knowledge/tfjs';
import { wasmBackend } from 'dark-knowledge/wasm';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createPerceptron } from '../../examples/mnist/layers.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { openTfjs, tfjsBackendNames } from '../support/tfjs.ts';

const studentLogits = [
  [1, -2, 0.5],
  [0, 3, -1],
  [-4, 0.25, 2],
];
const teacherLogits = [
  [2, -1, 0],
  [-1, 1, 1],
  [0, 0, 3],
];
const labels = [0, 2, 1];
const studentFeatures = [
  [1, 2],
  [-1, 0.5],
  [3, -2],
];
const teacherFeatures = [
  [1, 0, 2, -1],
  [0.5, 1, 0, 0],
  [-2, 1, 1, 3],
];
const regressor = initializeHintRegressor({ studentFeatures: 2, teacherFeatures: 4, seed: 3 });

const objective = weightedSum({
  task: { loss: crossEntropy(), weight: 0.3 },
  distillation: { loss: klDivergence({ temperature: 4 }), weight: linearRamp({ end: 10 }) },
  hint: { loss: hint({ regressor: 'linear' }), weight: 0.5 },
});
const objectiveInputs = { studentLogits, teacherLogits, labels, studentFeatures, teacherFeatures, ...regressor };

/** x times a number, with the gradient that tfjs-core alone does not register. */
function times(x: tf.Tensor, factor: number): tf.Scalar {
  const multiply = tf.customGrad((input) => ({
    value: tf.mul(input as tf.Tensor, factor),
    gradFunc: (upstream: tf.Tensor) => tf.mul(upstream, factor),
  }));
  return multiply(x) as tf.Scalar;
}

function onTfjs(value: TensorLike): tf.Tensor {
  const { data, shape } = tensor(value);
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** Gradients of every differentiable input by `tf.grads`, beside those of the host runner. */
async function compare(
  made: typeof tfjsLoss,
  loss: AnyLoss,
  inputs: Readonly<Record<string, TensorLike>>,
  upstream = 1,
  step = 5,
) {
  const before = tf.memory().numTensors;
  const placed = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, onTfjs(value)]));
  const names = loss.differentiable;
  const trained = made(loss) as TfjsLoss<string, string, 'scalar'>;
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const own = Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
    const result = trained({ ...placed, ...own }, { step });
    return upstream === 1 ? result : times(result, upstream);
  })(names.map((name) => placed[name]!));
  const host = valueAndGradients(loss, inputs, { step });
  const expectedValue = typeof host.value === 'number' ? [host.value] : host.value.data;
  expectDeepClose(
    Array.from(await value.data(), (number) => number / upstream),
    Array.from(expectedValue),
    1e-5,
    'value',
  );
  for (const [index, name] of names.entries()) {
    expect(grads[index]!.shape).toEqual([...host.gradients[name]!.shape]);
    const expected = Array.from(host.gradients[name]!.data, (number) => number * upstream);
    expectDeepClose(await grads[index]!.data(), expected, 1e-5, name);
  }
  tf.dispose([value, grads, placed]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}

for (const backendName of tfjsBackendNames) {
  for (const own of [false, true])
    describe(`tfjsLoss on ${backendName}${own ? ' by kernels in host memory' : ''}`, () => {
      const kernels = own ? wasmBackend() : undefined;
      const made = ((loss) => tfjsLoss(loss, kernels && { kernels })) as typeof tfjsLoss;
      let missing: string | undefined;
      beforeAll(async () => {
        const opened = await openTfjs(backendName);
        missing = 'missing' in opened ? opened.missing : undefined;
      });
      const test = (title: string, body: () => Promise<void>): void => {
        it(title, async (context) => {
          if (missing !== undefined) return context.skip(missing);
          expect(tf.getBackend()).toBe(backendName);
          await body();
          expect(kernels?.tensorCount() ?? 0, 'tensors left behind on the kernels').toBe(0);
        });
      };

      test('gives tfjs the value and the gradient of a loss', () =>
        compare(made, klDivergence({ temperature: 2 }) as unknown as AnyLoss, { studentLogits, teacherLogits }));

      test('gives every differentiable input of a weighted sum its gradient', () =>
        compare(made, objective as unknown as AnyLoss, objectiveInputs));

      test('takes a gradient from above other than 1', () =>
        compare(made, objective as unknown as AnyLoss, objectiveInputs, 3));

      test('gives a row for each sample without a reduction, and the gradient of their sum', () =>
        compare(made, crossEntropy({ reduction: 'none' }) as unknown as AnyLoss, { studentLogits, labels }));

      test('leaves masked rows out', () =>
        compare(made, klDivergence({ ignoreIndex: 2 }) as unknown as AnyLoss, {
          studentLogits: [[Number.NaN, 0, 0], ...studentLogits.slice(1)],
          teacherLogits,
          labels: [2, 0, 1],
          rowWeights: [1, 0.5, 2],
        }));

      test('takes labels and row weights of any tfjs type', async () => {
        const loss = made(crossEntropy());
        const values: number[] = [];
        for (const type of ['int32', 'float32'] as const) {
          const rowWeights = type === 'int32' ? tf.tensor1d([true, false, true]) : tf.tensor1d([1, 0, 1]);
          const value = loss({
            studentLogits: tf.tensor(studentLogits),
            labels: tf.tensor1d(labels, type),
            rowWeights,
          });
          values.push((await value.data())[0]!);
        }
        expect(values[0]).toBe(values[1]);
        const host = valueAndGradients(crossEntropy(), { studentLogits, labels, rowWeights: [1, 0, 1] });
        expectDeepClose(values[0], host.value, 1e-6);
      });

      test('takes host arrays beside tensors, and logits of whole numbers', async () => {
        const whole = [
          [1, 2, 3],
          [3, 1, -2],
        ];
        const loss = made(klDivergence({ temperature: 2 }));
        const value = loss({ studentLogits: tf.tensor2d(whole, [2, 3], 'int32'), teacherLogits: whole.toReversed() });
        const host = valueAndGradients(klDivergence({ temperature: 2 }), {
          studentLogits: whole,
          teacherLogits: whole.toReversed(),
        });
        expectDeepClose((await value.data())[0], host.value, 1e-5);
      });

      test('works on variables inside tf.variableGrads, and gives the teacher none', async () => {
        const before = tf.memory().numTensors;
        const student = tf.variable(tf.tensor(studentLogits));
        const teacher = tf.variable(tf.tensor(teacherLogits));
        const { value, grads } = tf.variableGrads(() =>
          made(klDivergence())({ studentLogits: student, teacherLogits: teacher }),
        );
        expect(Object.keys(grads)).toEqual([student.name]);
        const host = valueAndGradients(klDivergence(), { studentLogits, teacherLogits });
        expectDeepClose(await grads[student.name]!.data(), host.gradients.studentLogits.data, 1e-5);
        tf.dispose([value, grads]);
        student.dispose();
        teacher.dispose();
        // The two sources of the variables were given to nobody.
        expect(tf.memory().numTensors).toBe(before + 2);
      });

      test('trains a regressor on features that depend on no variable', async () => {
        const weight = tf.variable(onTfjs(regressor.regressorWeight), true, `weight ${backendName} ${own}`);
        const bias = tf.variable(onTfjs(regressor.regressorBias), true, `bias ${backendName} ${own}`);
        const { grads } = tf.variableGrads(() =>
          made(hint({ regressor: 'linear' }))({
            studentFeatures,
            teacherFeatures,
            regressorWeight: weight,
            regressorBias: bias,
          }),
        );
        const host = valueAndGradients(hint({ regressor: 'linear' }), {
          studentFeatures,
          teacherFeatures,
          ...regressor,
        });
        expectDeepClose(await grads[weight.name]!.data(), host.gradients.regressorWeight.data, 1e-5);
        expectDeepClose(await grads[bias.name]!.data(), host.gradients.regressorBias.data, 1e-5);
        tf.dispose(grads);
        weight.dispose();
        bias.dispose();
      });

      test('adds the gradients of a tensor that is used in two places', async () => {
        const x = tf.tensor(studentFeatures);
        const loss = made(hint({ regressor: 'linear' }));
        const square = [
          [1, 0.5],
          [0, 2],
        ];
        const gradient = tf.grad((both: tf.Tensor) =>
          loss({
            studentFeatures: tf.tensor(square),
            teacherFeatures: [
              [0, 1],
              [1, 0],
            ],
            regressorWeight: both,
            regressorBias: [0, 0],
          }),
        )(tf.tensor(square));
        const twice = tf.grad((both: tf.Tensor) =>
          loss({
            studentFeatures: both,
            teacherFeatures: [
              [0, 1],
              [1, 0],
            ],
            regressorWeight: both,
            regressorBias: [0, 0],
          }),
        )(tf.tensor(square));
        const host = valueAndGradients(hint({ regressor: 'linear' }), {
          studentFeatures: square,
          teacherFeatures: [
            [0, 1],
            [1, 0],
          ],
          regressorWeight: square,
          regressorBias: [0, 0],
        });
        expectDeepClose(await gradient.data(), host.gradients.regressorWeight.data, 1e-5);
        const sum = host.gradients.regressorWeight.data.map(
          (value, index) => value + host.gradients.studentFeatures.data[index]!,
        );
        expectDeepClose(await twice.data(), sum, 1e-5);
        tf.dispose([x, gradient, twice]);
      });

      test('outlives inputs that a tidy inside frees before the gradient is asked for', async () => {
        const logits = tf.tensor(studentLogits);
        const gradient = tf.grad((x: tf.Tensor) =>
          tf.tidy(() => made(klDivergence())({ studentLogits: times(x, 2), teacherLogits: tf.tensor(teacherLogits) })),
        )(logits);
        const doubled = studentLogits.map((row) => row.map((value) => 2 * value));
        const host = valueAndGradients(klDivergence(), { studentLogits: doubled, teacherLogits });
        expectDeepClose(
          await gradient.data(),
          host.gradients.studentLogits.data.map((value) => 2 * value),
          1e-5,
        );
        tf.dispose([logits, gradient]);
      });

      test('trains: 20 steps of optimizer.minimize lower the loss and leave no tensor behind', async () => {
        const student = createPerceptron({ seed: 7, widths: [2, 8, 3] });
        const weight = tf.variable(tf.randomNormal([8, 4], 0, 0.3, 'float32', 1));
        const bias = tf.variable(tf.zeros([4]));
        const variables = [...student.parameters(), weight, bias];
        const teacher = tf.tensor2d(teacherLogits);
        const digits = tf.tensor1d(labels, 'int32');
        const points = tf.tensor2d(studentFeatures);
        const loss = made(objective);
        const optimizer = tf.train.sgd(0.2);
        const values: number[] = [];
        let afterFirst = 0;
        for (let step = 0; step < 20; step++) {
          const value = optimizer.minimize(
            () => {
              const { logits, features } = student.apply(points);
              return loss(
                {
                  studentLogits: logits,
                  teacherLogits: teacher,
                  labels: digits,
                  studentFeatures: features,
                  teacherFeatures,
                  regressorWeight: weight,
                  regressorBias: bias,
                },
                { step: 5 },
              );
            },
            true,
            variables as tf.Variable[],
          )!;
          values.push((await value.data())[0]!);
          value.dispose();
          if (step === 0) afterFirst = tf.memory().numTensors;
        }
        expect(values[19]!).toBeLessThan(0.7 * values[0]!);
        expect(tf.memory().numTensors, 'tensors left behind').toBe(afterFirst);
        for (const variable of variables) variable.dispose();
        tf.dispose([teacher, digits, points]);
        optimizer.dispose();
      });

      test('frees its intermediate tensors when the loss is asked for without a gradient', async () => {
        const student = tf.tensor(studentLogits);
        const before = tf.memory().numTensors;
        const value = made(klDivergence())({ studentLogits: student, teacherLogits });
        expect(tf.memory().numTensors).toBe(before + 1);
        tf.dispose([value, student]);
      });

      test('names a disposed input, and frees what was made before the error', async () => {
        const student = tf.tensor(studentLogits);
        const teacher = tf.tensor(teacherLogits);
        teacher.dispose();
        const before = tf.memory().numTensors;
        expect(() => made(klDivergence())({ studentLogits: student, teacherLogits: teacher })).toThrow(
          /klDivergence: teacherLogits must be a live tensor, got a disposed one/,
        );
        expect(() => made(crossEntropy())({ studentLogits: student, labels: [0, 1, 2, 3] })).toThrow(
          /crossEntropy: labels must be of the shape of the rows, \[3\], got shape \[4\]/,
        );
        expect(tf.memory().numTensors).toBe(before);
        student.dispose();
      });
    });
}

describe('tfjsLoss', () => {
  it('refuses what is no loss', () => {
    expect(() => tfjsLoss(klDivergence as never)).toThrow(
      /tfjsLoss: loss must be a loss, as its factory returns it, got a function/,
    );
  });

  it.each(tfjsBackendNames)('refuses a gradient of its gradient on %s, and works afterwards', async (backendName) => {
    const opened = await openTfjs(backendName);
    if ('missing' in opened) return;
    const student = tf.tensor(studentLogits);
    for (const options of [{}, { kernels: wasmBackend() }]) {
      const loss = tfjsLoss(klDivergence(), options);
      const gradient = tf.grad((x: tf.Tensor) => loss({ studentLogits: x, teacherLogits }));
      const before = tf.memory().numTensors;
      expect(() => tf.grad((x: tf.Tensor) => tf.sum(gradient(x)))(student)).toThrow(
        /tfjsLoss: order of klDivergence's gradient must be 1, got 2\./,
      );
      expect(tf.memory().numTensors).toBe(before);
      const after = gradient(student);
      const host = valueAndGradients(klDivergence(), { studentLogits, teacherLogits });
      expectDeepClose(await after.data(), host.gradients.studentLogits.data, 1e-5);
      after.dispose();
    }
    student.dispose();
  });

  it('is typed by the inputs of the loss', () => {
    const scalar = tfjsLoss(klDivergence());
    expectTypeOf(scalar).returns.toEqualTypeOf<tf.Scalar>();
    expectTypeOf(tfjsLoss(klDivergence({ reduction: 'none' }))).returns.toEqualTypeOf<tf.Tensor>();
    // @ts-expect-error teacherLogits is missing
    expect(() => scalar({ studentLogits })).toThrow(/klDivergence: teacherLogits must be given/);
  });
});
