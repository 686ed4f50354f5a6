/** The PyTorch references of `test/fixtures/losses.json` as cases of the loss suite. */
import { readFileSync } from 'node:fs';
import type { LossCase } from '../support/lossSuite.ts';

interface FixtureCase {
  readonly title: string;
  readonly loss: string;
  readonly options: object;
  readonly inputs: LossCase['inputs'];
  readonly value: number | readonly number[];
  readonly gradients: LossCase['inputs'];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/losses.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly FixtureCase[];
};

/** The references of one loss. */
export function fixtureCases(name: string, make: (options: never) => unknown): readonly LossCase[] {
  return fixture.cases
    .filter(({ loss }) => loss === name)
    .map(({ title, options, inputs, value, gradients }) => ({
      title: `PyTorch, ${title}`,
      loss: make(options as never),
      inputs,
      value: Array.isArray(value) ? value.flat(9) : value,
      gradients,
      // At logits of size 1000 a central difference steps over the narrow place where a softmax changes.
      smooth: !title.includes('size 1000'),
    }));
}

/** The eight rows of torchtune's test of its distillation losses (tests/torchtune/modules/loss/test_kd_losses.py). */
export const publicRows = {
  studentLogits: [
    [
      [1.125, -0.4102, -0.0879, -2.5],
      [0.2676, 0.3535, 0.8711, -1.4688],
      [-0.1084, 1.6641, 0.0084, 0.1196],
      [0.5, -0.6406, -0.2236, -1.5938],
    ],
    [
      [-1.5312, -1.9219, 0, -0.5039],
      [-1.5391, 1.5312, 0.582, 0.2695],
      [-0.3887, 1.2188, 0, 0.6055],
      [0.5, 1.3828, 0.1309, -1.0312],
    ],
  ],
  teacherLogits: [
    [
      [-0.0381, -1.2578, -1.2031, 0.0947],
      [-0.7852, 0.4492, 1.5547, 0.0972],
      [0.8203, 0.0012, 0.7656, 0.3477],
      [-1.5781, 0.4297, 0.5977, 0.3926],
    ],
    [
      [1.5156, 0.1641, 2.0781, -0.7734],
      [-0.5898, 0.4453, -0.7969, 0.6328],
      [0.6289, -0.8359, 0.9258, 0.2109],
      [0.0006, 0.5195, 3.2344, -1.5781],
    ],
  ],
};
