/**
 * The gradients that losses state, against those that tfjs derives by itself from the same formula in tfjs's operations,
 * on its cpu backend. Needs tfjs's registered gradients, which tfjs-core keeps apart and Node cannot import as they
 * stand (their imports lack file endings): esbuild brings them into one module first.
 */
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  crossEntropy,
  hint,
  initializeHintRegressor,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  tensor,
  weightedSum,
} from 'dark-knowledge';
import { type TfjsLoss, tfjsLoss } from 'dark-knowledge/tfjs';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { openTfjs } from '../support/tfjs.ts';

const rows = 6;
const classes = 5;
const draw = (shape: number[], seed: number, spread = 3): tf.Tensor =>
  tf.randomNormal(shape, 0, spread, 'float32', seed);

async function registerGradients(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [
      fileURLToPath(
        new URL('../../node_modules/@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url),
      ),
    ],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  // The registry is global, so that of the bundled copy of tfjs-core is also ours.
  await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`
  );
}

type Named = Readonly<Record<string, tf.Tensor>>;

interface Composite {
  readonly title: string;
  readonly loss: unknown;
  readonly inputs: () => Named;
  readonly formula: (inputs: Named) => tf.Tensor;
}

const pair = (): Named => ({ studentLogits: draw([rows, classes], 1), teacherLogits: draw([rows, classes], 2) });
const labelled = (): Named => ({
  studentLogits: draw([rows, classes], 3),
  labels: tf.tensor1d([0, 4, 2, 2, 1, 3], 'int32'),
});
const softLog = (logits: tf.Tensor, temperature = 1): tf.Tensor => tf.logSoftmax(tf.div(logits, temperature));
const meanOfRows = (terms: tf.Tensor): tf.Tensor => tf.div(tf.sum(terms), rows);
const divergence = (p: tf.Tensor, q: tf.Tensor): tf.Tensor => tf.mul(tf.exp(p), tf.sub(p, q));

function labelTerms({ studentLogits, labels }: Named, smoothing = 0): tf.Tensor {
  const hot = tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32');
  const target = tf.add(tf.mul(hot, 1 - smoothing), smoothing / classes);
  return tf.neg(tf.mul(target, tf.logSoftmax(studentLogits!)));
}

const composites: readonly Composite[] = [
  {
    title: 'klDivergence, forward at temperature 4',
    loss: klDivergence({ temperature: 4 }),
    inputs: pair,
    formula: ({ studentLogits, teacherLogits }) =>
      tf.mul(16, meanOfRows(divergence(softLog(teacherLogits!, 4), softLog(studentLogits!, 4)))),
  },
  {
    title: 'klDivergence, reverse',
    loss: klDivergence({ temperature: 2, direction: 'reverse', scaleByTemperatureSquared: false }),
    inputs: pair,
    formula: ({ studentLogits, teacherLogits }) =>
      meanOfRows(divergence(softLog(studentLogits!, 2), softLog(teacherLogits!, 2))),
  },
  {
    title: 'klDivergence with weighted rows',
    loss: klDivergence(),
    inputs: () => ({ ...pair(), rowWeights: tf.tensor1d([1, 0, 2, 0.5, 3, 1]) }),
    formula: ({ studentLogits, teacherLogits, rowWeights }) => {
      const perRow = tf.sum(divergence(softLog(teacherLogits!), softLog(studentLogits!)), -1);
      return tf.div(tf.sum(tf.mul(perRow, rowWeights!)), tf.sum(rowWeights!));
    },
  },
  {
    title: 'softCrossEntropy at temperature 3',
    loss: softCrossEntropy({ temperature: 3 }),
    inputs: pair,
    formula: ({ studentLogits, teacherLogits }) =>
      tf.mul(-9, meanOfRows(tf.mul(tf.exp(softLog(teacherLogits!, 3)), softLog(studentLogits!, 3)))),
  },
  {
    title: 'jensenShannon with β = 0.3',
    loss: jensenShannon({ beta: 0.3 }),
    inputs: pair,
    formula: ({ studentLogits, teacherLogits }) => {
      const [p, q] = [softLog(teacherLogits!), softLog(studentLogits!)];
      const mixture = tf.log(tf.add(tf.mul(0.3, tf.exp(p)), tf.mul(0.7, tf.exp(q))));
      return meanOfRows(tf.add(tf.mul(0.3, divergence(p, mixture)), tf.mul(0.7, divergence(q, mixture))));
    },
  },
  {
    title: 'crossEntropy',
    loss: crossEntropy(),
    inputs: labelled,
    formula: (inputs) => meanOfRows(labelTerms(inputs)),
  },
  {
    title: 'crossEntropy with smoothed labels',
    loss: crossEntropy({ labelSmoothing: 0.2 }),
    inputs: labelled,
    formula: (inputs) => meanOfRows(labelTerms(inputs, 0.2)),
  },
  {
    title: 'hint with a linear regressor, all three gradients',
    loss: hint({ regressor: 'linear' }),
    inputs: () => {
      const { regressorWeight, regressorBias } = initializeHintRegressor({ studentFeatures: 4, teacherFeatures: 7 });
      return {
        studentFeatures: draw([rows, 4], 5),
        teacherFeatures: draw([rows, 7], 6),
        regressorWeight: tf.tensor(regressorWeight.data as Float32Array, [4, 7]),
        regressorBias: tf.tensor(regressorBias.data as Float32Array, [7]),
      };
    },
    formula: ({ studentFeatures, teacherFeatures, regressorWeight, regressorBias }) => {
      const mapped = tf.add(tf.matMul(studentFeatures!, regressorWeight!), regressorBias!);
      return tf.mean(tf.square(tf.sub(mapped, teacherFeatures!)));
    },
  },
  {
    title: 'a weighted sum that is multiplied further',
    loss: weightedSum({
      task: { loss: crossEntropy(), weight: 0.1 },
      distillation: { loss: klDivergence({ temperature: 2 }), weight: 0.9 },
    }),
    inputs: () => ({ ...pair(), ...labelled() }),
    formula: (inputs) =>
      tf.add(
        tf.mul(0.1, meanOfRows(labelTerms(inputs))),
        tf.mul(3.6, meanOfRows(divergence(softLog(inputs.teacherLogits!, 2), softLog(inputs.studentLogits!, 2)))),
      ),
  },
];

describe('tfjsLoss equals the autodiff of the composite', () => {
  beforeAll(async () => {
    await openTfjs('cpu');
    await registerGradients();
  });

  for (const { title, loss: untyped, inputs, formula } of composites) {
    it(title, async () => {
      const loss = untyped as AnyLoss;
      const given = inputs();
      const names = loss.differentiable;
      const trained = tfjsLoss(loss) as TfjsLoss<string, string, 'scalar'>;
      // A power of the loss, so that the gradient from above depends on the value.
      const gradientsOf = (compute: (inputs: Named) => tf.Tensor) =>
        tf.valueAndGrads((...tensors: tf.Tensor[]) => {
          const own = Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
          return tf.square(compute({ ...given, ...own })) as tf.Scalar;
        })(names.map((name) => given[name]!));
      const stated = gradientsOf((own) => trained(own));
      const derived = gradientsOf(formula);
      const tolerance = 2e-6 * Math.max(1, (await derived.value.data())[0]!);
      expectDeepClose(await stated.value.data(), await derived.value.data(), tolerance, 'value');
      for (const [index, name] of names.entries()) {
        const expected = tensor(await derived.grads[index]!.data());
        expect(expected.data.some((value) => Math.abs(value) > 1e-3)).toBe(true);
        expectDeepClose(await stated.grads[index]!.data(), expected.data, tolerance, name);
      }
    });
  }
});
