import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { jointAdam } from '../../studies/jointAdam.ts';
import { recur } from '../../studies/models/lstm.ts';
import { attention, dense, embed, plus, poolTokens, standardize } from '../../studies/models/sequenceLayers.ts';

beforeAll(async () => {
  await preparePlatform();
});

const normal = (shape: number[], seed: number): tf.Variable =>
  tf.variable(tf.randomNormal(shape, 0, 1, 'float32', seed));

/** The gradient that the layer states in a direction, and the difference quotient there: of a weighted sum of its output. */
function bothSlopes(parameters: readonly tf.Variable[], output: () => tf.Tensor): readonly [number, number] {
  const shape = output().shape;
  const weights = tf.randomNormal(shape, 0, 1, 'float32', 77);
  const weigh = (): tf.Scalar => {
    const operation = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([]);
      return {
        value: tf.sum(tf.mul(x as tf.Tensor, weights)),
        gradFunc: (upstream) => tf.mul(weights, upstream as tf.Tensor),
      };
    });
    return operation(output()) as tf.Scalar;
  };
  const { grads } = tf.variableGrads(weigh, [...parameters]);
  const directions = parameters.map(({ shape: own }, at) => tf.randomNormal(own, 0, 1, 'float32', 100 + at));
  const stated = parameters.reduce(
    (sum, { name }, at) => sum + tf.sum(tf.mul(grads[name]!, directions[at]!)).dataSync()[0]!,
    0,
  );
  const start = parameters.map((parameter) => parameter.clone());
  const at = (step: number): number => {
    parameters.forEach((parameter, index) => {
      parameter.assign(tf.add(start[index]!, tf.mul(directions[index]!, step)));
    });
    return weigh().dataSync()[0]!;
  };
  const step = 2e-3;
  return [stated, (at(step) - at(-step)) / (2 * step)];
}

describe('layers for sequences state the gradient of what they compute', () => {
  const cases: Readonly<Record<string, () => readonly [readonly tf.Variable[], () => tf.Tensor]>> = {
    dense() {
      const [input, weights, bias] = [normal([4, 3], 1), normal([3, 5], 2), normal([5], 3)];
      return [[input, weights, bias], () => dense(input as tf.Variable<tf.Rank.R2>, weights as never, bias as never)];
    },
    embed() {
      const [table, positions] = [normal([5, 4], 1), normal([4, 4], 2)];
      const tokens = tf.tensor2d([1, 2, 2, 0, 4, 1], [2, 3], 'int32');
      return [[table, positions], () => embed(tokens, table as never, positions as never)];
    },
    standardize() {
      const input = normal([3, 6], 1);
      return [[input], () => standardize(input as tf.Variable<tf.Rank.R2>)];
    },
    attention() {
      const input = normal([6, 12], 1);
      const mask = tf.tensor4d([0, 0, 0, 0, 0, -Infinity], [2, 1, 1, 3]);
      return [[input], () => attention(input as tf.Variable<tf.Rank.R2>, mask, { batch: 2, length: 3, heads: 2 })];
    },
    recur() {
      const [input, weights] = [normal([6, 8], 1), normal([2, 8], 2)];
      return [[input, weights], () => recur(input as never, weights as never, { batch: 2, length: 3 })];
    },
    plus() {
      const [first, second] = [normal([2, 3], 1), normal([2, 3], 2)];
      return [[first, second], () => plus(first as never, second as never)];
    },
    poolTokens() {
      const input = normal([6, 4], 1);
      const weights = tf.tensor2d([0.5, 0.5, 0, 0, 0, 1], [2, 3]);
      return [[input], () => poolTokens(input as tf.Variable<tf.Rank.R2>, weights)];
    },
  };
  it.each(Object.keys(cases))('%s', (name) => {
    const [stated, measured] = bothSlopes(...cases[name]!());
    expect(Math.abs(stated)).toBeGreaterThan(0.05);
    expect(Math.abs(stated - measured)).toBeLessThan(0.01 * Math.max(1, Math.abs(measured)));
  });
});

it('a masked key takes no part in attention', () => {
  const mask = tf.tensor4d([0, 0, -Infinity], [1, 1, 1, 3]);
  const input = tf.randomNormal<tf.Rank.R2>([3, 6], 0, 1, 'float32', 1);
  const other = tf.concat2d([tf.slice(input, [0, 0], [2, 6]), tf.fill<tf.Rank.R2>([1, 6], 9)], 0);
  const of = (rows: tf.Tensor2D) =>
    Array.from(attention(rows, mask, { batch: 1, length: 3, heads: 1 }).dataSync()).slice(0, 4);
  expect(of(other)).toEqual(of(input));
});

it('a recurrent step is the cell of tfjs-core', () => {
  // basicLSTMCell has input, candidate, forget and output side by side, the forget gate with a bias of its own.
  const [batch, width] = [2, 3];
  const input = tf.randomNormal<tf.Rank.R2>([2 * batch, 4 * width], 0, 1, 'float32', 1);
  const weights = tf.variable(tf.randomNormal<tf.Rank.R2>([width, 4 * width], 0, 1, 'float32', 2));
  const reordered = (columns: tf.Tensor2D): tf.Tensor2D => {
    const [i, f, o, g] = tf.split(columns, 4, 1);
    return tf.concat([i!, g!, f!, o!], 1) as tf.Tensor2D;
  };
  const kernel = tf.concat2d([tf.eye(4 * width), reordered(weights)], 0);
  let [memory, state] = [tf.zeros<tf.Rank.R2>([batch, width]), tf.zeros<tf.Rank.R2>([batch, width])];
  const inSteps = tf.unstack(tf.reshape(input, [batch, 2, 4 * width]), 1) as tf.Tensor2D[];
  for (const step of inSteps) {
    [memory, state] = tf.basicLSTMCell(tf.scalar(0), kernel, tf.zeros([4 * width]), reordered(step), memory, state);
  }
  const ours = tf.reshape(recur(input, weights, { batch, length: 2 }), [batch, 2, width]);
  const last = tf.slice(ours, [0, 1, 0], [batch, 1, width]).dataSync();
  state.dataSync().forEach((value, at) => {
    expect(last[at]).toBeCloseTo(value, 5);
  });
});

it('joint Adam takes the steps of tfjs’s Adam', () => {
  const start = [normal([2, 3], 1), normal([4], 2)];
  const [ours, theirs] = [0, 1].map(() => start.map((values) => tf.variable(values.clone())));
  const joint = jointAdam(ours!, 0.1);
  const plain = tf.train.adam(0.1);
  for (let step = 0; step < 3; step++) {
    const gradients = start.map((values, at) => tf.mul(values, (step - 0.7) * (at + 1)));
    joint.applyGradients(Object.fromEntries(ours!.map(({ name }, at) => [name, gradients[at]!])));
    plain.applyGradients(theirs!.map(({ name }, at) => ({ name, tensor: gradients[at]! })));
  }
  ours!.forEach((variable, at) => {
    const [own, other] = [variable.dataSync(), theirs![at]!.dataSync()];
    own.forEach((value, index) => {
      expect(value).toBeCloseTo(other[index]!, 5);
    });
  });
});
