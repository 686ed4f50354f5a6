import {
  cka,
  dissimilarity,
  measure,
  multidimensionalScaling,
  procrustesDistance,
  similarityMatrix,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNormal } from '../../../src/random.ts';
import reference from '../../fixtures/embedding.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';

const { dissimilarities, tied, cases } = reference;

function distancesOf(points: readonly (readonly number[])[]): number[][] {
  return points.map((a) => points.map((b) => Math.hypot(...a.map((value, axis) => value - b[axis]!))));
}

function upper(matrix: readonly (readonly number[])[]): number[] {
  return matrix.flatMap((row, index) => row.slice(index + 1));
}

function pointsOf(seed: number, count: number, dimensions: number): number[][] {
  return Array.from({ length: count }, (_, point) =>
    Array.from({ length: dimensions }, (_, axis) => randomNormal(seed, point * dimensions + axis)),
  );
}

const rectangle = Array.from({ length: 12 }, (_, index) => [Math.floor(index / 4), index % 4]);

describe('multidimensionalScaling', () => {
  it("reaches scikit-learn's minimum from the classical start", () => {
    for (const [name, dimensions] of [
      ['metric2', 2],
      ['metric3', 3],
    ] as const) {
      const expected = cases[name];
      const found = multidimensionalScaling(dissimilarities, { dimensions, tolerance: 1e-13, maxIterations: 1e5 });
      expectDeepClose(found, { stress: expected.stress, stress1: expected.stress1, converged: true }, 1e-9);
      expect(found.stress).toBeCloseTo(expected.sklearnStress, 9);
      expectDeepClose(upper(distancesOf(found.coordinates)), expected.distances, 1e-4);
    }
  });

  it('comes near it in fewer iterations with the default tolerance', () => {
    const { stress, iterations } = multidimensionalScaling(dissimilarities);
    expect(iterations).toBeLessThan(cases.metric2['iterationsAt1e-6']);
    expect(stress / cases.metric2.stress).toBeLessThan(1.001);
  });

  it("reaches scikit-learn's non-metric map, with ties and without", () => {
    for (const [name, matrix] of [
      ['nonMetric2', dissimilarities],
      ['tied2', tied],
    ] as const) {
      const found = multidimensionalScaling(matrix, { metric: false, tolerance: 1e-9, maxIterations: 3000 });
      expectDeepClose(found.stress1, cases[name].stress1, 1e-4);
      expectDeepClose(upper(distancesOf(found.coordinates)), cases[name].distances, 2e-2);
    }
  });

  it('gives one classical map of points that are as wide along every axis, whatever their last digits are', () => {
    const square = [
      [0, 1, Math.SQRT2, 1],
      [1, 0, 1, Math.SQRT2],
      [Math.SQRT2, 1, 0, 1],
      [1, Math.SQRT2, 1, 0],
    ];
    const simplex = Array.from({ length: 5 }, (_, row) => Array.from({ length: 5 }, (_, column) => +(row !== column)));
    for (const distances of [square, simplex]) {
      const maps = [0, 1, 2, 3].map((seed) => {
        const off = (row: number, column: number): number =>
          1 + 4e-16 * randomNormal(seed, 10 * Math.max(row, column) + Math.min(row, column));
        const rounded = distances.map((all, row) => all.map((distance, column) => distance * off(row, column)));
        return multidimensionalScaling(rounded, { method: 'classical' }).coordinates;
      });
      for (const map of maps) expectDeepClose(map, maps[0], 1e-6);
    }
  });

  it('scales classically by eigenvectors', () => {
    const found = multidimensionalScaling(dissimilarities, { method: 'classical' });
    expectDeepClose(upper(distancesOf(found.coordinates)), reference.classicalDistances, 1e-8);
    expect(found.iterations).toBe(0);
  });

  it('finds the points of a 3 × 4 rectangle exactly from the classical start', () => {
    const { stress, stress1, converged } = multidimensionalScaling(distancesOf(rectangle));
    expect(stress).toBeLessThan(1e-26);
    expect(stress1).toBeLessThan(1e-13);
    expect(converged).toBe(true);
  });

  it('is caught in a local minimum by some random starts, which several starts cure', () => {
    const stresses = Array.from(
      { length: 50 },
      (_, seed) => multidimensionalScaling(distancesOf(rectangle), { initial: 'random', starts: 1, seed }).stress,
    );
    expect(stresses.filter((stress) => stress > 0.1).length).toBeGreaterThan(2);
    expect(multidimensionalScaling(distancesOf(rectangle), { initial: 'random', starts: 10 }).stress).toBeLessThan(
      1e-3,
    );
  });

  it('reports the stress of the points that it returns', () => {
    const { coordinates, stress, stress1 } = multidimensionalScaling(dissimilarities, { maxIterations: 3 });
    const [wanted, found] = [upper(dissimilarities), upper(distancesOf(coordinates))];
    const raw = wanted.reduce((sum, value, pair) => sum + (value - found[pair]!) ** 2, 0);
    const squares = found.reduce((sum, value) => sum + value ** 2, 0);
    expectDeepClose([stress, stress1], [raw, Math.sqrt(raw / squares)], 1e-12);
  });

  it('stops by a rule that does not depend on scale', () => {
    const large = dissimilarities.map((row) => row.map((value) => value * 1e5));
    const [one, other] = [multidimensionalScaling(dissimilarities), multidimensionalScaling(large)];
    expect(other.iterations).toBe(one.iterations);
    expectDeepClose(other.stress1, one.stress1, 1e-9);
  });

  it('recovers distances of points in the plane, whatever the order and the rotation, on one and the same map', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.integer({ min: 3, max: 90 }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (seed, count, angle) => {
          const points = pointsOf(seed, count, 2).map(([a, b]) => [2 * a!, b!]);
          const turned = points.map(([a, b]) => [
            Math.cos(angle) * a! - Math.sin(angle) * b! + 7,
            Math.sin(angle) * a! + Math.cos(angle) * b!,
          ]);
          const first = multidimensionalScaling(distancesOf(points));
          const second = multidimensionalScaling(distancesOf(turned));
          expectDeepClose(upper(distancesOf(first.coordinates)), upper(distancesOf(points)), 1e-6);
          expectDeepClose(second.coordinates, first.coordinates, 1e-4);
          const reversed = multidimensionalScaling(distancesOf(points.toReversed())).coordinates.toReversed();
          expectDeepClose(reversed, first.coordinates, 1e-4);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('finds the leading directions of many points as a full decomposition does', () => {
    const points = pointsOf(4, 150, 9);
    const { coordinates } = multidimensionalScaling(distancesOf(points), { method: 'classical', dimensions: 9 });
    expectDeepClose(upper(distancesOf(coordinates)), upper(distancesOf(points)), 1e-8);
    const all = multidimensionalScaling(distancesOf(points), { method: 'classical', dimensions: 9 }).coordinates;
    const two = multidimensionalScaling(distancesOf(points), { method: 'classical', dimensions: 2 }).coordinates;
    expectDeepClose(
      two,
      all.map((point) => point.slice(0, 2)),
      1e-6,
    );
  });

  it('turns the map to its principal axes, larger variance first, the farthest coordinate positive', () => {
    const { coordinates } = multidimensionalScaling(dissimilarities, { dimensions: 3 });
    const products = [0, 1, 2].map((a) => [0, 1, 2].map((b) => coordinates.reduce((sum, p) => sum + p[a]! * p[b]!, 0)));
    expect(products[0]![0]).toBeGreaterThan(products[1]![1]!);
    expect(products[1]![1]).toBeGreaterThan(products[2]![2]!);
    expectDeepClose([products[0]![1], products[0]![2], products[1]![2]], [0, 0, 0], 1e-12);
    for (const axis of [0, 1, 2]) {
      const values = coordinates.map((point) => point[axis]!);
      expectDeepClose(
        values.reduce((sum, value) => sum + value, 0),
        0,
        1e-12,
      );
      expect(Math.max(...values)).toBeGreaterThan(-Math.min(...values));
    }
  });

  it('takes one point, equal points and more dimensions than points', () => {
    expect(multidimensionalScaling([[0]])).toMatchObject({ coordinates: [[0, 0]], stress: 0, stress1: 0 });
    const none = multidimensionalScaling(
      [
        [0, 0],
        [0, 0],
      ],
      { initial: 'random' },
    );
    expect(none).toMatchObject({ stress: 0, stress1: 0, converged: true });
    expect(
      multidimensionalScaling(
        [
          [0, 0],
          [0, 0],
        ],
        { metric: false },
      ).stress1,
    ).toBe(0);
    const line = multidimensionalScaling(
      [
        [0, 2],
        [2, 0],
      ],
      { dimensions: 4 },
    );
    expectDeepClose(
      line.coordinates,
      [
        [1, 0, 0, 0],
        [-1, 0, 0, 0],
      ],
      1e-12,
    );
  });

  it('refuses what is no dissimilarity, and options that contradict each other', () => {
    expect(() =>
      multidimensionalScaling([
        [0, 1, 2],
        [1, 0, 2],
      ]),
    ).toThrow(/must be a square matrix \[n, n\], got shape \[2, 3\]/);
    expect(() =>
      multidimensionalScaling([
        [0, 1],
        [2, 0],
      ]),
    ).toThrow(/symmetric at \[0, 1\]/);
    expect(() =>
      multidimensionalScaling([
        [0, -1],
        [-1, 0],
      ]),
    ).toThrow(/at least 0, got -1/);
    expect(() =>
      multidimensionalScaling([
        [1, 0.5],
        [0.5, 1],
      ]),
    ).toThrow(/dissimilarity\(similarities\)/);
    expect(() =>
      multidimensionalScaling([
        [0, Number.NaN],
        [Number.NaN, 0],
      ]),
    ).toThrow(/finite numbers, got NaN/);
    expect(() => multidimensionalScaling([[0]], { method: 'classical', metric: false })).toThrow(/metric must be true/);
    expect(() => multidimensionalScaling([[0]], { start: 1 } as never)).toThrow(/option must be one of/);
  });
});

describe('multidimensionalScaling of dissimilarities of any size', () => {
  const points = [
    [0, 0],
    [3, 0],
    [3, 4],
    [0, 1],
    [-2, 2],
  ];
  const distances = points.map((a) =>
    points.map((b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) + (a === b ? 0 : 0.3)),
  );
  for (const options of [{}, { method: 'classical' }, { metric: false }, { initial: 'random', seed: 3 }] as const) {
    it(`draws one map in every unit: ${JSON.stringify(options)}`, () => {
      const plain = multidimensionalScaling(distances, options);
      // Only the form of a non-metric map counts.
      const sizeOf = ({ coordinates }: typeof plain) => ('metric' in options ? Math.hypot(...coordinates.flat()) : 1);
      const formOf = (map: typeof plain) => map.coordinates.map((point) => point.map((value) => value / sizeOf(map)));
      for (const unit of [1e200, 1e-200, 1e-300]) {
        const scaled = multidimensionalScaling(
          distances.map((row) => row.map((value) => value * unit)),
          options,
        );
        const size = sizeOf(scaled);
        const form = scaled.coordinates.map((point) =>
          point.map((value) => value / ('metric' in options ? size : unit)),
        );
        expectDeepClose(form, formOf(plain), 'metric' in options ? 1e-4 : 1e-9);
        expectDeepClose(scaled.stress1, plain.stress1, 1e-9);
      }
    });
  }

  it('has a raw stress in the square of the unit', () => {
    const [plain, doubled] = [1, 2].map((unit) =>
      multidimensionalScaling(distances.map((row) => row.map((value) => value * unit))),
    );
    expectDeepClose(doubled!.stress, 4 * plain!.stress, 1e-12);
  });

  it('refuses infinities', () => {
    expect(() =>
      multidimensionalScaling([
        [0, Infinity],
        [Infinity, 0],
      ]),
    ).toThrow(/finite numbers, got Infinity/);
  });

  it('states a Stress-1 of at most 1, also where the least raw stress is all but the whole', () => {
    const single = Array.from({ length: 6 }, (_, i) =>
      Array.from({ length: 6 }, (_, j) => (i < 2 && j < 2 && i !== j ? 1 : 0)),
    );
    const { stress, stress1 } = multidimensionalScaling(single, { dimensions: 1 });
    // By hand: the two points at ±a and the others at 0 have (1 − 2a)² + 8a², least at a = 1/6.
    expect(stress).toBeCloseTo(2 / 3, 6);
    expect(stress1).toBe(1);
  });

  it('takes dissimilarities as tied that differ by rounding alone', () => {
    const { tied } = reference;
    const shaken = (size: number) =>
      tied.map((row, i) => row.map((value, j) => value * (1 + size * ((Math.min(i, j) * 3 + Math.max(i, j) * 5) % 7))));
    const stressOf = (matrix: number[][]) => multidimensionalScaling(matrix, { metric: false }).stress1;
    expectDeepClose(stressOf(shaken(2 ** -52)), stressOf(tied), 1e-9);
    // Each a rank of its own: another fit.
    expect(Math.abs(stressOf(shaken(1e-6)) - stressOf(tied))).toBeGreaterThan(1e-4);
  });
});

describe('dissimilarity of distances', () => {
  const similarity = [
    [1, 0.9, 0.2],
    [0.9, 1, 0.3],
    [0.2, 0.3, 1],
  ];
  const distance = [
    [0, 0.4, 1.2],
    [0.4, 0, 0.8],
    [1.2, 0.8, 0],
  ];

  it('is the distance over its largest', () => {
    expectDeepClose(
      dissimilarity(distance, { kind: 'distance' }),
      [
        [0, 1 / 3, 1],
        [1 / 3, 0, 2 / 3],
        [1, 2 / 3, 0],
      ],
      1e-12,
    );
  });

  it('refuses what it would turn inside out', () => {
    expect(() => dissimilarity(distance)).toThrow(
      /similarities must be at most 1, got 1.2. Of distances say so: { kind: 'distance' }/,
    );
    expect(() => dissimilarity(distance.map((row) => row.map((value) => value / 2)))).toThrow(
      /similarities must be at least as large at \[0, 0\] as in the rest of the row, 0.6, got 0. Of distances say so/,
    );
    expect(() => dissimilarity(similarity, { kind: 'distance' })).toThrow(/distances\[0\]\[0\] must be 0, got 1/);
    expect(() =>
      dissimilarity(
        [
          [0, -1],
          [-1, 0],
        ],
        { kind: 'distance' },
      ),
    ).toThrow(/distances must be at least 0, got -1/);
    expect(() => dissimilarity(similarity, { kind: 'distances' as never })).toThrow(/one of 'similarity', 'distance'/);
  });

  it('takes the result that knows what it holds', () => {
    expect(dissimilarity({ kind: 'distance', value: distance })).toEqual(dissimilarity(distance, { kind: 'distance' }));
    expect(dissimilarity({ kind: 'similarity', value: similarity })).toEqual(dissimilarity(similarity));
    const models = {
      a: [
        [0, 1],
        [1, 0],
        [2, 2],
        [5, 1],
      ],
      b: [[0], [1], [4], [1]],
      c: [[3], [1], [0], [2]],
    };
    const names = ['a', 'b', 'c'] as const;
    const distances = measure(similarityMatrix({ models: names, similarity: procrustesDistance() }), models);
    const similarities = measure(similarityMatrix({ models: names, similarity: cka() }), models);
    expect([distances.kind, similarities.kind]).toEqual(['distance', 'similarity']);
    for (const result of [distances, similarities]) {
      const apart = dissimilarity(result);
      // The pair that is nearest is the nearest on the map.
      const pairs = [result.value[0]![1]!, result.value[0]![2]!, result.value[1]![2]!];
      const sign = result.kind === 'distance' ? 1 : -1;
      const order = [0, 1, 2].sort((a, b) => sign * (pairs[a]! - pairs[b]!));
      const between = [apart[0]![1]!, apart[0]![2]!, apart[1]![2]!];
      expect([0, 1, 2].sort((a, b) => between[a]! - between[b]!)).toEqual(order);
    }
    expect(() => dissimilarity({ kind: 'distance', value: distance }, { kind: 'similarity' })).toThrow(
      /kind must be 'distance', as the result says, got 'similarity'/,
    );
    expect(() => dissimilarity({ value: distance } as never)).toThrow(/a matrix, or a result with its kind/);
  });
});

describe('dissimilarity', () => {
  it('is (1 − similarity) over its largest', () => {
    expectDeepClose(
      dissimilarity([
        [1, 0.8, 0.5],
        [0.8, 1, -0.25],
        [0.5, -0.25, 1],
      ]),
      [
        [0, 0.16, 0.4],
        [0.16, 0, 1],
        [0.4, 1, 0],
      ],
      1e-12,
    );
  });

  it('is 0 throughout for equal models, and takes rounding above 1', () => {
    expect(
      dissimilarity([
        [1, 1],
        [1, 1.000001],
      ]),
    ).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(() =>
      dissimilarity([
        [1, 1.5],
        [1.5, 1],
      ]),
    ).toThrow(/at most 1, got 1.5/);
  });
});
