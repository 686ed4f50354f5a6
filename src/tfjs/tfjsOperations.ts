/**
 * The contract over `@tensorflow/tfjs-core` alone: one adapter for every tfjs backend (cpu, wasm, webgl, webgpu, node).
 *
 * Arithmetic is float32. Whole numbers (labels) may come as int32 or bool; tfjs would compute in the wider of two integer
 * types (and divide int32 without a fraction), so they are cast on entry.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel, ReduceOptions } from '../backend.ts';
import { shapeError } from '../check.ts';
import {
  checkDepth,
  checkHostTensor,
  checkLastAxis,
  checkNumber,
  checkReplacement,
  checkReshape,
  checkRowNumbers,
  checkScatter,
  checkTake,
  permutationOf,
  productExtents,
  watchRows,
} from '../memberArguments.ts';
import { argSortOnHost } from '../ops/argSort.ts';
import { tensorsIn } from '../reach.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';
import { type TfjsRecording, tfjsRecordings } from './fusion/recording.ts';
import { hostData, hostTensorOf, readsAtOnce, tensorOf } from './hostMemory.ts';
import { heeding, throwRefusals } from './kernels/webgpuRefusals.ts';
import { largest, positionOfLargest, total } from './reductions.ts';
import { larger, product, spread } from './wasmDetours.ts';

/** The fused kernels of the tfjs backend of this name. */
export type KernelsOf = (tfjsBackendName: string, backend: Backend<tf.Tensor>) => readonly FusedKernel<tf.Tensor>[];

/** The contract on tfjs tensors. */
export interface TfjsOperations extends Backend<tf.Tensor> {
  /** What records on the tfjs backend that is set: on `webgpu` alone. */
  readonly recording: TfjsRecording | undefined;
}

