/**
 * Numbers at the ends of a format's range: probabilities below it, the lowest finite number as a mask, logits whose digits are coarser
 * than what is computed of them. Expected values are those of the formulas by hand, where what is out of range counts for nothing.
 */
import {
  type AnyLoss,
  adaptiveKlDivergence,
  alphaDivergence,
  ckaLoss,
  jensenShannon,
  klDivergence,
  logitMse,
  marginMse,
  negativeLogAcceptance,
  relationalDistance,
  similarityPreserving,
  skewedKlDivergence,
  sparseDivergence,
  standardizedKlDivergence,
  tensor,
  totalVariation,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { type AnyBackend, oracle } from '../support/backends.ts';

type Rows = readonly (readonly number[])[];

const singles: readonly (readonly [string, AnyBackend])[] = [
  ['cpu in float32', cpuBackend()],
  ...(wasmIsSupported() ? ([['wasm', wasmBackend()]] as const) : []),
];
const backends: readonly (readonly [string, AnyBackend])[] = [['cpu in float64', oracle], ...singles];

function compute(backend: AnyBackend, loss: unknown, inputs: Readonly<Record<string, Rows>>) {
  const placed = Object.entries(inputs).map(([name, rows]) => [
    name,
    tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]),
  ]);
  const { value, gradients } = valueAndGradientsOn(backend, loss as AnyLoss, Object.fromEntries(placed));
  const [gradient] = Object.values(gradients as Record<string, unknown>);
  return {
    value: backend.readSync!(value).data[0]!,
    gradient: Array.from(backend.readSync!(gradient).data),
  };
}

