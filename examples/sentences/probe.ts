/** A linear probe: what a softmax regression can read off embeddings that stay as they are. */
import { crossEntropy, type HostTensor, tensor, valueAndGradients } from 'dark-knowledge';

export interface ProbeTraining {
  readonly classes: number;
  readonly steps: number;
  /** Half of this times the squared weights is added to the loss. */
  readonly decay: number;
}

/** Fits a probe to embeddings [samples, dimension] and their labels, and returns what gives logits for others. */
export function fitProbe(
  embeddings: HostTensor,
  labels: Int32Array,
  { classes, steps, decay }: ProbeTraining,
): (others: HostTensor) => HostTensor {
  const rows = unitRows(embeddings);
  const width = rows.shape[1]! + 1;
  const weights = new Float32Array(width * classes);
  const velocity = new Float32Array(weights.length);
  const loss = crossEntropy();
  // Rows have length √2 with the constant, so that the curvature is at most 1 and this rate is stable.
  const [rate, momentum] = [1, 0.95];
  for (let step = 0; step < steps; step++) {
    const { gradients } = valueAndGradients(loss, { studentLogits: logitsOf(rows, weights, classes), labels });
    const slopes = gradients.studentLogits.data as Float32Array;
    const gradient = Float32Array.from(weights, (weight) => decay * weight);
    forEachEntry(rows, (row, column, value) => {
      for (let k = 0; k < classes; k++) gradient[column * classes + k]! += value * slopes[row * classes + k]!;
    });
    for (let at = 0; at < weights.length; at++) {
      velocity[at] = momentum * velocity[at]! - rate * gradient[at]!;
      weights[at]! += velocity[at]!;
    }
  }
  return (others) => logitsOf(unitRows(others), weights, classes);
}

/** Rows · weights, [samples, classes]. */
function logitsOf(rows: HostTensor, weights: Float32Array, classes: number): HostTensor {
  const logits = new Float32Array(rows.shape[0]! * classes);
  forEachEntry(rows, (row, column, value) => {
    for (let k = 0; k < classes; k++) logits[row * classes + k]! += value * weights[column * classes + k]!;
  });
  return tensor(logits, [rows.shape[0]!, classes]);
}

/** Each number of the rows, and a constant 1 after each row for the bias. */
function forEachEntry({ data, shape }: HostTensor, visit: (row: number, column: number, value: number) => void): void {
  const [count, width] = shape as [number, number];
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) visit(row, column, data[row * width + column] as number);
    visit(row, width, 1);
  }
}

/** Rows brought to length 1: what counts between embeddings is their direction. */
function unitRows({ data, shape }: HostTensor): HostTensor {
  const [count, width] = shape as [number, number];
  const rows = Float32Array.from(data as Float32Array);
  for (let row = 0; row < count; row++) {
    const values = rows.subarray(row * width, (row + 1) * width);
    const length = Math.hypot(...values) || 1;
    for (let column = 0; column < width; column++) values[column]! /= length;
  }
  return tensor(rows, [count, width]);
}
