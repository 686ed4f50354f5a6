import { describe, expect, it } from 'vitest';
import { claimAbove, claimLines, claimMoreSpread } from '../../studies/claims.ts';

const words = { claim: 'distilled above alone', measure: 'accuracy, difference', paper: '0.189', source: 'Table 9' };

describe('a claim', () => {
  it("has Student's interval of the mean over trials", () => {
    // SciPy: stats.t.interval(0.95, 2, 2, 1/sqrt(3)).
    const { number, interval } = claimAbove(words, [1, 2, 3]);
    expect(number).toBe(2);
    expect(interval![0]).toBeCloseTo(-0.48413771184, 9);
    expect(interval![1]).toBeCloseTo(4.48413771184, 9);
  });

  it('holds, does not hold, or is undecided, as its interval lies', () => {
    expect(claimAbove(words, [0.2, 0.21, 0.19]).verdict).toBe('holds');
    expect(claimAbove(words, [-0.2, -0.21, -0.19]).verdict).toBe('does not hold');
    expect(claimAbove(words, [-0.1, 0.2]).verdict).toBe('undecided');
    expect(claimAbove(words, [0, 0]).verdict).toBe('undecided');
    // Equal by chance, in shares of few samples.
    expect(claimAbove(words, [0.1, 0.1])).toMatchObject({ interval: null, verdict: 'undecided' });
  });

  it('of a single trial is undecided: nothing says how far it may be off', () => {
    expect(claimAbove(words, [0.5])).toMatchObject({ interval: null, verdict: 'undecided' });
  });

  it('of spreads compares standard deviations by Fisher’s F', () => {
    // Spreads of 2 and of 1; SciPy: log(2) ± log(f.ppf(0.975, 2, 2))/2.
    const { number, interval, verdict } = claimMoreSpread(words, [2, 4, 6], [1, 2, 3]);
    expect(number).toBeCloseTo(Math.LN2, 9);
    expect(interval![0]).toBeCloseTo(-1.13863364261, 9);
    expect(interval![1]).toBeCloseTo(2.52492800373, 9);
    expect(verdict).toBe('undecided');
    expect(claimMoreSpread(words, [0, 100, 200], [0, 0.1, 0.2]).verdict).toBe('holds');
    expect(claimMoreSpread(words, [0.1, 0.2, 0.4], [0.5, 0.5, 0.5])).toMatchObject({
      number: Number.NaN,
      interval: null,
    });
  });

  it('is told in a line beside the paper, and those that hold are counted', () => {
    const lines = claimLines([claimAbove(words, [0.2, 0.21, 0.19]), claimAbove(words, [0.5])]);
    expect(lines[0]).toBe(
      '✓ holds: distilled above alone; accuracy, difference +0.200 [+0.175, +0.225], paper 0.189 (Table 9)',
    );
    expect(lines.at(-1)).toBe('claims: 1 of 2 hold');
  });

  it('is told in as many digits as show its interval', () => {
    // Of three numbers, with their standard deviation s, it is 4.303·s/√3 to either side.
    const [line] = claimLines([claimAbove(words, [0.0009, 0.001, 0.0011])]);
    expect(line).toContain(' +0.0010 [+0.0008, +0.0012],');
  });
});
