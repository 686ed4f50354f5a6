/** The layers and networks of examples/mnist, values and gradients, against PyTorch's autograd (exampleLayers.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  convolution,
  globalAveragePool,
  maxout,
  maxPool,
  normalizeChannels,
  pad,
} from '../../examples/mnist/imageLayers.ts';
import { addBias, createPerceptron, type Model, project, relu, reshape, scaleBy } from '../../examples/mnist/layers.ts';
import { createTeacher, restoreTeacher, serializeTeacher } from '../../examples/mnist/teacher.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { openTfjs, tfjsBackendNames } from '../support/tfjs.ts';

interface Values {
  readonly shape: number[];
  readonly data: number[];
}

interface LayerCase {
  readonly inputs: readonly Values[];
  readonly output: Values;
  readonly upstream: Values;
  /** One for each input. */
  readonly gradients: readonly Values[];
}

interface NetworkCase {
  readonly images: Values;
  readonly parameters: readonly Values[];
  readonly labels: number[];
  readonly logits: Values;
  readonly features: Values;
  /** Of the mean cross-entropy, in the images and then in each parameter. */
  readonly gradients: readonly Values[];
}

const reference = JSON.parse(readFileSync(new URL('../fixtures/exampleLayers.json', import.meta.url), 'utf8')) as {
  readonly layers: Readonly<Record<string, LayerCase>>;
  readonly meanSquares: Values;
  readonly networks: Readonly<Record<'perceptron' | 'teacher' | 'teacherInTraining', NetworkCase>>;
};

const tolerance = 1e-5;

/** Each layer of the fixture, on tensors of its shapes. */
const layers: Readonly<Record<string, (...inputs: never[]) => tf.Tensor>> = {
  project: (input: tf.Tensor2D, weights: tf.Variable<tf.Rank.R2>) => project(input, weights),
  addBias,
  relu: (input: tf.Tensor) => relu(input),
  scaleBy: (input: tf.Tensor) => scaleBy(input, 2.5),
  reshape: (input: tf.Tensor) => reshape(input, [3, 4]),
  convolution1: (input: tf.Tensor4D, filter: tf.Variable<tf.Rank.R4>) => convolution(input, filter),
  convolution3: (input: tf.Tensor4D, filter: tf.Variable<tf.Rank.R4>) => convolution(input, filter),
  convolution53: (input: tf.Tensor4D, filter: tf.Variable<tf.Rank.R4>) => convolution(input, filter),
  maxPool22: (input: tf.Tensor4D) => maxPool(input, [2, 2]),
  maxPool13: (input: tf.Tensor4D) => maxPool(input, [1, 3]),
  maxout: (input: tf.Tensor4D) => maxout(input, 3),
  globalAveragePool,
  pad: (input: tf.Tensor4D) => pad(input, 2),
  normalizeChannels: (input: tf.Tensor4D) => normalizeChannels(input, () => {}),
};

const place = ({ data, shape }: Values): tf.Tensor => tf.tensor(data, shape, 'float32');

async function expectValues(actual: tf.Tensor, expected: Values, what: string): Promise<void> {
  expect(actual.shape, what).toEqual(expected.shape);
  expectDeepClose(await actual.data(), expected.data, tolerance, what);
}

