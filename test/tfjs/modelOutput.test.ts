import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { klDivergence } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTfjs } from '../support/tfjs.ts';

describe("a model of tfjs-layers' own", () => {
  beforeAll(() => openTfjs('cpu'));
  const loss = tfjsLoss(klDivergence());
  const teacherLogits = [[0, 2, 1]];

  function classifier(): layers.LayersModel {
    const model = layers.sequential();
    model.add(layers.layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'ones', useBias: false }));
    return model;
  }

  it('gives what apply and predict are declared to return to a loss without a cast, and is trained by it', () => {
    const model = classifier();
    const before = tf.memory().numTensors;
    const x = tf.tensor2d([[1, 2]]);
    const optimizer = tf.train.sgd(0.5);
    // All logits are 3, so the student says 1/3 each: KL = Σ p log 3p.
    const weights = [0, 2, 1].map((logit) => Math.exp(logit));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const divergence = weights.reduce((sum, weight) => sum + (weight / total) * Math.log((3 * weight) / total), 0);
    const applied = optimizer.minimize(() => loss({ studentLogits: model.apply(x), teacherLogits }), true)!;
    expect(applied.dataSync()[0]).toBeCloseTo(divergence, 6);
    const predicted = model.predict(x);
    const after = loss({ studentLogits: predicted, teacherLogits });
    expect(after.dataSync()[0]).toBeLessThan(divergence / 2);
    tf.dispose([applied, predicted, after, x]);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('is asked for one of its outputs where it has several, and for a real one where it was applied to a symbol', () => {
    const input = layers.input({ shape: [2] });
    const heads = [2, 3].map((units) => layers.layers.dense({ units }).apply(input) as layers.SymbolicTensor);
    const model = layers.model({ inputs: input, outputs: heads });
    const outputs = model.apply(tf.ones([1, 2])) as tf.Tensor[];
    expect(() => loss({ studentLogits: outputs, teacherLogits })).toThrow(
      /klDivergence: studentLogits must be one output of a model, got \[a Tensor, a Tensor\]\. Pick it/,
    );
    expect(loss({ studentLogits: outputs.slice(1), teacherLogits }).shape).toEqual([]);
    expect(() => loss({ studentLogits: classifier().apply(input), teacherLogits })).toThrow(
      /klDivergence: studentLogits must be a tensor with numbers, got a SymbolicTensor\. Apply the model/,
    );
    model.dispose();
  });
});
