import * as tf from '@tensorflow/tfjs-core';
import * as tfd from '@tensorflow/tfjs-data';
import * as layers from '@tensorflow/tfjs-layers';
import { crossEntropy, hint, initializeHintRegressor, klDivergence, linearRamp, weightedSum } from 'dark-knowledge';
import { type DistillOptions, distill, tfjsLoss } from 'dark-knowledge/tfjs';
import { wasmBackend } from 'dark-knowledge/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';
import { classifier, normal, samples, tensorsLeftBy, weightsOf } from '../../support/distilling.ts';
import { openTfjs, tfjsBackendNames } from '../../support/tfjs.ts';

const count = 20;
const batchSize = 8;
const rate = 0.1;

describe.each(tfjsBackendNames)('distill on %s', (backendName) => {
  let missing: string | undefined;
  beforeAll(async () => {
    const opened = await openTfjs(backendName);
    missing = 'missing' in opened ? opened.missing : undefined;
  });
  const test = (title: string, body: () => Promise<void>): void => {
    it(title, async (context) => (missing === undefined ? body() : context.skip(missing)));
  };

  test('takes the steps of a loop by hand: schedules, hidden layers, parameters and penalties among them', async () => {
    const objective = weightedSum({
      task: { loss: crossEntropy(), weight: 0.2 },
      distillation: { loss: klDivergence({ temperature: 2 }), weight: linearRamp({ from: 0.1, to: 1, end: 4 }) },
      hint: { loss: hint({ regressor: 'linear' }), weight: 0.5 },
    });
    const penalised = (): layers.LayersModel => {
      const input = layers.input({ shape: [4] });
      const kernelRegularizer = layers.regularizers.l2({ l2: 0.05 });
      const [first, last] = [1, 2].map((seed) => layers.initializers.glorotNormal({ seed }));
      const hidden = layers.layers.dense({
        units: 5,
        activation: 'tanh',
        kernelInitializer: first!,
        kernelRegularizer,
      });
      const between = hidden.apply(input) as layers.SymbolicTensor;
      const logits = layers.layers.dense({ units: 3, kernelInitializer: last! }).apply(between);
      return layers.model({ inputs: input, outputs: logits as layers.SymbolicTensor });
    };
    const teacher = classifier(7, 6);
    const data = samples(count);
    const regressor = initializeHintRegressor({ studentFeatures: 5, teacherFeatures: 6, seed: 4 });
    const student = penalised();
    const hidden = student.layers[1]!.name;

    const { history, parameters } = await distill({
      student,
      teacher,
      data,
      objective,
      optimizer: tf.train.sgd(rate),
      epochs: 2,
      batchSize,
      shuffle: false,
      features: { student: { studentFeatures: hidden }, teacher: { teacherFeatures: 'hidden6' } },
      parameters: regressor,
    });

    const byHand = penalised();
    const made = (values: Float32Array, shape: number[]): tf.Variable => tf.variable(tf.tensor(values, shape));
    const regressorWeight = made(Float32Array.from(regressor.regressorWeight.data), [5, 6]);
    const regressorBias = made(Float32Array.from(regressor.regressorBias.data), [6]);
    const optimizer = tf.train.sgd(rate);
    const loss = tfjsLoss(objective);
    const losses: number[] = [];
    let step = 0;
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let start = 0; start < count; start += batchSize) {
        const size = Math.min(batchSize, count - start);
        const value = tf.tidy(() => {
          const [inputs, labels] = [tf.slice(data.inputs, start, size), tf.slice(data.labels, start, size)];
          const [hiddenLayer, headLayer] = teacher.layers;
          const teacherFeatures = hiddenLayer!.apply(inputs) as tf.Tensor;
          const teacherLogits = headLayer!.apply(teacherFeatures) as tf.Tensor;
          const variables = byHand.trainableWeights.map((weight) => weight.read() as tf.Variable);
          return (
            optimizer
              .minimize(
                () => {
                  const studentFeatures = byHand.layers[1]!.apply(inputs) as tf.Tensor;
                  const studentLogits = byHand.layers[2]!.apply(studentFeatures) as tf.Tensor;
                  const named = { studentFeatures, studentLogits, teacherFeatures, teacherLogits, labels };
                  const value = loss({ ...named, regressorWeight, regressorBias }, { step });
                  return tf.add(value, byHand.calculateLosses()[0]!) as tf.Scalar;
                },
                true,
                [...variables, regressorWeight, regressorBias],
              )!
              .dataSync()[0]! * size
          );
        });
        losses.push(value);
        step++;
      }
    }
    expectDeepClose(weightsOf(student), weightsOf(byHand), 1e-6);
    expectDeepClose(parameters.regressorWeight.data, regressorWeight.dataSync(), 1e-6);
    expectDeepClose(parameters.regressorBias.data, regressorBias.dataSync(), 1e-6);
    const mean = (from: number): number => losses.slice(from, from + 3).reduce((sum, value) => sum + value, 0) / count;
    expectDeepClose(
      history.map((report) => report.loss),
      [mean(0), mean(3)],
      1e-5,
    );
    expect(history.map((report) => [report.epoch, report.step])).toEqual([
      [1, 3],
      [2, 6],
    ]);
    expect(Object.keys(history[0]!.terms)).toEqual(['task', 'distillation', 'hint']);
  });

  test('leaves no tensor behind, and learns, with kernels in host memory too', async () => {
    const data = samples(64);
    const teacher = classifier(3, 8);
    const student = classifier(4, 4);
    const optimizer = tf.train.adam(0.02);
    const options = { student, teacher, data, objective: klDivergence(), optimizer, epochs: 1, kernels: wasmBackend() };
    const first = await distill(options);
    expect(await tensorsLeftBy(() => distill({ ...options, teacherRuns: 'once' }))).toBe(0);
    const last = await distill({ ...options, epochs: 8 });
    expect(last.history[7]!.loss).toBeLessThan(first.history[0]!.loss / 2);
    tf.dispose([data.inputs, data.labels]);
  });
});

