import { averageTeachers, averageTeachersOn, klDivergence, valueAndGradients } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { logitPairs } from '../losses/arbitraries.ts';
import { type AnyBackend, openBackend, testBackends } from '../support/backends.ts';

const weights = [3, 1];

/** Σ wₖ·gradientₖ of a divergence with each teacher, weights of sum 1. */
function summedGradient(loss: ReturnType<typeof klDivergence>, studentLogits: number[][], teachers: number[][][]) {
  const parts = teachers.map(
    (teacherLogits) => valueAndGradients(loss, { studentLogits, teacherLogits }).gradients.studentLogits.data,
  );
  return Array.from(parts[0]!, (first, index) => (3 / 4) * first + (1 / 4) * parts[1]![index]!);
}

describe('averageTeachers', () => {
  it('is log Σ w·p by hand, with weights brought to sum 1', () => {
    const { data, shape } = averageTeachers([[[Math.log(3), 0]], [[0, Math.log(3)]]], weights);
    expect(shape).toEqual([1, 2]);
    // ¾·¾ + ¼·¼ and the rest.
    expect(data[0]).toBeCloseTo(Math.log(10 / 16), 12);
    expect(data[1]).toBeCloseTo(Math.log(6 / 16), 12);
  });

  it.each([1, 4])(
    'has the gradient of several teachers, forward by probabilities and reverse by logits, at T = %d',
    (temperature) => {
      fc.assert(
        fc.property(logitPairs, logitPairs, ({ student, teacher }, { student: other }) => {
          const second = student.map((row, index) =>
            row.map((_, at) => other[index % other.length]![at % other[0]!.length]!),
          );
          for (const [direction, average] of [
            ['forward', 'probabilities'],
            ['reverse', 'logits'],
          ] as const) {
            const loss = klDivergence({ direction, temperature });
            const teacherLogits = averageTeachers([teacher, second], weights, average, { temperature });
            const { gradients } = valueAndGradients(loss, { studentLogits: student, teacherLogits });
            summedGradient(loss, student, [teacher, second]).forEach((slope, index) => {
              expect(gradients.studentLogits.data[index]).toBeCloseTo(slope, 9);
            });
          }
        }),
      );
    },
  );

  it('keeps logits of any size, and the classes that all teachers mask', () => {
    const { data } = averageTeachers([
      [1e4, -1e4, -Infinity],
      [-1e4, 1e4, -Infinity],
    ]);
    expect(data[0]).toBeCloseTo(-Math.log(2), 12);
    expect(data[1]).toBeCloseTo(-Math.log(2), 12);
    expect(data[2]).toBe(-Infinity);
    expect(
      averageTeachers(
        [
          [0, 0],
          [0, -Infinity],
        ],
        [1, 1],
        'logits',
      ).data[1],
    ).toBe(-Infinity);
    expect(
      averageTeachers([
        [0, 0],
        [0, -Infinity],
      ]).data[1],
    ).toBeCloseTo(Math.log(1 / 4), 12);
  });

  it('does not look at a teacher of weight 0', () => {
    for (const average of ['probabilities', 'logits'] as const) {
      const { data } = averageTeachers(
        [
          [Math.log(3), 0],
          [Number.NaN, -Infinity],
        ],
        [2, 0],
        average,
      );
      expect(data[0]! - data[1]!).toBeCloseTo(Math.log(3), 12);
    }
  });

  it('passes a NaN on', () => {
    expect(
      averageTeachers([
        [Number.NaN, 0],
        [0, 1],
      ]).data[0],
    ).toBeNaN();
  });

  it('refuses teachers and weights that do not fit', () => {
    expect(() => averageTeachers(undefined as never)).toThrow(
      'averageTeachers: logits must be a list of logits, one for each teacher, got undefined.',
    );
    expect(() => averageTeachers([])).toThrow('averageTeachers: logits must be a list of at least one, got [].');
    expect(() =>
      averageTeachers([
        [0, 1],
        [0, 1, 2],
      ]),
    ).toThrow('averageTeachers: logits[1] must be of the shape of logits[0], [2], got shape [3].');
    expect(() => averageTeachers([[0, 1]], [1, 2])).toThrow(/weights must be a list of 1, one for each teacher/);
    expect(() => averageTeachers([[0, 1]], [-1])).toThrow(/weights\[0\] must be a finite number of at least 0, got -1/);
    expect(() => averageTeachers([[0, 1]], [0])).toThrow(/weights must be not all 0/);
    // @ts-expect-error not an average
    expect(() => averageTeachers([[0, 1]], [1], 'mean')).toThrow(/average must be one of 'probabilities', 'logits'/);
    // @ts-expect-error not an option
    expect(() => averageTeachers([[0, 1]], [1], 'logits', { temperatur: 1 })).toThrow(/Did you mean 'temperature'\?/);
  });
});

for (const candidate of testBackends) {
  describe(`averageTeachersOn ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    it('equals the host, takes device and host arrays alike, and leaves nothing but its result', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const teachers = [
        [
          [1, 2, 0],
          [0, 1, 3],
        ],
        [
          [0, 3, 1],
          [1, 0, 2],
        ],
      ];
      const first = backend.fromHost({ data: Float32Array.from(teachers[0]!.flat()), shape: [2, 3] });
      const before = backend.tensorCount?.();
      for (const average of ['probabilities', 'logits'] as const) {
        const options = { temperature: 2 };
        const result = averageTeachersOn(backend, [first, teachers[1]!], weights, average, options);
        const { data } = await backend.read(result);
        averageTeachers(teachers, weights, average, options).data.forEach((value, index) => {
          expect(data[index]).toBeCloseTo(value, 5);
        });
        backend.dispose(result);
      }
      expect(backend.tensorCount?.()).toBe(before);
      backend.dispose(first);
    });
  });
}

it('averageTeachersOn takes tensors of its own backend as they are', () => {
  const backend = cpuBackend({ precision: 'float64' });
  const { data } = averageTeachersOn(backend, [{ data: Float64Array.of(0, 1), shape: [2] }], [1], 'logits');
  expect(Array.from(data)).toEqual([0, 1]);
});

it('averageTeachers refuses weights that are texts or missing, which would be joined or passed over', () => {
  const logits = [[[1, 2]], [[2, 1]]];
  expect(() => averageTeachers(logits, ['1', '2'] as never)).toThrow(
    "averageTeachers: weights[0] must be a finite number of at least 0, got '1'.",
  );
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is refused.
  expect(() => averageTeachers(logits, [, 2] as never)).toThrow(/weights\[0\] must be a finite number/);
});