/** Numbers as near as float32 brings them. */
function expectNear(got: readonly number[], expected: readonly number[], tolerance = 3e-6): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((number, at) => {
    expect(Math.abs(number - expected[at]!), `${number} for ${expected[at]}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(expected[at]!)),
    );
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const relative = (p: readonly number[], m: readonly number[]): number => sum(p.map((x, k) => x * Math.log(x / m[k]!)));
const mixed = (p: readonly number[], q: readonly number[], share: number) =>
  p.map((x, k) => share * x + (1 - share) * q[k]!);
const softmax = (logits: readonly number[]): readonly number[] => {
  const weights = logits.map(Math.exp);
  return weights.map((weight) => weight / sum(weights));
};

/** The lowest finite number of float32, with which many codes mask. */
const lowest = -3.4028234663852886e38;

describe.each(backends)('probabilities that are nearly none on %s', (_, backend) => {
  const [p, q] = [softmax([0, 2]), softmax([2, 0])];
  // e^−103 is a number of float32, and a tenth of it is none; so it is with e^−745 in float64.
  const gap = backend === oracle ? 742.5 : 100.5;
  const sides = {
    teacher: { studentLogits: [[2, 0, -2000]], teacherLogits: [[0, 2, -gap]] },
    student: { studentLogits: [[2, 0, -gap]], teacherLogits: [[0, 2, -2000]] },
  };

  it('leave divergences from a mixture finite, in which their share is none', () => {
    for (const [side, beta] of [
      ['teacher', 0.1],
      ['student', 0.9],
    ] as const) {
      const m = mixed(p, q, beta);
      const { value, gradient } = compute(backend, jensenShannon({ beta }), sides[side]);
      const ofStudent = relative(q, m);
      expectNear([value], [beta * relative(p, m) + (1 - beta) * ofStudent]);
      const slopes = q.map((x, k) => (1 - beta) * x * (Math.log(x / m[k]!) - ofStudent));
      expectNear(gradient, [...slopes, 0]);
    }
  });

  it('leave skewed divergences finite, and their gradients', () => {
    const skew = 0.1;
    const m = mixed(p, q, skew);
    const forward = compute(backend, skewedKlDivergence({ skew }), sides.teacher);
    expectNear([forward.value], [relative(p, m)]);
    const ratios = q.map((x, k) => ((1 - skew) * x) / m[k]!);
    const mean = sum(ratios.map((ratio, k) => p[k]! * ratio));
    expectNear(forward.gradient, [...q.map((x, k) => x * mean - p[k]! * ratios[k]!), 0]);

    const n = mixed(q, p, skew);
    const reverse = compute(backend, skewedKlDivergence({ skew, direction: 'reverse' }), sides.student);
    expectNear([reverse.value], [relative(q, n)]);
    const slopes = q.map((x, k) => Math.log(x / n[k]!) - (skew * x) / n[k]!);
    const centre = sum(slopes.map((slope, k) => q[k]! * slope));
    expectNear(reverse.gradient, [...q.map((x, k) => x * (slopes[k]! - centre)), 0]);
  });
});

describe.each(backends)('the lowest finite number as a mask on %s', (_, backend) => {
  it('is a number like any other where both sides have it, and no −Infinity', () => {
    const logits = { studentLogits: [[1, 2, lowest, lowest]], teacherLogits: [[0, 3, lowest, lowest]] };
    // d = (1, −1, 0, 0): over four classes, not two.
    expectNear([compute(backend, logitMse(), logits).value], [0.5]);
    expectNear(compute(backend, logitMse({ center: true }), logits).gradient, [0.5, -0.5, 0, 0]);
    // Margins differ by 2, 1 and 1.
    const { studentLogits: studentScores, teacherLogits: teacherScores } = logits;
    expectNear([compute(backend, marginMse(), { studentScores, teacherScores }).value], [2]);
  });

  it('sets four classes apart from one as any other number does that is lower', () => {
    const student = [[1, 2, 0, 3, 1]];
    const masked = compute(backend, standardizedKlDivergence(), {
      studentLogits: student,
      teacherLogits: [[2, lowest, lowest, lowest, lowest]],
    });
    const plain = compute(oracle, standardizedKlDivergence(), {
      studentLogits: student,
      teacherLogits: [[1, 0, 0, 0, 0]],
    });
    expectNear([masked.value, ...masked.gradient], [plain.value, ...plain.gradient]);
  });
});

describe.each(backends)('logits whose digits are coarse on %s', (_, backend) => {
  it('leave an overlap the digits of the side that is smaller', () => {
    const far = [[0.37, 10002.404, 2.23]];
    const near = [[-9999.54, 0.528, 0.969]];
    // The far side is certain of class 1, whose probability on the near side is the overlap.
    const expected = Math.log(1 + Math.exp(Math.fround(0.969) - Math.fround(0.528)));
    for (const [studentLogits, teacherLogits] of [
      [far, near],
      [near, far],
    ] as const) {
      expectNear([compute(backend, negativeLogAcceptance(), { studentLogits, teacherLogits }).value], [expected], 2e-7);
    }
    const none = { studentLogits: [[Number.NaN, 0]], teacherLogits: [[0, 1]] };
    expect(compute(backend, negativeLogAcceptance(), none).value).toBeNaN();
    expect(
      compute(backend, negativeLogAcceptance(), {
        studentLogits: none.teacherLogits,
        teacherLogits: none.studentLogits,
      }).value,
    ).toBeNaN();
  });

  it('make of a tail of one class that class, wherever the logits lie', () => {
    const vocabulary = { studentIndices: [0, 1], teacherIndices: [0, 1] };
    const temperature = 3.7;
    for (const offset of [0, 1e4, 1e6, 1e30]) {
      const inputs = {
        studentLogits: [[offset, offset, offset + 2]],
        teacherLogits: [[offset + 2, offset, offset]],
      };
      for (const make of [klDivergence, totalVariation]) {
        const tail = compute(backend, make({ temperature, vocabulary }), inputs);
        const whole = compute(backend, make({ temperature }), inputs);
        expectNear([tail.value, ...tail.gradient], [whole.value, ...whole.gradient], 1e-6);
      }
    }
  });

  it('share a tail out in parts that add up', () => {
    // The tail's two classes are alike, and hardly anything beside the first class.
    const [high, low] = [1e30, 5e29];
    const { gradient } = compute(backend, klDivergence({ vocabulary: { studentIndices: [0], teacherIndices: [0] } }), {
      studentLogits: [[low, high, high]],
      teacherLogits: [[high, low, low]],
    });
    expectNear(gradient, [-1, 0.5, 0.5]);
    const list = { teacherIndices: [[0]], teacherLogProbabilities: [[0]] };
    const sparse = compute(backend, sparseDivergence(), { studentLogits: [[low, high, high]], ...list });
    expectNear(sparse.gradient, [-1, 0.5, 0.5]);
  });
});

describe.each(backends)('a class that one side masks and the other hardly expects on %s', (_, backend) => {
  const shared = [0.4, -1.1, 0.3, 0.9, -0.2, 0.7, -0.6];
  const losses = [
    klDivergence({ direction: 'reverse' }),
    jensenShannon(),
    jensenShannon({ beta: 0.1 }),
    skewedKlDivergence(),
    skewedKlDivergence({ direction: 'reverse' }),
    skewedKlDivergence({ skew: 0.9 }),
    alphaDivergence(),
    alphaDivergence({ alpha: 2 }),
    alphaDivergence({ alpha: -1 }),
    adaptiveKlDivergence(),
  ];

  it('makes no divergence less than 0', () => {
    for (let at = 0; at < 60; at++) {
      const logits = [...shared.map((logit) => logit * (1 + at / 7)), -Infinity];
      const other = [...logits.slice(0, -1), -12 - at / 3];
      for (const [studentLogits, teacherLogits] of [
        [[logits], [other]],
        [[other], [logits]],
      ]) {
        for (const loss of losses) {
          const { value } = compute(backend, loss, { studentLogits: studentLogits!, teacherLogits: teacherLogits! });
          expect(value, `${loss.name} ${JSON.stringify(loss.options)}, ${at}`).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });
});

describe.each(singles)('subnormal features on %s', (_, backend) => {
  const student = [
    [3, 1, 0],
    [0, 2, 1],
    [1, 0, 4],
    [2, 2, 1],
  ];
  const teacher = [
    [192, 64, 1],
    [0, 129, 64],
    [64, 0, 256],
    [128, 127, 64],
  ];

  it('have the gradient of larger ones, which is as much larger and still a number', () => {
    const small = 2 ** -135;
    for (const loss of [relationalDistance(), similarityPreserving(), ckaLoss()]) {
      const plain = compute(oracle, loss, { studentFeatures: student, teacherFeatures: teacher });
      const tiny = compute(backend, loss, {
        studentFeatures: student.map((row) => row.map((x) => x * small)),
        teacherFeatures: teacher,
      });
      const largest = Math.max(...plain.gradient.map(Math.abs));
      expectNear(
        tiny.gradient.map((slope) => (slope * small) / largest),
        plain.gradient.map((slope) => slope / largest),
        1e-4,
      );
    }
  });
});