describe('distill', () => {
  beforeAll(() => openTfjs('cpu'));
  const objective = klDivergence({ temperature: 2 });
  const base = () => ({ objective, optimizer: tf.train.sgd(rate), epochs: 2, batchSize, seed: 5 });

  /** A student's weights after training, and what was left behind. */
  async function trained(options: Partial<DistillOptions> & Pick<DistillOptions, 'data'>): Promise<number[][]> {
    const student = classifier(2, 3);
    await distill({ ...base(), student, ...options });
    return weightsOf(student);
  }

  it('teaches the same by a teacher asked once, in each batch, or never where the data know what it says', async () => {
    const teacher = classifier(1, 5);
    const { inputs } = samples(count);
    const expected = await trained({ teacher, data: { inputs } });
    expect(await trained({ teacher, data: { inputs }, teacherRuns: 'once' })).toEqual(expected);
    const teacherLogits = teacher.predict(inputs) as tf.Tensor;
    expect(await trained({ data: { inputs, teacherLogits } })).toEqual(expected);
    expect(await trained({ teacher: (x) => teacher.predict(x as tf.Tensor) as tf.Tensor, data: { inputs } })).toEqual(
      expected,
    );
    // Another order is another training.
    expect(await trained({ teacher, data: { inputs }, seed: 6 })).not.toEqual(expected);
  });

  it('pulls batches from a dataset of tfjs-data, and frees them', async () => {
    const teacher = classifier(1, 5);
    const { inputs } = samples(count);
    const expected = await trained({ teacher, data: { inputs }, shuffle: false });
    const rows = inputs.arraySync();
    const dataset = tfd
      .array(rows)
      .map((row) => ({ inputs: row }))
      .batch(batchSize);
    const { batchSize: _, ...rest } = base();
    const student = classifier(2, 3);
    const left = await tensorsLeftBy(() => distill({ ...rest, student, teacher, data: dataset }));
    expectDeepClose(weightsOf(student), expected, 1e-6);
    // The optimizer's own scalar was there before.
    expect(left).toBe(0);
    await expect(distill({ ...base(), student, teacher, data: dataset })).rejects.toThrow(
      /distill: batchSize must be left out where data is a dataset, got 8/,
    );
    await expect(distill({ ...rest, student, teacher, data: dataset, teacherRuns: 'once' })).rejects.toThrow(
      /teacherRuns 'once' must be asked of tensors, got 'a dataset'\. A dataset may come in another order/,
    );
    const { history } = await distill({
      ...base(),
      student,
      teacher,
      teacherRuns: 'once',
      data: { inputs },
      validation: { data: dataset },
    });
    expect(history[1]!.validation!.loss).toBeLessThan(history[0]!.validation!.loss!);
    const others = tfd.array(rows).batch(batchSize);
    expect(
      await tensorsLeftBy(() =>
        expect(distill({ ...rest, student, teacher, data: others })).rejects.toThrow(
          /a batch of data must be a record of tensors with inputs among them, got a Tensor\./,
        ),
      ),
    ).toBe(0);
  });

  it('trains a function by the variables that its loss depends on, or by those that it is given', async () => {
    const { inputs } = samples(count);
    const teacher = classifier(1, 5);
    const start = normal(3, 4, 3);
    const [all, some, bystander] = [tf.variable(start), tf.variable(start), tf.variable(tf.scalar(1))];
    const bias = tf.variable(tf.zeros([3]));
    const linear = (weight: tf.Variable) => (x: tf.Tensor) => ({
      studentLogits: tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias),
    });
    await distill({ ...base(), student: linear(some), variables: [some], teacher, data: { inputs } });
    expect(Array.from(bias.dataSync())).toEqual([0, 0, 0]);
    expect(some.dataSync()).not.toEqual(start.dataSync());
    await distill({ ...base(), student: linear(all), teacher, data: { inputs } });
    expect(Array.from(bias.dataSync())).not.toEqual([0, 0, 0]);
    expect(bystander.dataSync()[0]).toBe(1);
    tf.dispose([all, some, bias, bystander]);
  });

  it('runs the student as in training and the teacher as at inference', async () => {
    const seen: string[] = [];
    const weight = tf.variable(normal(3, 4, 3));
    const model =
      (role: string) =>
      (x: tf.Tensor, { training }: { training: boolean }) => {
        seen.push(`${role} ${training}`);
        return tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D);
      };
    const { inputs } = samples(4);
    const options = { ...base(), epochs: 1, student: model('student'), teacher: model('teacher') };
    await distill({ ...options, variables: [weight], data: { inputs }, validation: { data: { inputs } } });
    expect(seen).toEqual(['teacher false', 'student true', 'teacher false', 'student false']);
    weight.dispose();

    const normed = layers.sequential({
      layers: [
        layers.layers.dense({ units: 3, inputShape: [4], name: 'before' }),
        layers.layers.batchNormalization({ name: 'normed' }),
      ],
    });
    const statistics = (): number[] => Array.from(normed.getWeights().at(-2)!.dataSync());
    const before = statistics();
    const features = { student: { studentFeatures: 'before' } };
    await distill({ ...base(), epochs: 1, student: normed, teacher: classifier(1, 3), data: { inputs }, features });
    expect(statistics()).not.toEqual(before);
  });

  it('sets the learning rate by step, for optimizers with a method and with a field for it', async () => {
    const { inputs } = samples(count);
    const teacher = classifier(1, 5);
    const untrained = weightsOf(classifier(2, 3));
    for (const make of [() => tf.train.sgd(rate), () => tf.train.momentum(rate, 0.9), () => tf.train.adam(rate)]) {
      const asked: number[] = [];
      const data = { inputs };
      const still = (step: number): number => asked.push(step) * 0;
      expect(await trained({ teacher, data, optimizer: make(), learningRate: still })).toEqual(untrained);
      expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
      const other = await trained({ teacher, data, optimizer: make(), learningRate: () => 0.01 });
      expect(other).not.toEqual(untrained);
      expect(other).not.toEqual(await trained({ teacher, data, optimizer: make() }));
    }
    await expect(trained({ teacher, data: { inputs }, learningRate: () => Number.NaN })).rejects.toThrow(
      /distill: learningRate\(0\) must be a finite number of at least 0, got NaN/,
    );
  });

  it('takes every sample once an epoch, in an order of its own', async () => {
    const seen: number[] = [];
    const weight = tf.variable(normal(3, 1, 3));
    const student = (x: tf.Tensor): tf.Tensor => {
      seen.push(...x.dataSync());
      return tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D);
    };
    const inputs = tf.reshape(tf.range(0, 10), [10, 1]);
    const teacher = (x: tf.Tensor) => tf.tile(x as tf.Tensor2D, [1, 3]);
    await distill({ ...base(), batchSize: 4, student, teacher, variables: [weight], data: { inputs } });
    const [first, second] = [seen.slice(0, 10), seen.slice(10)];
    const sorted = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
    expect([sorted(first), sorted(second)]).toEqual([Array.from(inputs.dataSync()), Array.from(inputs.dataSync())]);
    expect(first).not.toEqual(second);
    weight.dispose();
  });

  it('gives a model several inputs, in a list or by name', async () => {
    const [left, right] = [layers.input({ shape: [2], name: 'left' }), layers.input({ shape: [2], name: 'right' })];
    const both = layers.layers.concatenate().apply([left, right]) as layers.SymbolicTensor;
    const start = layers.initializers.glorotNormal({ seed: 1 });
    const head = layers.layers.dense({ units: 3, kernelInitializer: start });
    const student = layers.model({ inputs: [left, right], outputs: head.apply(both) as layers.SymbolicTensor });
    const { inputs } = samples(count);
    const [a, b] = tf.split(inputs, 2, 1) as [tf.Tensor, tf.Tensor];
    const teacherLogits = normal(9, count, 3);
    const weights = student.getWeights().map((weight) => weight.clone());
    const results: number[][][] = [];
    for (const given of [[a, b], { right: b, left: a }]) {
      student.setWeights(weights);
      await distill({ ...base(), student, data: { inputs: given, teacherLogits } });
      results.push(weightsOf(student));
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]).not.toEqual(weights.map((weight) => Array.from(weight.dataSync())));
  });
});
