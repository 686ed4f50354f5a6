/** Canonical variables of tied correlations, and principal directions of equal variance: any basis would do, and none may decide. */
import { measure, pwcca, svcca } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

/** Orthonormal, and of mean 0: columns of a Hadamard matrix of 8 over √8. */
const unit = (column: number): number[] =>
  Array.from({ length: 8 }, (_, row) => (bitsOf(row & column) % 2 === 0 ? 1 : -1) / Math.sqrt(8));
const bitsOf = (n: number): number => n.toString(2).replaceAll('0', '').length;
/** Features from directions: each a list of shares of the columns 1 to 7. */
const features = (...shares: readonly (readonly number[])[]) =>
  Array.from({ length: 8 }, (_, row) =>
    shares.map((parts) => parts.reduce((sum, part, at) => sum + part * unit(at + 1)[row]!, 0)),
  );

describe('pwcca', () => {
  // Both sets hold the plane of the columns 1 and 2; of column 3, y has .6.
  const loadings = [
    [2, 1, 0.5],
    [0.3, -1, 2],
    [1, 1, 1],
  ] as const;
  const x = features(...loadings);
  const y = features([1, 0.2, 0], [0.1, 1, 0], [0, 0, 0.6, 0.8]);

  it('weighs tied correlations by the mean over all bases of their space', () => {
    // Σ|⟨h₁, xⱼ⟩| + |⟨h₂, xⱼ⟩| over a turn of the plane's basis, by steps.
    const steps = 100_000;
    let ofPlane = 0;
    for (let step = 0; step < steps; step++) {
      const [cos, sin] = [Math.cos((2 * Math.PI * step) / steps), Math.sin((2 * Math.PI * step) / steps)];
      for (const [a, b] of loadings) ofPlane += (Math.abs(cos * a + sin * b) + Math.abs(cos * b - sin * a)) / steps;
    }
    const ofThird = loadings.reduce((sum, [, , c]) => sum + Math.abs(c), 0);
    const { value, canonicalCorrelations } = measure(pwcca(), { x, y });
    expect(canonicalCorrelations[2]).toBeCloseTo(0.6, 12);
    expect(value).toBeCloseTo((ofPlane + 0.6 * ofThird) / (ofPlane + ofThird), 8);
  });

  it('is the same for rows in any order, and for features by Gram matrices', () => {
    const { value } = measure(pwcca(), { x, y });
    for (const order of [
      [7, 2, 5, 0, 3, 6, 1, 4],
      [1, 0, 3, 2, 5, 4, 7, 6],
      [4, 5, 6, 7, 0, 1, 2, 3],
    ]) {
      const rows = (set: number[][]): number[][] => order.map((row) => set[row]!);
      expect(measure(pwcca(), { x: rows(x), y: rows(y) }).value).toBeCloseTo(value, 12);
    }
    expect(measure(pwcca({ form: 'gram' }), { x, y }).value).toBeCloseTo(value, 12);
  });

  it('counts what the other set lacks with correlations of 0, which nothing tells apart', () => {
    // y has two directions, one of which x lacks: its correlation is 0, and x's share in it that of a direction drawn from three.
    const wide = features([1, 0, 0, 0], [0.5, 1, 0, 0], [0.2, 0.4, 1, 0], [0.1, 0.3, 0.5, 1]);
    const narrow = features([1], [0, 0, 0, 0, 0, 1]);
    const { value, canonicalCorrelations } = measure(pwcca(), { x: wide, y: narrow });
    expect(canonicalCorrelations[1]).toBeCloseTo(0, 12);
    const own = 1 + 0.5 + 0.2 + 0.1;
    const rest = Math.hypot(1) + Math.hypot(0.4, 1) + Math.hypot(0.3, 0.5, 1);
    // The mean size of one coordinate of a point on the sphere is ½.
    expect(value).toBeCloseTo(own / (own + rest / 2), 10);
  });
});

describe('svcca', () => {
  it('keeps directions of equal variance together', () => {
    // Half of the variance would be one of two equal directions, of which there is no first.
    const x = features([1], [0, 1]);
    const y = features([1]);
    const { correlations, directionsX, value } = measure(svcca({ variance: 0.5 }), { x, y });
    expect(directionsX).toBe(2);
    expect(correlations).toHaveLength(1);
    expect(value).toBeCloseTo(1, 12);
    const mirrored = measure(svcca({ variance: 0.5 }), { x: x.toReversed(), y: y.toReversed() });
    expect(mirrored.value).toBeCloseTo(value, 12);
  });
});
