import {
  ContrastiveMemory,
  ContrastiveMemoryOn,
  contrastSampler,
  crd,
  initializeCrd,
  type TensorLike,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, testBackends } from '../support/backends.ts';
import { crdFixture } from '../support/crdFixture.ts';
import { expectDeepClose } from '../support/deepClose.ts';

const { inputs, banks, indices, contrastIndices, cases, banksAfterUpdate } = crdFixture;
const size = banks.studentBank.length;
const dimension = banks.studentBank[0]!.length;
const fixtureState = {
  kind: 'bank' as const,
  studentBank: tensor(banks.studentBank),
  teacherBank: tensor(banks.teacherBank),
  studentLogPartition: null,
  teacherLogPartition: null,
  next: 0,
};

function fixtureMemory() {
  const memory = ContrastiveMemory({ size, dimension });
  memory.load(fixtureState);
  return memory;
}

for (const candidate of testBackends) {
  describe(`ContrastiveMemoryOn ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    it('runs a step as PyTorch does: partitions, loss, and the bank after the update', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const memory = ContrastiveMemoryOn(backend, { size, dimension });
      memory.load(fixtureState);
      const loss = crd({ temperature: 0.1 });
      const batch = { ...inputs, positiveIndices: indices, contrastIndices };
      memory.estimatePartitions(loss, batch);
      const result = valueAndGradientsOn(backend, loss, { ...batch, ...memory.tensors() });
      const [first] = cases;
      const tolerance = candidate.tolerance * 10;
      expectDeepClose((await backend.read(result.value)).data[0], first!.value, tolerance, 'value');
      memory.update({ ...inputs, indices });
      const state = await memory.save();
      expectDeepClose(
        [state.studentLogPartition, state.teacherLogPartition],
        first!.logPartitions,
        tolerance,
        'partitions',
      );
      for (const name of ['studentBank', 'teacherBank'] as const) {
        expectDeepClose(state[name].data, tensor(banksAfterUpdate[name]).data, tolerance, name);
      }
      memory.dispose();
      for (const made of [result.value, ...Object.values(result.gradients)]) {
        if (!backend.isDisposed?.(made)) backend.dispose(made);
      }
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });

    it('never takes in an embedding that is not finite: refused at once, or left out and refused when read', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const projections = initializeCrd({ studentFeatures: 2, teacherFeatures: 2, dimension: 3, seed: 1 });
      const options = { size: 4, dimension: 3, seed: 5 };
      const update = (memory: ReturnType<typeof ContrastiveMemoryOn>, first: number[], rowWeights?: number[]) =>
        memory.update({
          studentFeatures: [first, [1, 2]],
          teacherFeatures: [
            [1, 1],
            [2, 1],
          ],
          ...projections,
          indices: [0, 2],
          ...(rowWeights && { rowWeights }),
        });
      const memory = ContrastiveMemoryOn(backend, options);
      const fresh = ContrastiveMemory(options).save();
      if (backend.readSync) {
        for (const value of [Number.NaN, Infinity]) {
          expect(() => update(memory, [value, 1])).toThrow(/update: embeddings must be finite, got 'rows .*: 1'/);
        }
        expect(await memory.save()).toEqual(fresh);
      } else {
        update(memory, [Number.NaN, 1]);
        await expect(memory.save()).rejects.toThrow(/update: embeddings must be finite, got 'rows .*: 1'/);
        const { data } = await backend.read(memory.tensors().studentBank);
        expect(Array.from(data.slice(0, 3))).toEqual(Array.from(fresh.studentBank.data.slice(0, 3)));
        expect(Array.from(data.slice(6, 9))).not.toEqual(Array.from(fresh.studentBank.data.slice(6, 9)));
        memory.load(fresh);
      }
      update(memory, [Number.NaN, 1], [0, 1]);
      const state = await memory.save();
      expect(state.studentBank.data.every(Number.isFinite)).toBe(true);
      expect(state.studentBank.data.slice(0, 3)).toEqual(fresh.studentBank.data.slice(0, 3));
      memory.dispose();
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });

    it('begins with the same rows as on the host', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const memory = ContrastiveMemoryOn(opened.backend, { size: 20, dimension: 5, seed: 3 });
      expect(await memory.save()).toEqual(ContrastiveMemory({ size: 20, dimension: 5, seed: 3 }).save());
      memory.dispose();
    });
  });
}

describe('ContrastiveMemory', () => {
  it('begins with rows uniform over ±1/√(dimension/3), of mean square length 1', () => {
    const { studentBank, teacherBank } = ContrastiveMemory({ size: 200, dimension: 48, seed: 2 }).save();
    expect(Math.max(...studentBank.data.map(Math.abs))).toBeLessThanOrEqual(0.25);
    const meanSquare = Array.from(studentBank.data).reduce((sum, value) => sum + value * value, 0) / 200;
    // 9600 uniform numbers: the mean square length is 1 ± 0.01 (one standard deviation).
    expect(Math.abs(meanSquare - 1)).toBeLessThan(0.05);
    expect(studentBank.data).not.toEqual(teacherBank.data);
  });

  it('does not depend on the order of duplicate indices: they enter as their mean', () => {
    const updated = (order: readonly number[]) => {
      const memory = fixtureMemory();
      const rows = [5, 5, 9, 5];
      memory.update({
        ...inputs,
        studentFeatures: order.map((sample) => inputs.studentFeatures[sample]!),
        teacherFeatures: order.map((sample) => inputs.teacherFeatures[sample]!),
        indices: order.map((sample) => rows[sample]!),
      });
      return memory.save();
    };
    const expected = updated([0, 1, 2, 3]);
    for (const order of [
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1],
    ]) {
      expectDeepClose(updated(order).studentBank.data, expected.studentBank.data, 1e-6);
    }
    // By hand, for the student's row 5: unit(½·row + ½·mean of three embeddings).
    const embedding = (sample: number): number[] => {
      const projected = inputs.studentProjectionBias.map(
        (bias, column) =>
          bias +
          inputs.studentFeatures[sample]!.reduce(
            (sum, feature, row) => sum + feature * inputs.studentProjectionWeight[row]![column]!,
            0,
          ),
      );
      const length = Math.hypot(...projected);
      return projected.map((value) => value / length);
    };
    const [a, b, c] = [embedding(0), embedding(1), embedding(3)];
    const mixed = banks.studentBank[5]!.map((value, k) => 0.5 * value + (0.5 * (a![k]! + b![k]! + c![k]!)) / 3);
    const length = Math.hypot(...mixed);
    expectDeepClose(
      expected.studentBank.data.slice(5 * dimension, 6 * dimension),
      mixed.map((value) => value / length),
      1e-6,
    );
  });

  it('keeps rows finite where an embedding or a mixture is zero', () => {
    const zero = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, zerosLike(value)]));
    const memory = fixtureMemory();
    memory.update({ ...(zero as unknown as typeof inputs), indices });
    const { studentBank } = memory.save();
    expect(studentBank.data.every(Number.isFinite)).toBe(true);
    // A row mixed with nothing is itself, at length 1.
    const row = banks.studentBank[indices[0]!]!;
    expectDeepClose(
      studentBank.data.slice(indices[0]! * dimension, (indices[0]! + 1) * dimension),
      row.map((value) => value / Math.hypot(...row)),
      1e-6,
    );
    const forgetful = ContrastiveMemory({ size, dimension, momentum: 0 });
    forgetful.update({ ...(zero as unknown as typeof inputs), indices });
    expect(forgetful.save().studentBank.data.every(Number.isFinite)).toBe(true);
  });

  it('leaves out samples of weight 0, which may hold NaN', () => {
    const memory = fixtureMemory();
    const studentFeatures = inputs.studentFeatures.map((row, sample) => (sample === 2 ? [Number.NaN, 0, 0] : row));
    memory.update({ ...inputs, studentFeatures, indices, rowWeights: [1, 1, 0, 1] });
    const { data } = memory.save().studentBank;
    indices.forEach((row, sample) => {
      const expected = sample === 2 ? banks.studentBank[row]! : banksAfterUpdate.studentBank[row]!;
      expectDeepClose(data.slice(row * dimension, (row + 1) * dimension), expected, 1e-6);
    });
    const none = fixtureMemory();
    none.update({ ...inputs, indices, rowWeights: [0, 0, 0, 0] });
    expect(none.save()).toEqual(fixtureMemory().save());
  });

  it('resumes exactly from a saved state', () => {
    const loss = crd({ temperature: 0.1 });
    const labels = Array.from({ length: 30 }, (_, row) => row % 3);
    const sampler = contrastSampler({ labels, count: 8, seed: 4 });
    type Parameters = Record<keyof ReturnType<typeof initializeCrd>, { data: Float32Array; shape: readonly number[] }>;
    const train = (memory: ContrastiveMemory, start: Parameters, from: number, to: number) => {
      let parameters = start;
      const values: number[] = [];
      for (let step = from; step < to; step++) {
        const rows = [0, 1, 2, 3].map((k) => (step * 7 + k * 3) % 30);
        const features = {
          studentFeatures: rows.map((row) => [row / 30, Math.sin(row), 1]),
          teacherFeatures: rows.map((row) => [Math.cos(row), row % 3]),
        };
        const batch = { ...features, ...parameters, ...sampler.sample(rows, step) };
        memory.estimatePartitions(loss, batch);
        const { value, gradients } = valueAndGradients(loss, { ...batch, ...memory.tensors() });
        memory.update({ ...batch, indices: rows });
        values.push(value);
        parameters = Object.fromEntries(
          Object.entries(parameters).map(([name, { data, shape }]) => {
            const gradient = gradients[name as keyof Parameters].data;
            return [name, { data: data.map((weight, index) => weight - 0.05 * gradient[index]!), shape }];
          }),
        ) as Parameters;
      }
      return { values, parameters };
    };
    const options = { size: 30, dimension: 4, seed: 8 };
    const initial = initializeCrd({ studentFeatures: 3, teacherFeatures: 2, dimension: 4, seed: 8 }) as Parameters;
    const whole = train(ContrastiveMemory(options), initial, 0, 6);
    const first = ContrastiveMemory(options);
    const half = train(first, initial, 0, 3);
    const state = first.save();
    first.update({
      studentFeatures: [[1, 1, 1]],
      teacherFeatures: [[1, 1]],
      ...half.parameters,
      indices: [0],
    });
    const second = ContrastiveMemory({ ...options, seed: 99 });
    second.load(state);
    const rest = train(second, half.parameters, 3, 6);
    expect([...half.values, ...rest.values]).toEqual(whole.values);
    expect(rest.parameters).toEqual(whole.parameters);
  });

  it('as a queue replaces the oldest rows, and goes round', () => {
    const memory = ContrastiveMemory({ kind: 'queue', size: 5, dimension: 2 });
    const identity = {
      studentProjectionWeight: [
        [1, 0],
        [0, 1],
      ],
      studentProjectionBias: [0, 0],
      teacherProjectionWeight: [
        [1, 0],
        [0, 1],
      ],
      teacherProjectionBias: [0, 0],
    };
    const begin = memory.save().studentBank.data;
    const push = (rows: TensorLike, rowWeights?: TensorLike) =>
      memory.update({
        studentFeatures: rows,
        teacherFeatures: rows,
        ...identity,
        ...(rowWeights === undefined ? {} : { rowWeights }),
      });
    push([
      [2, 0],
      [0, 3],
      [-1, 0],
    ]);
    expect(Array.from(memory.save().studentBank.data)).toEqual([1, 0, 0, 1, -1, 0, ...begin.slice(6)]);
    expect(memory.save().next).toBe(3);
    push(
      [
        [0, -5],
        [9, 9],
        [7, 0],
        [0, 4],
      ],
      [1, 0, 1, 1],
    );
    expect(Array.from(memory.save().teacherBank.data)).toEqual([0, 1, 0, 1, -1, 0, 0, -1, 1, 0]);
    expect(memory.save().next).toBe(1);
    expect(() => push(Array.from({ length: 6 }, () => [1, 0]))).toThrow(
      'ContrastiveMemory.update: the batch must be no larger than the memory, 5 rows, got 6.',
    );
  });

  it('refuses what does not fit, and is then as it was', () => {
    const memory = fixtureMemory();
    const before = memory.save();
    const refused = (run: () => void, message: string) => {
      expect(run).toThrow(message);
      expect(memory.save()).toEqual(before);
    };
    const update = (changed: object) => () => memory.update({ ...inputs, indices, ...changed });
    refused(
      update({ indices: [0, 1, 2, 12] }),
      'ContrastiveMemory.update: indices must be rows of the memory, whole numbers in [0, 12), got 12.',
    );
    refused(update({ indices: [0, 1, 2] }), 'ContrastiveMemory.update: indices must be of the shape of the batch, [4]');
    refused(update({ indices: undefined }), 'ContrastiveMemory.update: indices must be given, got undefined.');
    refused(
      update({
        studentProjectionWeight: tensor(new Float32Array(15), [3, 5]),
        studentProjectionBias: new Float32Array(5),
        teacherProjectionWeight: tensor(new Float32Array(25), [5, 5]),
        teacherProjectionBias: new Float32Array(5),
      }),
      "ContrastiveMemory.update: the projections must be of the shape of the memory's dimension, [6], got shape [5].",
    );
    const many = {
      studentFeatures: tensor(new Float32Array(39), [13, 3]),
      teacherFeatures: tensor(new Float32Array(65), [13, 5]),
    };
    refused(
      update({ ...many, indices: Array(13).fill(0) }),
      'ContrastiveMemory.update: the batch must be no larger than the memory, 12 rows, got 13.',
    );
    const other = ContrastiveMemory({ size: 5, dimension }).save();
    refused(
      () => memory.load(other),
      'ContrastiveMemory.load: state.studentBank must be of the shape of the memory, [12, 6], got shape [5, 6].',
    );
    refused(
      () => memory.load({ ...before, kind: 'queue' }),
      "ContrastiveMemory.load: state.kind must be one of 'bank', got 'queue'.",
    );
    refused(
      () => memory.load({ ...before, next: 12 }),
      'ContrastiveMemory.load: state.next must be in [0, 11], got 12.',
    );
    refused(
      () => memory.load({} as never),
      'ContrastiveMemory.load: state.studentBank must be a host tensor, got undefined.',
    );
  });

  it('refuses options out of range', () => {
    const make = (changed: object) => () => ContrastiveMemory({ size: 4, ...changed } as never);
    expect(make({ size: 0 })).toThrow('ContrastiveMemory: size must be a whole number of at least 1, got 0.');
    expect(make({ size: 2 ** 25 })).toThrow(
      'ContrastiveMemory: size must be a whole number of at most 16777216, got 33554432.',
    );
    expect(make({ dimension: 1.5 })).toThrow('ContrastiveMemory: dimension must be a whole number of at least 1');
    for (const momentum of [1, 2, -0.1, Number.NaN]) {
      expect(make({ momentum })).toThrow(`ContrastiveMemory: momentum must be in [0, 1), got ${momentum}. `);
    }
    expect(make({ kind: 'stack' })).toThrow("ContrastiveMemory: kind must be one of 'bank', 'queue', got 'stack'.");
    expect(make({ capacity: 3 })).toThrow('ContrastiveMemory: option must be one of');
  });

  it('makes the loss refuse partitions that were never estimated', () => {
    const memory = fixtureMemory();
    const batch = { ...inputs, positiveIndices: indices, contrastIndices, ...memory.tensors() };
    expect(() => valueAndGradients(crd(), batch)).toThrow('Call estimatePartitions on the first batch');
  });

  it('keeps the partitions of the first batch', () => {
    const memory = fixtureMemory();
    const batch = { ...inputs, positiveIndices: indices, contrastIndices };
    memory.estimatePartitions(crd({ temperature: 0.1 }), batch);
    const { studentLogPartition } = memory.save();
    memory.estimatePartitions(crd({ temperature: 5 }), batch);
    expect(memory.save().studentLogPartition).toBe(studentLogPartition);
  });
});

function zerosLike(value: TensorLike) {
  const { data, shape } = tensor(value);
  return tensor(new Float32Array(data.length), shape);
}
