import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { averageParameters, averageParametersOn, cosineRamp, meanTeacherMomentum, tensor } from 'dark-knowledge';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, testBackends } from '../support/backends.ts';

describe('averageParameters', () => {
  it('moves each number in place by 1 − m of the way, in lists and by name, host tensors and typed arrays', () => {
    const [first, second] = [Float64Array.of(1, 2), tensor([[4]])];
    averageParameters([first, second], [Float32Array.of(3, 2), tensor([[0]])], { momentum: 0.75 });
    expect([...first, ...second.data]).toEqual([1.5, 2, 3]);
    averageParameters({ weight: first }, { weight: Float64Array.of(5.5, 2) }, { momentum: 0.5 });
    expect([...first]).toEqual([3.5, 2]);
  });

  it('changes nothing at m = 1, copies at m = 0, and stays where both sides are equal', () => {
    const teacher = [Float32Array.of(0.1, 0.7)];
    averageParameters(teacher, [Float32Array.of(Number.NaN, 5)], { momentum: 1 });
    expect(teacher[0]).toEqual(Float32Array.of(0.1, 0.7));
    averageParameters(teacher, [Float32Array.of(0.1, 0.7)], { momentum: 0.9 });
    expect(teacher[0]).toEqual(Float32Array.of(0.1, 0.7));
    averageParameters(teacher, [Float32Array.of(1e10, 1e-10)], { momentum: 0 });
    expect(teacher[0]).toEqual(Float32Array.of(1e10, 1e-10));
  });

  it('copies buffers and integer arrays', () => {
    const teacher = { weight: Float64Array.of(0), variance: Float64Array.of(0), steps: Int32Array.of(0) };
    const student = { weight: Float64Array.of(1), variance: Float64Array.of(1), steps: Int32Array.of(7) };
    averageParameters(teacher, student, { momentum: 0.5, isBuffer: (name) => name === 'variance' });
    expect([teacher.weight[0], teacher.variance[0], teacher.steps[0]]).toEqual([0.5, 1, 7]);
  });

  it('takes its momentum from a schedule', () => {
    // 1 − (1 − m₀)·(1 + cos πk/K)/2 at k = 0, K/2, K.
    const byCosine = cosineRamp({ from: 0.996, end: 100 });
    for (const [step, momentum] of [
      [0, 0.996],
      [50, 0.998],
      [100, 1],
    ] as const) {
      const teacher = [Float64Array.of(0)];
      averageParameters(teacher, [Float64Array.of(1)], { momentum: byCosine, step });
      expect(teacher[0]![0]).toBeCloseTo(1 - momentum, 12);
    }
  });

  it('is, by the momentum of mean teachers, the plain mean of what the student was, until the limit', () => {
    const teacher = [Float64Array.of(100)];
    [2, 4, 9].forEach((value, step) => {
      averageParameters(teacher, [Float64Array.of(value)], { momentum: meanTeacherMomentum(), step });
    });
    expect(teacher[0]![0]).toBeCloseTo(5, 12);
    expect(meanTeacherMomentum(0.9)(1000)).toBe(0.9);
  });

  it('names what does not fit, and leaves the teacher as it was', () => {
    const teacher = { weight: Float64Array.of(1), bias: Float64Array.of(1) };
    const student = { weight: Float64Array.of(2), bias: Float64Array.of(2, 2) };
    expect(() => averageParameters(teacher, student, { momentum: 0.5 })).toThrow(
      "averageParameters: student['bias'] must be of the shape of teacher['bias'], [1], got shape [2].",
    );
    expect(teacher.weight[0]).toBe(1);
    expect(() => averageParameters(teacher, { weight: student.weight }, { momentum: 0.5 })).toThrow(
      "averageParameters: student['bias'] must be given, as the teacher has it, got undefined.",
    );
    expect(() => averageParameters({ weight: teacher.weight }, student, { momentum: 0.5 })).toThrow(
      "averageParameters: teacher['bias'] must be given, as the student has it, got undefined.",
    );
    expect(() => averageParameters(teacher, teacher, { momentum: 1.5 })).toThrow(
      /momentum must be in \[0, 1\], got 1.5/,
    );
    expect(() => averageParameters(teacher, teacher, { momentum: () => 2, step: 3 })).toThrow(
      /momentum\(3\) must be in \[0, 1\], got 2/,
    );
    expect(() => averageParameters(teacher, teacher, { momentum: meanTeacherMomentum() })).toThrow(
      'averageParameters: step must be given where momentum is a schedule, got undefined.',
    );
    // @ts-expect-error not an option
    expect(() => averageParameters(teacher, teacher, { momentum: 1, buffers: [] })).toThrow(RangeError);
  });
});

for (const candidate of testBackends) {
  describe(`averageParametersOn ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    it('replaces the teacher’s tensors, frees the old ones and leaves the student’s', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const place = (...values: number[]) =>
        backend.fromHost({ data: Float32Array.from(values), shape: [values.length] });
      const teacher = [place(1, 2), place(0), place(3)];
      const student = [place(3, 2), place(1), place(5)];
      averageParametersOn(backend, teacher, student, { momentum: 0.75, isBuffer: (name) => name === '1' });
      const read = await Promise.all([...teacher, ...student].map((tensor) => backend.read(tensor)));
      expect(read.map(({ data }) => Array.from(data))).toEqual([[1.5, 2], [1], [3.5], [3, 2], [1], [5]]);
      for (const tensor of [...teacher, ...student]) backend.dispose(tensor);
      expect(backend.tensorCount?.()).toBe(before);
    });
  });
}

describe('averageParametersOn variables of tfjs', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    await tf.ready();
  });

  it('assigns in place, and leaves nothing behind', () => {
    const [teacher, student] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 2]))];
    const before = tf.memory().numTensors;
    const variables: tf.Tensor[] = [teacher];
    averageParametersOn(tfjsBackend(), variables, [student], {
      momentum: 0.5,
      assign: (variable, value) => (variable as tf.Variable).assign(value),
    });
    expect(variables[0]).toBe(teacher);
    expect(Array.from(teacher.dataSync())).toEqual([2, 2]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a freed tensor by name', () => {
    const gone = tf.tensor1d([1]);
    gone.dispose();
    expect(() => averageParametersOn(tfjsBackend(), [tf.tensor1d([1])], [gone], { momentum: 0 })).toThrow(
      "averageParametersOn: student['0'] must be a live tensor, got a disposed one.",
    );
  });
});
