import { describe, expect, it } from 'vitest';
import {
  concludeMethods,
  concludeStudy,
  differenceOf,
  type Finding,
  verdict,
} from '../../examples/mnist/conclusion.ts';

const finding = (group: string, set: string, accuracy: number): Finding => ({
  group,
  set,
  accuracy,
  calibrationError: 1 - accuracy,
  agreementWithTeacher: accuracy,
  cka: accuracy,
});

/** Two trials of each student, `gap` apart on every set, with the same spread. */
const findings = (gap: number): Finding[] =>
  ['mnist', 'scaled', 'translated'].flatMap((set) => [
    finding('teacher', set, 0.99),
    ...[0.7, 0.72].map((value) => finding('independent', set, value)),
    ...[0.7, 0.72].map((value) => finding('distilled', set, value + gap)),
  ]);
const run = { images: 16_000, epochs: 6, trials: 2, temperature: 5 };

describe('the difference of two groups of students', () => {
  it('has twice the standard error of a difference of means', () => {
    const { first, second, value, error } = differenceOf(findings(0.1), 'accuracy', 'mnist', [
      'distilled',
      'independent',
    ]);
    expect([first, second, value]).toEqual([expect.closeTo(0.81), expect.closeTo(0.71), expect.closeTo(0.1)]);
    // By hand: each variance is 2·0.01²/1, over 2 trials 0.01²; of both 0.02·√(1/2) = 0.0141…, twice that.
    expect(error).toBeCloseTo(2 * Math.sqrt(2 * 0.01 ** 2), 12);
  });

  it('is none where the trials alone could have made it', () => {
    const by = (gap: number) => verdict(differenceOf(findings(gap), 'accuracy', 'mnist', ['distilled', 'independent']));
    expect([by(0.1), by(-0.1), by(0.02), by(-0.02)]).toEqual(['higher', 'lower', 'alike', 'alike']);
  });

  it('has no error for a single trial', () => {
    const one = findings(0.1).filter((_, index) => index % 2 === 1);
    expect(differenceOf(one, 'accuracy', 'mnist', ['distilled', 'independent']).error).toBeNull();
  });
});

describe('the conclusion of the main example', () => {
  it('says that the claims hold where they do, and that they do not where they do not', () => {
    const held = concludeStudy(findings(0.1), run);
    expect(held.match(/so it is here/g)).toHaveLength(5);
    const failed = concludeStudy(findings(-0.1), run);
    expect(failed.match(/: not so here/g)).toHaveLength(5);
    const unclear = concludeStudy(findings(0.01), run);
    expect(unclear.match(/not to be told apart here/g)).toHaveLength(5);
  });

  it('explains a distilled student that is behind on digits as they are', () => {
    expect(concludeStudy(findings(-0.1), run)).toMatch(/is behind[\s\S]*says on 0\.610 of these digits/);
    expect(concludeStudy(findings(0.1), run)).not.toContain('is behind');
  });

  it('says what it does not show', () => {
    expect(concludeStudy(findings(0.1), run)).toContain('What it does not show\n- ');
  });
});

describe('the conclusion of the example of contrastive distillation', () => {
  const methods = (crd: number) => [
    { method: 'teacher', accuracy: { mnist: 0.99 }, cka: 1 },
    { method: 'KL', accuracy: { mnist: 0.95 }, cka: 0.6 },
    { method: 'CRD', accuracy: { mnist: crd }, cka: 0.7 },
  ];

  it('orders the students, and says whether CRD leads beyond chance', () => {
    // Shares near 0.965, 0.955, 0.925: 2·√(2·p·(1 − p)/2000) = 0.012, 0.013, 0.017.
    expect(concludeMethods(methods(0.98), 2000)).toMatch(
      /On mnist: CRD 0.980, KL 0.950;[\s\S]*leads beyond chance on mnist/,
    );
    expect(concludeMethods(methods(0.96), 2000)).toMatch(/±0\.013[\s\S]*leads beyond chance on no set\./);
    expect(concludeMethods(methods(0.9), 2000)).toContain('and it is behind another beyond chance on mnist');
  });

  it("says whose features are most like the teacher's", () => {
    expect(concludeMethods(methods(0.96), 2000)).toContain('by CRD, CKA 0.700');
  });
});
