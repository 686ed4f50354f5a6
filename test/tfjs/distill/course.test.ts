/** What happens between the steps: validation, early stopping, saved states, cancelling, errors. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfd from '@tensorflow/tfjs-data';
import * as layers from '@tensorflow/tfjs-layers';
import { accuracy, agreement, crossEntropy, evaluate, klDivergence, measure, weightedSum } from 'dark-knowledge';
import { type DistillState, distill, type EpochReport } from 'dark-knowledge/tfjs';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { classifier, normal, samples, tensorsLeftBy, weightsOf } from '../../support/distilling.ts';
import { openTfjs } from '../../support/tfjs.ts';

const batchSize = 8;
const teacherOf = (): layers.Sequential => classifier(1, 5);
const studentOf = (): layers.Sequential => classifier(2, 3);
const base = () => ({ objective: klDivergence(), optimizer: tf.train.sgd(0.1), teacher: teacherOf(), batchSize });

const nested = (tensor: tf.Tensor): number[][] => tensor.arraySync() as number[][];

beforeAll(() => openTfjs('cpu'));

describe('the validation of distill', () => {
  it('measures the student on all of the data, beside its teacher, and is typed by the metrics', async () => {
    const [student, teacher] = [studentOf(), teacherOf()];
    const [data, held] = [samples(20), { inputs: normal(8, 21, 4), labels: samples(21).labels }];
    const objective = weightedSum({
      task: { loss: crossEntropy(), weight: 0.3 },
      distillation: { loss: klDivergence(), weight: 0.7 },
    });
    const { history } = await distill({
      ...base(),
      objective,
      student,
      teacher,
      data,
      epochs: 1,
      validation: { data: held, metrics: { accuracy: accuracy(), agreement: agreement() }, batchSize: 4 },
    });
    const [studentLogits, teacherLogits] = [student, teacher].map((model) =>
      nested(model.predict(held.inputs) as tf.Tensor),
    ) as [number[][], number[][]];
    const labels = Array.from(held.labels.dataSync());
    const { loss, terms, metrics } = history[0]!.validation!;
    const whole = evaluate(objective, { studentLogits, teacherLogits, labels });
    expect(loss).toBeCloseTo(whole.value, 5);
    expect(terms.task).toBeCloseTo(whole.terms.task!, 5);
    expect(metrics.accuracy.value).toBe(measure(accuracy(), { logits: studentLogits, labels }).value);
    expect(metrics.agreement.value).toBe(measure(agreement(), { studentLogits, teacherLogits }).value);
    expectTypeOf(metrics.accuracy.value).toEqualTypeOf<number>();
    // @ts-expect-error no such metric was asked for
    expect(metrics.calibration).toBeUndefined();
  });

  it('tells metrics alone where the data lack what the objective asks for', async () => {
    const data = samples(20);
    const teacherLogits = normal(4, 20, 3);
    const { history } = await distill({
      objective: klDivergence(),
      optimizer: tf.train.sgd(0.1),
      epochs: 1,
      student: studentOf(),
      data: { ...data, teacherLogits },
      validation: { data, metrics: { accuracy: accuracy() } },
    });
    const { loss, terms, metrics } = history[0]!.validation!;
    expect([loss, terms, typeof metrics.accuracy.value]).toEqual([undefined, {}, 'number']);
  });
});

describe('the early stopping of distill', () => {
  /** Trains with a monitor that says what it is told to. */
  async function watched(values: readonly number[], options: object) {
    const student = studentOf();
    const weights: number[][][] = [];
    const { inputs } = samples(20);
    const result = await distill({
      ...base(),
      student,
      data: { inputs },
      epochs: values.length,
      earlyStopping: { patience: 2, monitor: ({ epoch }) => values[epoch - 1]!, ...options },
      onEpoch: () => {
        weights.push(weightsOf(student));
      },
    });
    return { ...result, epochs: result.history.length, weights, last: weightsOf(student) };
  }

  it('ends after as many epochs without an improvement as are granted, and brings the best weights back', async () => {
    const { epochs, stoppedEarly, bestEpoch, weights, last } = await watched([3, 1, 2, 1, 0, 0], {});
    expect([epochs, stoppedEarly, bestEpoch]).toEqual([4, true, 2]);
    expect(last).toEqual(weights[1]);
    expect(last).not.toEqual(weights[3]);
  });

  it('counts as an improvement what is asked for', async () => {
    const highest = await watched([1, 2, 3, 1, 1, 5], { goal: 'highest', restoreBest: false });
    expect([highest.epochs, highest.stoppedEarly, highest.bestEpoch]).toEqual([5, true, 3]);
    expect(highest.last).toEqual(highest.weights[4]);
    const small = await watched([3, 2.9, 2.8, 2.7], { leastImprovement: 0.5 });
    expect([small.epochs, small.bestEpoch]).toEqual([3, 1]);
    const none = await watched([3, 2, 1], {});
    expect([none.epochs, none.stoppedEarly, none.bestEpoch]).toEqual([3, false, 3]);
  });

  it('watches the loss on the validation data unless told otherwise, and asks for it', async () => {
    const { inputs } = samples(20);
    const options = { ...base(), student: studentOf(), data: { inputs }, epochs: 2, earlyStopping: { patience: 1 } };
    await expect(distill(options)).rejects.toThrow(
      /distill: loss on validation data must be there, got undefined\. Give validation data/,
    );
    const { bestEpoch } = await distill({ ...options, validation: { data: { inputs } } });
    expect(bestEpoch).toBe(2);
  });
});

