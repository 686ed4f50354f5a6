/**
 * The student: each n-gram of a sentence has a vector in a table, at the place its hash says; their mean goes through a
 * linear layer into the teacher's space. It knows no word order beyond its n-grams and has no other layer, hence its speed.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed, type HostTensor, randomNormal, tensor } from 'dark-knowledge';
import { addBias, differentiable, project } from '../mnist/layers.ts';

/** Rows of the table, a power of two. N-grams that share one share its vector. */
export const buckets = 4096;
const [shortest, longest] = [3, 5];

/** What a student is, as plain arrays: enough to embed with. */
export interface StudentWeights {
  /** [buckets, width]. */
  readonly table: Float32Array;
  /** [width, dimension]. */
  readonly projection: Float32Array;
  /** [dimension]. */
  readonly bias: Float32Array;
}

/** The places in the table of a sentence's n-grams: its words whole, and three to five characters in a row of each. */
export function ngramsOf(sentence: string): Int32Array {
  const places: number[] = [];
  for (const word of sentence.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? []) {
    const marked = `<${word}>`;
    places.push(placeOf(marked, 0, marked.length, 1));
    for (let length = shortest; length <= longest; length++) {
      for (let start = 0; start + length <= marked.length; start++)
        places.push(placeOf(marked, start, start + length, 0));
    }
  }
  return Int32Array.from(places);
}

/** FNV-1a over the characters, and which kind of n-gram they are. */
function placeOf(text: string, start: number, end: number, kind: number): number {
  let hash = Math.imul(0x811c9dc5 ^ kind, 0x01000193);
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) & (buckets - 1);
}

/** Adds rows of a matrix to sums, each times its weight: four at a time, since loads and stores cost more than products. */
function addRows(sums: Float64Array, matrix: Float32Array, rows: Int32Array, weights: Float64Array): void {
  const width = sums.length;
  const inFours = rows.length - (rows.length % 4);
  for (let at = 0; at < inFours; at += 4) {
    const [a, b] = [rows[at]! * width, rows[at + 1]! * width];
    const [c, d] = [rows[at + 2]! * width, rows[at + 3]! * width];
    const [wa, wb, wc, wd] = [weights[at]!, weights[at + 1]!, weights[at + 2]!, weights[at + 3]!];
    for (let column = 0; column < width; column++) {
      sums[column]! +=
        wa * matrix[a + column]! + wb * matrix[b + column]! + wc * matrix[c + column]! + wd * matrix[d + column]!;
    }
  }
  for (let at = inFours; at < rows.length; at++) {
    for (let column = 0; column < width; column++) {
      sums[column]! += weights[at]! * matrix[rows[at]! * width + column]!;
    }
  }
}

/** Means of table rows, [bags, width]; zeros for a sentence without an n-gram. */
function meansOf(table: Float32Array, bags: readonly Int32Array[]): Float32Array {
  const width = table.length / buckets;
  const means = new Float32Array(bags.length * width);
  const sums = new Float64Array(width);
  bags.forEach((bag, row) => {
    sums.fill(0);
    addRows(sums, table, bag, new Float64Array(bag.length).fill(1 / bag.length));
    means.set(sums, row * width);
  });
  return means;
}

/** The gradient of `meansOf` in the table. */
function tableGradient(upstream: Float32Array, bags: readonly Int32Array[]): Float32Array {
  const width = upstream.length / bags.length;
  const gradient = new Float32Array(buckets * width);
  bags.forEach((bag, row) => {
    for (const place of bag) {
      for (let column = 0; column < width; column++) {
        gradient[place * width + column]! += upstream[row * width + column]! / bag.length;
      }
    }
  });
  return gradient;
}

/** Embeds sentences by loops on plain arrays, as a program without TensorFlow would: [sentences, dimension]. */
export function embed({ table, projection, bias }: StudentWeights, bags: readonly Int32Array[]): HostTensor {
  const [width, dimension] = [table.length / buckets, bias.length];
  const embeddings = new Float32Array(bags.length * dimension);
  const units = Int32Array.from({ length: width }, (_, unit) => unit);
  const means = Float64Array.from(meansOf(table, bags));
  const sums = new Float64Array(dimension);
  for (let row = 0; row < bags.length; row++) {
    sums.set(bias);
    addRows(sums, projection, units, means.subarray(row * width, (row + 1) * width));
    embeddings.set(sums, row * dimension);
  }
  return tensor(embeddings, [bags.length, dimension]);
}

/** A student in training. */
export interface TrainableStudent {
  /** Embeddings [sentences, dimension]. */
  apply(bags: readonly Int32Array[]): tf.Tensor2D;
  parameters(): tf.Variable[];
  weights(): StudentWeights;
}

/** A variable in place of a tensor: tfjs would keep both. */
export function variableOf<Rank extends tf.Rank>(initial: tf.Tensor<Rank>): tf.Variable<Rank> {
  const variable = tf.variable(initial);
  initial.dispose();
  return variable;
}

/** Makes a student of random weights. */
export function createStudent({
  width,
  dimension,
  seed,
}: {
  readonly width: number;
  readonly dimension: number;
  readonly seed: number;
}): TrainableStudent {
  const normal = (part: number, shape: [number, number], deviation: number): tf.Variable<tf.Rank.R2> => {
    const draw = (_: unknown, index: number): number => deviation * randomNormal(deriveSeed(seed, part), index);
    return variableOf(tf.tensor2d(Float32Array.from({ length: shape[0] * shape[1] }, draw), shape));
  };
  const table = normal(0, [buckets, width], 1);
  const projection = normal(1, [width, dimension], 1 / Math.sqrt(width));
  const bias = variableOf(tf.zeros<tf.Rank.R1>([dimension]));
  const numbersOf = (variable: tf.Tensor): Float32Array => variable.dataSync<'float32'>();
  return {
    apply(bags) {
      // The table is looked up on the host, whatever the backend: few of its rows are in a batch, and wasm's gather has no gradient.
      const means = differentiable<tf.Tensor2D>(
        [table],
        () => tf.tensor2d(meansOf(numbersOf(table), bags), [bags.length, width]),
        (upstream) => [tf.tensor2d(tableGradient(numbersOf(upstream), bags), [buckets, width])],
      );
      return addBias(project(means, projection), bias);
    },
    parameters: () => [table, projection, bias],
    weights: () => ({ table: numbersOf(table), projection: numbersOf(projection), bias: numbersOf(bias) }),
  };
}
