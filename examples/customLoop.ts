/**
 * Distillation in a training loop of one's own, with no framework: host arrays, `valueAndGradients`, gradient descent by
 * hand. A linear classifier of MNIST digits learns once from a hundred labelled images alone, and once also from a
 * teacher's soft answers to images that nobody labelled.
 *
 *     npx tsx examples/customLoop.ts
 */
import {
  accuracy,
  agreement,
  crossEntropy,
  klDivergence,
  measure,
  type TensorLike,
  tensor,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import { type Dataset, loadMnist, pixelsPerImage } from './mnist/data.ts';

const classes = 10;
const batchSize = 50;
/** The label that `crossEntropy` leaves out by default. */
const noLabel = -100;

function take({ images, labels }: Dataset, start: number, count: number): Dataset {
  return {
    images: images.slice(start * pixelsPerImage, (start + count) * pixelsPerImage),
    labels: labels.slice(start, start + count),
    count,
  };
}

/**
 * The teacher needs no training: a class scores by the nearness of its known images, log Σ exp(−distance²/width). Such
 * scores are logits, and say how much a digit looks like each of the others.
 */
function teach(known: Dataset, asked: Dataset, width: number): Float64Array {
  const logits = new Float64Array(asked.count * classes).fill(-Infinity);
  for (let question = 0; question < asked.count; question++) {
    const pixels = asked.images.subarray(question * pixelsPerImage, (question + 1) * pixelsPerImage);
    for (let example = 0; example < known.count; example++) {
      const offset = example * pixelsPerImage;
      let distance = 0;
      for (let pixel = 0; pixel < pixelsPerImage; pixel++) {
        const difference = pixels[pixel]! - known.images[offset + pixel]!;
        distance += difference * difference;
      }
      const at = question * classes + known.labels[example]!;
      const larger = Math.max(-distance / width, logits[at]!);
      logits[at] = larger + Math.log(Math.exp(-distance / width - larger) + Math.exp(logits[at]! - larger));
    }
  }
  return logits;
}

/** A linear classifier: weights [classes, pixels]. */
interface Student {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

function answer({ weights, bias }: Student, images: Float32Array): Float64Array {
  const rows = images.length / pixelsPerImage;
  const logits = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    for (let digit = 0; digit < classes; digit++) {
      let sum = bias[digit]!;
      for (let pixel = 0; pixel < pixelsPerImage; pixel++) {
        sum += images[row * pixelsPerImage + pixel]! * weights[digit * pixelsPerImage + pixel]!;
      }
      logits[row * classes + digit] = sum;
    }
  }
  return logits;
}

/** A step against the gradient: from d loss / d logits to d loss / d weights by the chain rule. */
function descend({ weights, bias }: Student, images: Float32Array, gradient: ArrayLike<number>, rate: number): void {
  for (let index = 0; index < gradient.length; index++) {
    const [row, digit] = [Math.floor(index / classes), index % classes];
    const change = rate * gradient[index]!;
    bias[digit]! -= change;
    for (let pixel = 0; pixel < pixelsPerImage; pixel++) {
      weights[digit * pixelsPerImage + pixel]! -= change * images[row * pixelsPerImage + pixel]!;
    }
  }
}

const asLogits = (data: Float64Array): TensorLike => tensor(data, [data.length / classes, classes]);
const correct = (logits: Float64Array, labels: TensorLike): number =>
  measure(accuracy(), { logits: asLogits(logits), labels }).value;

const mnist = loadMnist();
const known = take(mnist.train, 0, 1000);
const images = take(mnist.train, 1000, 600);
const test = take(mnist.test, 0, 2000);
// One image in six has a label.
const labels = images.labels.map((label, index) => (index % 6 === 0 ? label : noLabel));

const teacherLogits = teach(known, images, 4);
const teacherOnTest = teach(known, test, 4);
console.log(`teacher                      accuracy ${correct(teacherOnTest, test.labels).toFixed(3)}`);

const weights = { 'from labels': 0, 'from labels and the teacher': 0.9 };
for (const [name, weight] of Object.entries(weights)) {
  const objective = weightedSum({
    task: { loss: crossEntropy(), weight: 1 - weight },
    distillation: { loss: klDivergence({ temperature: 2 }), weight },
  });
  const student: Student = { weights: new Float64Array(classes * pixelsPerImage), bias: new Float64Array(classes) };
  console.log(`\nstudent ${name}`);
  for (let epoch = 1; epoch <= 40; epoch++) {
    const sums = { task: 0, distillation: 0 };
    for (let start = 0; start < images.count; start += batchSize) {
      const batch = take(images, start, batchSize);
      const { terms, gradients } = valueAndGradients(objective, {
        studentLogits: asLogits(answer(student, batch.images)),
        teacherLogits: asLogits(teacherLogits.slice(start * classes, (start + batchSize) * classes)),
        labels: labels.slice(start, start + batchSize),
      });
      descend(student, batch.images, gradients.studentLogits.data, 0.05);
      sums.task += terms.task! * (batchSize / images.count);
      sums.distillation += terms.distillation! * (batchSize / images.count);
    }
    if (epoch % 10 === 0) {
      console.log(`  epoch ${epoch}: task ${sums.task.toFixed(3)}, distillation ${sums.distillation.toFixed(3)}`);
    }
  }
  const onTest = answer(student, test.images);
  const agrees = measure(agreement(), {
    studentLogits: asLogits(onTest),
    teacherLogits: asLogits(teacherOnTest),
  }).value;
  console.log(`  accuracy ${correct(onTest, test.labels).toFixed(3)}, agreement with the teacher ${agrees.toFixed(3)}`);
}