describe('a saved state of distill', () => {
  /** A student with batch statistics; with early stopping the best weights are in the state too. */
  const normed = (): layers.LayersModel => {
    const model = studentOf();
    model.add(layers.layers.batchNormalization());
    return model;
  };

  it('goes on as if it had never been interrupted, after a way through JSON', async () => {
    const { inputs } = samples(20);
    const course = (student: layers.LayersModel, epochs: number, resume: DistillState | undefined) => {
      const steps: number[] = [];
      const states: DistillState[] = [];
      const done = distill({
        ...base(),
        optimizer: tf.train.adam(0.05),
        student,
        data: { inputs },
        epochs,
        parameters: { spare: [1, 2] },
        objective: klDivergence({ temperature: 2 }),
        ...(resume && { resume }),
        earlyStopping: { patience: 9, monitor: ({ epoch }) => epoch, goal: 'lowest' as const },
        learningRate: (step) => {
          steps.push(step);
          return 0.05 / (1 + step);
        },
        onEpoch: async ({ state }) => {
          states.push(await state());
        },
      });
      return { done, steps, states };
    };
    // A parameter that no loss asks for is saved all the same.
    const whole = normed();
    const straight = course(whole, 4, undefined);
    const { bestEpoch } = await straight.done;

    const first = course(normed(), 2, undefined);
    await first.done;
    const saved = JSON.parse(JSON.stringify(first.states[1])) as DistillState;
    expect([saved.epoch, saved.step, saved.best!.epoch]).toEqual([2, 6, 1]);
    const other = normed();
    const second = course(other, 4, saved);
    const result = await second.done;
    expect(second.steps).toEqual([6, 7, 8, 9, 10, 11]);
    expect(result.history.map(({ epoch }) => epoch)).toEqual([3, 4]);
    expect([result.bestEpoch, bestEpoch]).toEqual([1, 1]);
    // The best epoch was before the interruption.
    expect(weightsOf(other)).toEqual(weightsOf(whole));
    expect(second.states[1]!.weights.map(({ base64 }) => base64)).toEqual(
      straight.states[3]!.weights.map(({ base64 }) => base64),
    );
    expect(second.states[1]!.optimizer.map(({ base64 }) => base64)).toEqual(
      straight.states[3]!.optimizer.map(({ base64 }) => base64),
    );
  });

  it('is refused where it is none, or another student’s', async () => {
    const { inputs } = samples(20);
    const states: DistillState[] = [];
    const options = { ...base(), data: { inputs }, epochs: 1 };
    const onEpoch = async ({ state }: { state(): Promise<DistillState> }): Promise<void> => {
      states.push(await state());
    };
    await distill({ ...options, student: studentOf(), onEpoch });
    const resume = states[0]!;
    const refused = (given: object, message: RegExp): Promise<void> =>
      expect(distill({ ...options, student: studentOf(), ...given })).rejects.toThrow(message);
    await refused({ resume, student: normed() }, /distill: resume must be a state of 8 weights, got 4/);
    await refused(
      { resume, student: classifier(2, 4) },
      /distill: resume's weight .* must be of the shape of .*, \[4, 4\], got \[4, 3\]/,
    );
    await refused({ resume: {} as DistillState }, /distill: resume must be a state, as onEpoch .* give/);
    await refused({ resume: { ...resume, version: 2 as 1 } }, /distill: version of resume must be 1, got 2/);
    const weight = tf.variable(normal(3, 4, 3));
    const student = (x: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D);
    await refused({ resume, student }, /distill: variables must be given to resume a student that is a function/);
    weight.dispose();
  });
});