async function compareLayer(layer: (...inputs: never[]) => tf.Tensor, expected: LayerCase): Promise<void> {
  const before = tf.memory().numTensors;
  const [inputs, upstream] = [expected.inputs.map(place), place(expected.upstream)];
  const { value, grads } = tf.valueAndGrads(layer as (...inputs: tf.Tensor[]) => tf.Tensor)(inputs, upstream);
  await expectValues(value, expected.output, 'output');
  for (const [index, gradient] of grads.entries()) {
    await expectValues(gradient, expected.gradients[index]!, `gradient of input ${index}`);
  }
  tf.dispose([inputs, upstream, value, grads]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}

const taskLoss = tfjsLoss(crossEntropy());

async function compareNetwork(model: Model, expected: NetworkCase): Promise<void> {
  const parameters = model.parameters();
  tf.tidy(() => {
    for (const [index, variable] of parameters.entries()) variable.assign(place(expected.parameters[index]!));
  });
  const before = tf.memory().numTensors;
  const [images, labels] = [place(expected.images), tf.tensor1d(expected.labels, 'int32')];
  const lossOf = (given: tf.Tensor, differentiateImages = false): tf.Scalar =>
    taskLoss({ studentLogits: model.apply(given as tf.Tensor2D, { differentiateImages }).logits, labels });

  const { logits, features } = model.apply(images as tf.Tensor2D);
  await expectValues(logits, expected.logits, 'logits');
  await expectValues(features, expected.features, 'features');
  const imageGradient = tf.grad((given) => lossOf(given, true))(images);
  await expectValues(imageGradient, expected.gradients[0]!, 'gradient of the images');
  const { value, grads } = tf.variableGrads(() => lossOf(images), parameters);
  for (const [index, { name }] of parameters.entries()) {
    await expectValues(grads[name]!, expected.gradients[index + 1]!, `gradient of parameter ${index}`);
  }

  tf.dispose([images, labels, logits, features, imageGradient, value, grads]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}

it('has a layer for each case of the fixture', () => {
  expect(Object.keys(layers)).toEqual(Object.keys(reference.layers));
});

for (const backendName of tfjsBackendNames) {
  describe(`the layers of examples/mnist on ${backendName}`, () => {
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
      });
    };

    for (const [name, layer] of Object.entries(layers)) {
      test(`${name} has PyTorch's values and gradients`, () => compareLayer(layer, reference.layers[name]!));
    }

    test('project and convolution give their weights the same gradient where the input is data', async () => {
      for (const [name, layer] of [
        ['project', project],
        ['convolution3', convolution],
      ] as const) {
        const expected = reference.layers[name]!;
        const input = place(expected.inputs[0]!);
        const { inputs, gradients } = expected;
        const ofWeights = (weights: never) => layer(input as never, weights, { inputIsData: true });
        await compareLayer(ofWeights, { ...expected, inputs: [inputs[1]!], gradients: [gradients[1]!] });
        input.dispose();
      }
    });

    test('normalizeChannels hands over the mean squares that it divides by', async () => {
      const input = place(reference.layers.normalizeChannels!.inputs[0]!);
      let recorded: tf.Tensor | undefined;
      const output = normalizeChannels(input as tf.Tensor4D, (meanSquares) => {
        recorded = tf.keep(meanSquares.clone());
      });
      await expectValues(recorded!, reference.meanSquares, 'mean squares');
      tf.dispose([input, output, recorded!]);
    });

    test("the student has PyTorch's logits, features and gradients", async () => {
      const student = createPerceptron({ seed: 1, widths: [6, 5, 4, 3] });
      await compareNetwork(student, reference.networks.perceptron);
      tf.dispose(student.parameters());
    });

    const architecture = { channels: [2, 3, 4], maxoutPieces: 2 } as const;

    test("the teacher has PyTorch's logits, features and gradients", async () => {
      const teacher = createTeacher(1, architecture);
      await compareNetwork(teacher, reference.networks.teacher);
      tf.dispose(teacher.parameters());
    });

    test("the teacher in training, with normalised channels, has PyTorch's logits, features and gradients", async () => {
      const teacher = createTeacher(1, architecture, {
        featureGain: 5,
        normalize: (output) => normalizeChannels(output, () => {}),
      });
      await compareNetwork(teacher, reference.networks.teacherInTraining);
      tf.dispose(teacher.parameters());
    });

    test('a teacher that was saved comes back as it was', async () => {
      const teacher = createTeacher(5, architecture);
      const bytes = await serializeTeacher(teacher);
      const restored = restoreTeacher({ architecture, parameters: [], training: {} }, bytes);
      for (const [index, variable] of restored.parameters().entries()) {
        expect(await variable.data()).toEqual(await teacher.parameters()[index]!.data());
      }
      const longer = new Uint8Array([...new Uint8Array(bytes), 0, 0, 0, 0]).buffer;
      expect(() => restoreTeacher({ architecture, parameters: [], training: {} }, longer)).toThrow(RangeError);
      tf.dispose([teacher.parameters(), restored.parameters()]);
    });
  });
}
