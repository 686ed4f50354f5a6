/** Theorem 4.1 on linear regression: by gradient flow, for which it is proved, and by finite steps, for which it is not. */
import * as tf from '@tensorflow/tfjs-core';
import { eigenComponents, type GradientFlow, gradientFlow, type HostTensor, logitMse, tensor } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, pixelsPerImage, selectExamples } from '../../examples/mnist/data.ts';
import { project } from '../../examples/mnist/layers.ts';
import { train } from '../training.ts';
import { atEqualProgress, type DirectionPair, type EqualProgressComparison, type Ways } from './eigenPaths.ts';

export interface LinearMeasured {
  /** Of gradient flow: means and ends over pairs of directions and times. */
  readonly flow: { readonly shortfall: number; readonly least: number; readonly most: number };
  readonly steps: Readonly<Record<'all images a step' | 'small batches', StepsMeasured>>;
}

export interface StepsMeasured {
  readonly comparison: EqualProgressComparison;
  /** The largest distance from flow along a direction, in shares of the way to the least-squares solution. */
  readonly awayFromFlow: { readonly teacher: number; readonly student: number };
}

export interface LinearSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly order: number;
}

/** Images and whether their digits are even, ±1. */
export async function linearMeasured(
  images: Dataset,
  pairs: readonly DirectionPair[],
  directions: number,
  { epochs, batchSize, order }: LinearSettings,
): Promise<{ readonly measured: LinearMeasured; readonly ways: Ways }> {
  const data = tensor(images.images, [images.count, pixelsPerImage]);
  const targets = tensor(
    Float32Array.from(images.labels, (digit) => (digit % 2 === 0 ? 1 : -1)),
    [images.count, 1],
  );
  const flow = gradientFlow({ data, targets });
  const rate = 0.2 / flow.eigenvalues[0]!;
  const teacherTime = rate * epochs;
  const of = (size: number) =>
    descent(images, targets, flow, { rate, epochs, batchSize: size, order, directions, pairs });
  const whole = await of(images.count);
  const small = await of(batchSize);
  return {
    measured: {
      flow: onFlow(flow, pairs, teacherTime),
      steps: { 'all images a step': whole.measured, 'small batches': small.measured },
    },
    ways: whole.ways,
  };
}

/** At ten times of the teacher, when the student has come equally far along the top direction of each pair. */
function onFlow(flow: GradientFlow, pairs: readonly DirectionPair[], teacherTime: number): LinearMeasured['flow'] {
  const shortfalls = pairs.flatMap(([top, bottom]) =>
    Array.from({ length: 10 }, (_, part) => {
      const time = (teacherTime * (part + 0.5)) / 10;
      const studentTime = flow.equalProgressTime({ direction: top, time, teacherTime });
      const teacher = flow.teacher(time).progress[bottom]!;
      return 1 - flow.student({ teacherTime, time: studentTime }).progress[bottom]! / teacher;
    }),
  );
  return {
    shortfall: shortfalls.reduce((sum, value) => sum + value, 0) / shortfalls.length,
    least: Math.min(...shortfalls),
    most: Math.max(...shortfalls),
  };
}

interface DescentSettings extends LinearSettings {
  readonly rate: number;
  readonly directions: number;
  readonly pairs: readonly DirectionPair[];
}

/** A teacher trained by steps, and its student, for twice as long. */
async function descent(
  images: Dataset,
  targets: HostTensor,
  flow: GradientFlow,
  settings: DescentSettings,
): Promise<{ readonly measured: StepsMeasured; readonly ways: Ways }> {
  const { rate, epochs, directions: wanted, pairs } = settings;
  const teacher = await regression(images, targets, settings);
  const student = await regression(images, outputsOf(images, teacher.at(-1)!), { ...settings, epochs: 2 * epochs });
  const kept = Math.min(wanted, flow.eigenvalues.length);
  const ways = eigenComponents({
    eigen: {
      eigenvalues: flow.eigenvalues.subarray(0, kept),
      directions: tensor((flow.directions.data as Float64Array).subarray(0, kept * pixelsPerImage), [
        kept,
        pixelsPerImage,
      ]),
    },
    teacher,
    student,
  });
  const solution = flow.teacher(Infinity).components.data;
  const away = (path: Ways['teacher'], at: (time: number) => ArrayLike<number>): number => {
    let most = 0;
    path.forEach((components, epoch) => {
      const progress = at(rate * epoch);
      for (let direction = 0; direction < kept; direction++) {
        const share = components[direction]! / Math.abs(solution[direction]!);
        most = Math.max(most, Math.abs(share - progress[direction]!));
      }
    });
    return most;
  };
  const teacherTime = rate * epochs;
  return {
    ways,
    measured: {
      comparison: atEqualProgress(ways, pairs),
      awayFromFlow: {
        teacher: away(ways.teacher, (time) => flow.teacher(time).progress),
        student: away(ways.student, (time) => flow.student({ teacherTime, time }).progress),
      },
    },
  };
}

/** Weights from 0 on, epoch by epoch; the loss is ½ Σ (Xw − y)². */
async function regression(
  images: Dataset,
  targets: HostTensor,
  { rate, epochs, batchSize, order }: Omit<DescentSettings, 'directions' | 'pairs'>,
): Promise<readonly HostTensor[]> {
  const weights = tf.variable(tf.zeros<tf.Rank.R2>([pixelsPerImage, 1]));
  const loss = tfjsLoss(logitMse({ reduction: 'sum' }));
  const path: HostTensor[] = [tensor(new Float32Array(pixelsPerImage), [pixelsPerImage, 1])];
  await train({
    count: images.count,
    epochs,
    batchSize,
    order,
    // The loss of the library lacks the half.
    optimizer: tf.train.sgd(rate / 2),
    learningRate: () => rate / 2,
    parameters: [weights],
    batch: ({ rows }) => ({
      images: tf.tensor2d(selectExamples(images, rows).images, [rows.length, pixelsPerImage]),
      targets: tf.tensor2d(
        Float32Array.from(rows, (row) => targets.data[row]!),
        [rows.length, 1],
      ),
    }),
    loss: ({ images: pixels, targets: wanted }) =>
      loss({
        studentLogits: project(pixels as tf.Tensor2D, weights, { inputIsData: true }),
        teacherLogits: wanted!,
      }),
    onEpoch: async () => {
      path.push(tensor(Float32Array.from(await weights.data()), [pixelsPerImage, 1]));
    },
  });
  weights.dispose();
  return path;
}

function outputsOf({ images, count }: Dataset, { data }: HostTensor): HostTensor {
  const outputs = Float32Array.from({ length: count }, (_, row) => {
    let sum = 0;
    for (let pixel = 0; pixel < pixelsPerImage; pixel++) sum += images[row * pixelsPerImage + pixel]! * data[pixel]!;
    return sum;
  });
  return tensor(outputs, [count, 1]);
}