describe('the course of distill', () => {
  it('tells of every step and epoch, and waits for what it tells', async () => {
    const told: unknown[] = [];
    const { inputs } = samples(20);
    const { history } = await distill({
      ...base(),
      student: studentOf(),
      data: { inputs },
      epochs: 2,
      onStep: async ({ loss, ...where }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        told.push(where);
        expect(loss).toBeGreaterThan(0);
      },
      onEpoch: ({ state, ...report }) => {
        told.push(report.epoch);
        expect(state).toBeTypeOf('function');
      },
    });
    const step = (epoch: number, batch: number): object => ({
      epoch,
      epochs: 2,
      batch,
      batches: 3,
      step: 3 * (epoch - 1) + batch,
    });
    expect(told).toEqual([step(1, 1), step(1, 2), step(1, 3), 1, step(2, 1), step(2, 2), step(2, 3), 2]);
    expectTypeOf(history).toEqualTypeOf<readonly EpochReport<Readonly<Record<never, never>>>[]>();
  });

  it('lets others run', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const { inputs } = samples(400);
    await distill({ ...base(), student: studentOf(), data: { inputs }, epochs: 2, batchSize: 4 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('ends when the signal is given, between two steps, with its reason, and leaves no tensor behind', async () => {
    const { inputs } = samples(40);
    const options = { ...base(), student: studentOf(), data: { inputs }, epochs: 3 };
    const reason = new Error('enough');
    for (const teacherRuns of ['eachBatch', 'once'] as const) {
      const control = new AbortController();
      let steps = 0;
      const onStep = (): void => {
        if (++steps === 2) control.abort(reason);
      };
      const work = () =>
        expect(
          distill({ ...options, teacherRuns, onStep, signal: control.signal, parameters: { spare: [1, 2] } }),
        ).rejects.toBe(reason);
      expect(await tensorsLeftBy(work)).toBe(0);
      expect(steps).toBe(2);
    }
    await expect(distill({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('names what is wrong, and leaves no tensor behind', async () => {
    const { inputs, labels } = samples(20);
    const usual = { ...base(), student: studentOf(), data: { inputs }, epochs: 2 };
    const [broken, nan] = [tf.variable(normal(3, 4, 3)), tf.variable(tf.fill([4, 3], Number.NaN))];
    const linear = (weight: tf.Variable) => (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D);
    const short = tf.slice(labels, 0, 3);
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ objective: crossEntropy() }, /crossEntropy: labels must be given, got undefined\. Inputs received: /],
      [{ objective: klDivergence }, /distill: loss must be a loss, as its factory returns it/],
      [{ objective: klDivergence({ reduction: 'none' }) }, /distill: objective must be reduced by 'mean' or 'sum'/],
      [{ epochs: 0 }, /distill: epochs must be a whole number of at least 1, got 0/],
      [{ epoch: 1 }, /distill: option must be one of .* Did you mean 'epochs'\?/],
      [{ optimizer: 'adam' }, /distill: optimizer must be an optimizer of tfjs/],
      [{ student: 'mobilenet' }, /distill: student must be a model of tfjs-layers or a function/],
      [
        { features: { student: { studentFeatures: 'hiden3' } } },
        /features\.student must be names of layers, got 'hiden3'\. It has hidden3_input, hidden3, /,
      ],
      [
        { student: linear(broken), features: { student: { f: 'x' } } },
        /features\.student must be left out for a function/,
      ],
      [{ variables: [broken] }, /distill: variables must be left out for a model of tfjs-layers/],
      [{ data: { inputs, labels: short } }, /distill: labels of data must be of 20 samples, got shape \[3\]/],
      [{ data: inputs }, /distill: data must be a record of tensors with inputs among them, got a Tensor/],
      [
        {
          data: tfd
            .array([{ inputs: [1, 2, 3, 4] }])
            .take(0)
            .batch(2),
          batchSize: undefined,
        },
        /data must be at least one batch, got 0/,
      ],
      [{ student: () => ({ studentLogits: 1 }) }, /distill: student's output studentLogits must be a tensor, got 1/],
      [{ student: linear(nan) }, /distill: loss at step 0 must be finite, got NaN\. Training has diverged/],
      [{ earlyStopping: { patience: 0 } }, /distill: earlyStopping: patience must be a whole number of at least 1/],
      [{ validation: { data: { inputs }, metrics: { accuracy: accuracy() } } }, /labels must be given/],
    ];
    for (const [changes, message] of cases) {
      const given = { ...usual, ...changes } as typeof usual;
      expect(await tensorsLeftBy(() => expect(distill(given)).rejects.toThrow(message)), String(message)).toBe(0);
    }
    tf.dispose([broken, nan, short]);
  });
});