/** The contract, with the fused kernels that are asked for: those left out fall out of a bundle. */
// @__NO_SIDE_EFFECTS__
export function tfjsOperations(kernelsOf: KernelsOf): TfjsOperations {
  const unary =
    (operate: (x: tf.Tensor) => tf.Tensor) =>
    (x: tf.Tensor): tf.Tensor =>
      onFloats([x], ([only]) => operate(only!));

  const binary =
    (operate: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) =>
    (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      onFloats([a, b], ([first, second]) => operate(first!, second!));

  const reduction =
    (operate: (x: tf.Tensor, axis: ReduceOptions['axis'], keepDims: boolean) => tf.Tensor) =>
    (x: tf.Tensor, { axis, keepDims = false }: ReduceOptions = {}): tf.Tensor =>
      onFloats([x], ([only]) => operate(only!, axis, keepDims));

  const kernels = new Map<string, readonly FusedKernel<tf.Tensor>[]>();
  const backend: TfjsOperations = {
    get name() {
      return `tfjs:${tf.getBackend()}`;
    },
    scope(compute) {
      let result: ReturnType<typeof compute>;
      // The walk is ours: tfjs's own goes through the elements of typed arrays.
      heeding(undefined, () =>
        tf.tidy(() => {
          result = compute();
          return [...tensorsIn(result, isTensor)];
        }),
      );
      return result!;
    },
    dispose: (tensor) => tensor.dispose(),
    isTensor,

    fromHost(host) {
      checkHostTensor('tfjsBackend.fromHost', host);
      return tensorOf(host);
    },
    scalar(value) {
      checkNumber('tfjsBackend.scalar', value);
      return tf.scalar(value, 'float32');
    },
    shapeOf: (tensor) => tensor.shape,
    async read(tensor) {
      const data = hostData(await tensor.data());
      await throwRefusals();
      return { data, shape: tensor.shape };
    },
    get readSync() {
      return readsAtOnce() ? hostTensorOf : (undefined as never);
    },

    add: binary(tf.add),
    subtract: binary(tf.sub),
    multiply: binary(tf.mul),
    divide: binary(tf.div),
    maximum: binary(larger),
    greater: binary((a, b) => tf.cast(tf.greater(...pairOf(spread([a, b]))), 'float32')),
    where: (condition, a, b) =>
      onFloats([condition, a, b], (floats) => {
        const [chosen, first, second] = spread(floats);
        // Not a cast: on wasm a cast to bool takes 0.25 for false.
        return tf.where(tf.notEqual(chosen!, 0), first!, second!);
      }),
    exp: unary(tf.exp),
    log: unary(tf.log),
    sqrt: unary(tf.sqrt),
    abs: unary(tf.abs),

    sum: reduction(total),
    max: reduction(largest),
    argMax: unary(positionOfLargest),

    reshape(x, shape) {
      checkReshape('tfjsBackend.reshape', x.shape, shape);
      return tf.reshape(x, shape.slice());
    },
    transpose: (x, permutation) => tf.transpose(x, [...permutationOf('tfjsBackend.transpose', x.rank, permutation)]),
    matMul(a, b, { transposeA = false, transposeB = false } = {}) {
      const transposed = { transposeA, transposeB };
      const { batch, rows, columns } = productExtents('tfjsBackend.matMul', a.shape, b.shape, transposed);
      if (a.size === 0 || b.size === 0) return tf.zeros([...batch, rows, columns]);
      return onFloats([a, b], ([left, right]) => product(left!, right!, transposeA, transposeB));
    },

    // Asked for float32, wasm's kernel writes the bits of an int32.
    oneHot(indices, depth) {
      checkDepth('tfjsBackend.oneHot', depth);
      return tf.tidy(() => {
        const whole = wholeIndices(indices);
        // tf.oneHot refuses a single class.
        if (depth === 1) return tf.reshape(tf.cast(tf.equal(whole, 0), 'float32'), [...indices.shape, 1]);
        return tf.cast(tf.oneHot(whole, depth, 1, 0, 'int32'), 'float32');
      });
    },
    gather(x, indices) {
      const [rows, ...rowShape] = x.shape;
      if (rows === undefined) throw shapeError('tfjsBackend.gather', 'x', 'of shape [rows, ...]', x.shape);
      const isReadable = readsAtOnce();
      if (isReadable) checkRowNumbers('tfjsBackend.gather', rows, hostData(indices.dataSync()));
      return tf.tidy(() => {
        const whole = tf.reshape(wholeIndices(indices), [indices.size]);
        const taken = isReadable ? tf.gather(x, whole) : gatherOrNaN(x, whole);
        return tf.reshape(taken, [...indices.shape, ...rowShape]);
      });
    },

    replaceRows(x, positions, replacement) {
      checkReplacement('tfjsBackend.replaceRows', x.shape, positions, replacement.shape);
      return onFloats([x, replacement], ([rows, updates]) => {
        const indices = tf.tensor2d(Int32Array.from(positions), [positions.length, 1], 'int32');
        // tfjs's cpu kernel writes into its argument.
        const copy = tf.getBackend() === 'cpu' ? tf.add(rows!, 0) : rows!;
        return tf.tensorScatterUpdate(copy, indices, updates!);
      });
    },

    argSort(x) {
      checkLastAxis('tfjsBackend.argSort', 'x', x.shape);
      return onFloats([x], ([only]) => {
        if (readsAtOnce()) return placed(argSortOnHost({ data: only!.dataSync(), shape: x.shape }));
        // tf.topk keeps the order of equal finite numbers; infinities it may subtract from each other, and lose.
        const finite = tf.clipByValue(
          tf.where(tf.isNaN(only!), tf.fill(x.shape, Infinity), only!),
          -largestFinite,
          largestFinite,
        );
        return tf.cast(tf.topk(finite, x.shape.at(-1)!, true).indices, 'float32');
      });
    },
    takeAlong(x, indices) {
      checkTake('tfjsBackend.takeAlong', x.shape, indices.shape);
      if (indices.size === 0) return tf.zeros(indices.shape);
      return onFloats([x], ([only]) => {
        const { valid, places } = placesAlong(indices, x.shape.at(-1)!);
        const taken = tf.gather(tf.reshape(only!, [x.size]), places);
        return tf.reshape(tf.where(valid, taken, tf.zerosLike(taken)), indices.shape);
      });
    },
    scatterAlong(indices, updates, size) {
      checkScatter('tfjsBackend.scatterAlong', indices.shape, updates.shape, size);
      const leading = indices.shape.slice(0, -1);
      if (indices.size === 0) return tf.zeros([...leading, size]);
      return onFloats([updates], ([only]) => {
        const { valid, places } = placesAlong(indices, size);
        const flat = tf.reshape(only!, [updates.size]);
        const added = tf.where(valid, flat, tf.zerosLike(flat));
        const rows = sizeOf(leading);
        const sums = tf.scatterND(tf.reshape(places, [updates.size, 1]), added, [rows * size]);
        return tf.reshape(sums, [...leading, size]);
      });
    },
    rowsInParts(shape) {
      const watch = watchRows('tfjsBackend.rowsInParts', shape);
      const parts: tf.Tensor[] = [];
      return {
        write(rows) {
          watch.add(rows.shape);
          parts.push(tf.keep(tf.clone(rows)));
        },
        finish: () =>
          tf.tidy(() => {
            watch.complete();
            if (parts.length === 0) return tf.zeros(shape.slice());
            const joined = tf.reshape(parts.length === 1 ? parts[0]! : tf.concat(parts, 0), shape.slice());
            tf.dispose(parts);
            return joined;
          }),
      };
    },

    keep: (tensor) => tf.keep(tensor),
    isDisposed: (tensor) => tensor.isDisposed,
    tensorCount: () => tf.memory().numTensors,
    get fusedKernels() {
      const name = tf.getBackend();
      const known = kernels.get(name) ?? kernelsOf(name, backend);
      kernels.set(name, known);
      return known;
    },
    get recording() {
      return recordingOf();
    },
    get recorded() {
      return recordingOf()?.run;
    },
  };
  const recordingOf = tfjsRecordings(backend, () => backend.fusedKernels ?? []);
  return backend;
}

function onFloats(tensors: readonly tf.Tensor[], operate: (floats: readonly tf.Tensor[]) => tf.Tensor): tf.Tensor {
  return tf.tidy(() =>
    operate(tensors.map((tensor) => (tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32')))),
  );
}

function pairOf([a, b]: readonly tf.Tensor[]): [tf.Tensor, tf.Tensor] {
  return [a!, b!];
}

function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

/** Indices as int32; what is no whole number that int32 holds becomes −1, where a cast would make it a valid index. */
function wholeIndices(indices: tf.Tensor): tf.Tensor {
  if (indices.dtype !== 'float32') return tf.cast(indices, 'int32');
  const isWhole = tf.logicalAnd(tf.equal(tf.floor(indices), indices), tf.less(tf.abs(indices), 2 ** 31));
  return tf.cast(tf.where(isWhole, indices, tf.fill(indices.shape, -1)), 'int32');
}

/** Flat places, [rows·k], of indices along rows of `count` elements, and whether each names one. */
function placesAlong(indices: tf.Tensor, count: number): { readonly valid: tf.Tensor; readonly places: tf.Tensor1D } {
  const picks = indices.shape.at(-1)!;
  const whole = tf.reshape<tf.Rank.R2>(wholeIndices(indices), [indices.size / picks, picks]);
  const valid = tf.logicalAnd(tf.greaterEqual(whole, 0), tf.less(whole, count));
  const starts = tf.mul(tf.range(0, indices.size / picks, 1, 'int32'), tf.scalar(count, 'int32'));
  const places = tf.add(tf.where(valid, whole, tf.zerosLike(whole)), tf.reshape(starts, [indices.size / picks, 1]));
  return { valid: tf.reshape(valid, [indices.size]), places: tf.reshape(tf.cast(places, 'int32'), [indices.size]) };
}

/** The largest finite float32 number. */
const largestFinite = 3.4028234663852886e38;

function placed({ data, shape }: HostTensor): tf.Tensor {
  return tf.tensor(Float32Array.from(data), shape.slice());
}

/** Rows by number, on a device whose values cannot be read without waiting; NaN where there is no such row. */
function gatherOrNaN(x: tf.Tensor, whole: tf.Tensor): tf.Tensor {
  const [rows = 0, ...rowShape] = x.shape;
  const isRow = tf.logicalAnd(tf.greaterEqual(whole, 0), tf.less(whole, rows));
  const taken = tf.cast(tf.gather(x, tf.where(isRow, whole, tf.zerosLike(whole))), 'float32');
  const column = tf.reshape(isRow, [whole.size, ...rowShape.map(() => 1)]);
  return tf.where(column, taken, tf.fill(taken.shape, Number.NaN));
}
