import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  ContrastiveMemory,
  ContrastiveMemoryOn,
  contrastSampler,
  crd,
  evaluateOn,
  initializeCrd,
  klDivergence,
  measureOn,
  negativeLogLikelihood,
  tensor,
} from 'dark-knowledge';
import { conformanceCases } from 'dark-knowledge/testing';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { openTfjs, tfjsBackendNames } from '../support/tfjs.ts';

for (const name of tfjsBackendNames) {
  const opened = await openTfjs(name);
  describe(`tfjsBackend on ${name}`, () => {
    if ('missing' in opened) {
      it.skip(opened.missing);
      return;
    }
    const backend = opened;
    // tfjs has one current backend, and opening the next one above has changed it.
    beforeEach(async () => {
      await tf.setBackend(name);
    });

    for (const { title, check } of conformanceCases(backend)) it(title, check);

    const expectValues = async (result: tf.Tensor, expected: readonly number[]): Promise<void> => {
      expectDeepClose(await result.data(), expected, 1e-6);
      result.dispose();
    };

    it('is named after the tfjs backend that is set', () => {
      expect(tfjsBackend().name).toBe(`tfjs:${name}`);
    });

    it('reads at once only where tensors lie in host memory', () => {
      expect(tfjsBackend().readSync !== undefined).toBe(['cpu', 'wasm', 'tensorflow'].includes(name));
    });

    it('computes with int32 and bool as with real numbers, and leaves no cast behind', async () => {
      const before = tf.memory().numTensors;
      const [sevens, flags] = [tf.tensor1d([7, -7], 'int32'), tf.tensor1d([true, false])];
      await expectValues(backend.divide(sevens, tf.scalar(2, 'int32')), [3.5, -3.5]);
      await expectValues(backend.add(flags, flags), [2, 0]);
      await expectValues(backend.subtract(tf.scalar(0.5), sevens), [-6.5, 7.5]);
      await expectValues(backend.greater(flags, tf.scalar(0.5)), [1, 0]);
      await expectValues(backend.where(sevens, flags, tf.scalar(0.25)), [1, 0]);
      await expectValues(backend.exp(flags), [Math.E, 1]);
      await expectValues(backend.sum(flags), [1]);
      await expectValues(backend.max(sevens), [7]);
      await expectValues(backend.matMul(tf.tensor2d([[2]], [1, 1], 'int32'), tf.tensor2d([[0.5]])), [1]);
      // What is left are the two inputs, and the six that were made in calls.
      expect(tf.memory().numTensors).toBe(before + 8);
    });

    it('takes indices as real numbers; what is no whole number is outside', async () => {
      await expectValues(backend.oneHot(tf.tensor1d([1, 0.5, Number.NaN, -1]), 2), [0, 1, 0, 0, 0, 0, 0, 0]);
      await expectValues(backend.oneHot(tf.tensor1d([0, -100, 1]), 1), [1, 0, 0]);
      await expectValues(backend.gather(tf.tensor1d([5, 6, 7], 'int32'), tf.scalar(2)), [7]);
    });

    it('sums, compares and chooses over broadcast columns', async () => {
      const column = tf.tensor3d([1, 2, 3, 4], [2, 2, 1]);
      const row = tf.tensor1d([2, 3, Number.POSITIVE_INFINITY]);
      await expectValues(backend.greater(column, row), [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0]);
      await expectValues(backend.maximum(column, tf.tensor1d([2, 3])), [2, 3, 2, 3, 3, 3, 4, 4]);
      await expectValues(backend.where(tf.tensor2d([[1], [0]]), column, tf.scalar(9)), [1, 9, 3, 9]);
      await expectValues(backend.sum(column, { axis: [0, 1] }), [10]);
      const kept = backend.sum(column, { axis: 0, keepDims: true });
      expect(kept.shape).toEqual([1, 2, 1]);
      await expectValues(kept, [4, 6]);
    });

    it('multiplies by several views of one buffer, which wasm keeps apart only if they are copied', async () => {
      const buffer = tf.tensor1d([1, 2, 3, 4]);
      const views = [tf.reshape(buffer, [4, 1]), tf.reshape(buffer, [2, 2]), tf.reshape(buffer, [1, 4])];
      await expectValues(backend.matMul(tf.ones([1, 4]), views[0]!), [10]);
      await expectValues(backend.matMul(tf.ones([1, 2]), views[1]!), [4, 6]);
      await expectValues(backend.matMul(tf.ones([1, 1]), views[2]!), [1, 2, 3, 4]);
      await expectValues(backend.matMul(tf.ones([1, 4]), views[2]!, { transposeB: true }), [10]);
      await expectValues(backend.matMul(tf.ones([1, 2]), views[1]!, { transposeB: true }), [3, 7]);
    });

    it('multiplies several large matrices as each by itself', async () => {
      const a = tf.randomUniform([2, 3, 40, 50], -1, 1, 'float32', 1);
      const b = tf.randomUniform([2, 3, 60, 50], -1, 1, 'float32', 2);
      const product = backend.matMul(a, b, { transposeB: true });
      expect(product.shape).toEqual([2, 3, 40, 60]);
      await expectValues(product, Array.from(await tf.matMul(a, b, false, true).data()));
    });

    if (['cpu', 'wasm'].includes(name)) {
      it('adds millions of numbers up without losing any', async () => {
        // One after another in float32, 16 777 216 + 1 is 16 777 216, and 4·10⁶ times 0.1 is 384 525.
        await expectValues(backend.sum(tf.fill([18_000_001], 1)), [18_000_000]);
        await expectValues(
          backend.sum(tf.fill([3, 70_001], 1), { axis: [-1], keepDims: true }),
          [70_001, 70_001, 70_001],
        );
        await expectValues(backend.sum(tf.fill([70_001, 2, 3], 1), { axis: [0, 2] }), [210_003, 210_003]);
        const tenths = 4_000_003 * Math.fround(0.1);
        const sums = [
          backend.sum(tf.fill([4_000_003], 0.1)),
          backend.sum(tf.fill([4_000_003, 1], 0.1), { axis: 0 }),
          backend.matMul(tf.fill([4_000_003, 1], 0.1), tf.ones([4_000_003, 1]), { transposeA: true }),
        ];
        for (const sum of sums) expect(Math.abs(sum.dataSync()[0]! / tenths - 1)).toBeLessThan(1e-5);
        tf.dispose(sums);
      });

      it.skipIf(name === 'cpu')('measures millions of rows as float64 does', async () => {
        // A row of logits [0, 0] has the loss log 2, one of [1, 0] with label 0 log(1 + 1/e).
        const rows = 1_500_000;
        const logits = { data: new Float32Array(2 * rows).map((_, at) => Number(at % 6 === 0)), shape: [rows, 2] };
        const labels = { data: new Int32Array(rows), shape: [rows] };
        const expected = (2 * Math.LN2 + Math.log1p(Math.exp(-1))) / 3;
        const { value } = await measureOn(backend, negativeLogLikelihood(), { logits, labels });
        expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
        expect((await measureOn(backend, accuracy(), { logits, labels })).value).toBe(1);
      });

      it('multiplies matrices with a long inner axis in pieces, in every form', async () => {
        const inner = 5003;
        const [a, b] = [1, 2].map((seed) => tf.randomUniform([2, 3, inner], -1, 1, 'float32', seed) as tf.Tensor3D);
        const expected = tf.sum(tf.mul(tf.expandDims(a!, 2), tf.expandDims(b!, 1)), -1);
        for (const transposeA of [false, true]) {
          for (const transposeB of [false, true]) {
            const left = transposeA ? tf.transpose(a!, [0, 2, 1]) : a!;
            const right = transposeB ? b! : tf.transpose(b!, [0, 2, 1]);
            const product = backend.matMul(left, right, { transposeA, transposeB });
            expect(product.shape).toEqual([2, 3, 3]);
            expectDeepClose(await product.data(), await expected.data(), 2e-5);
            const [firstLeft, firstRight] = [left, right].map((side) => tf.squeeze(tf.slice(side, 0, 1), [0]));
            const first = backend.matMul(firstLeft!, firstRight!, { transposeA, transposeB });
            expectDeepClose(await first.data(), (await expected.data()).slice(0, 9), 2e-5);
          }
        }
      });
    }

    it('refuses by name what tfjs would compute something of', () => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
      const before = tf.memory().numTensors;
      expect(() => backend.transpose(x, [0, 0])).toThrow(
        'tfjsBackend.transpose: permutation must be a list that names each of 2 axes once, got [0, 0].',
      );
      expect(() => backend.sum(x, { axis: [0, -2] })).toThrow(
        "tfjsBackend.sum: axis must be within the tensor's 2 axes",
      );
      expect(() => backend.reshape(x, [-1])).toThrow('tfjsBackend.reshape: shape must be a list of whole numbers');
      expect(() => backend.matMul(tf.ones([2, 2, 2]), tf.ones([1, 2, 2]))).toThrow(
        'tfjsBackend.matMul: matrices must fit',
      );
      expect(() => backend.oneHot(x, 0)).toThrow(
        'tfjsBackend.oneHot: depth must be a whole number of at least 1, got 0.',
      );
      expect(() => backend.fromHost({ data: new Float32Array(2), shape: [3] })).toThrow(
        'tfjsBackend.fromHost: tensor must',
      );
      expect(tf.memory().numTensors).toBe(before + 2);
    });

    it('replaces rows in a copy', async () => {
      const bank = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
      await expectValues(backend.replaceRows!(bank, [2, 0], tf.tensor2d([7, 8, 9, 10], [2, 2])), [9, 10, 3, 4, 7, 8]);
      await expectValues(bank, [1, 2, 3, 4, 5, 6]);
    });

    it('brings host arrays of every kind over', async () => {
      for (const data of [Uint8Array.of(200, 1), Int8Array.of(-3, 1), Float64Array.of(0.5, -1e9)]) {
        await expectValues(backend.fromHost({ data, shape: [2] }), Array.from(data));
      }
      await expectValues(backend.fromHost({ data: Uint32Array.of(4294967295, 0), shape: [2] }), [4294967295, 0]);
    });

    it('keeps what a scope returns inside a tf.tidy around it until that ends, and variables for ever', () => {
      const before = tf.memory().numTensors;
      const weights = tf.variable(tf.ones([2]));
      const kept = tf.tidy(() => {
        const { list } = backend.scope(() => {
          const x = backend.exp(weights);
          return { list: [x, backend.add(x, x), weights], host: tensor([1, 2]) };
        });
        expect(list.some(({ isDisposed }) => isDisposed)).toBe(false);
        return backend.add(list[0]!, list[1]!);
      });
      expect(weights.isDisposed).toBe(false);
      // The variable, what it was made from, and the result.
      expect(tf.memory().numTensors).toBe(before + 3);
      tf.dispose([kept, weights]);
    });

    it('keeps a memory that is made and changed inside a tf.tidy, until it is disposed of', async () => {
      const before = tf.memory().numTensors;
      const options = { size: 6, dimension: 2, seed: 3 };
      const features = [
        [1, 2, 0],
        [0, 1, -1],
      ];
      const batch = {
        ...{ studentFeatures: features, teacherFeatures: features, indices: [1, 4] },
        ...{ ...initializeCrd({ studentFeatures: 3, teacherFeatures: 3, dimension: 2, seed: 1 }) },
      };
      const draws = contrastSampler({ labels: [0, 1, 2, 0, 1, 2], count: 2, seed: 1 }).sample([1, 4], 0);
      const step = (memory: ContrastiveMemory | ContrastiveMemoryOn<tf.Tensor>): void => {
        memory.estimatePartitions(crd(), { ...batch, ...draws });
        memory.update(batch);
      };
      const memories: ContrastiveMemoryOn<tf.Tensor>[] = [];
      tf.tidy(() => {
        memories.push(ContrastiveMemoryOn(backend, options));
        step(memories[0]!);
      });
      const [memory] = memories as [ContrastiveMemoryOn<tf.Tensor>];
      tf.tidy(() => step(memory));
      const onHost = ContrastiveMemory(options);
      for (let times = 0; times < 2; times++) step(onHost);
      expectDeepClose(await memory.save(), onHost.save(), 1e-5);
      memory.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    it('takes tensors and host arrays side by side, and types the result as a tensor', async () => {
      const studentLogits = tf.tensor2d([[1, 2]]);
      const { value } = evaluateOn(backend, klDivergence(), { studentLogits, teacherLogits: [[1, 2]] });
      await expectValues(value, [0]);
    });
  });
}
