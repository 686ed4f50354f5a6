import {
  accumulate,
  cknna,
  measure,
  nearestNeighborAgreement,
  restore,
  similarityMatrix,
  tensor,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestRows } from '../../../src/ops/nearestRows.ts';
import cknnaReference from '../../fixtures/catalogue/cknna.json' with { type: 'json' };
import agreementReference from '../../fixtures/catalogue/nearestNeighborAgreement.json' with { type: 'json' };
import { oracle } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const agreement = agreementReference.cases[0]!;
const alignment = cknnaReference.cases[0]!;
const { x, y } = agreement.inputs;
/** Points on a line, by whose distances the neighbours are plain. */
const line = [0, 1, 3, 7, 12, 20].map((place) => [place]);
/** The same points, the last two exchanged. */
const other = [0, 1, 3, 7, 20, 12].map((place) => [place]);

describeMetric('nearestNeighborAgreement', [
  {
    title: "the catalogue's, as the platonic-rep code has it",
    metric: nearestNeighborAgreement({ k: 5, metric: 'cosine' }),
    batch: { x, y },
    expected: {
      ...agreement.result,
      value: agreement.peers[0]!.value,
      excess: (0.38 - 5 / 29) / (1 - 5 / 29),
      samples: 30,
      status: 'ok',
    },
    tolerance: 1e-7,
    leastRows: 3,
  },
  {
    title: 'Euclidean neighbours on a line, far from the origin, by hand',
    // 0: {1, 3}, 1: {0, 3}, 3: {1, 0}, 7: {3, 12}, 12: {7, 20}, 20: {12, 7}. In y the samples at 12 and 20 are exchanged: of the
    // others the one at 7 alone has one of them for a neighbour, and they have each other and 7 as before.
    metric: nearestNeighborAgreement({ k: 2, metric: 'euclidean' }),
    batch: { x: line.map(([place]) => [place! + 1000]), y: other },
    expected: { mutual: 5.5 / 6, jaccard: (5 + 1 / 3) / 6, chance: 2 / 5, excess: (5.5 / 6 - 0.4) / 0.6, status: 'ok' },
  },
  {
    title: 'every other sample is a neighbour: chance is 1, and nothing in excess of it',
    metric: nearestNeighborAgreement({ k: 5 }),
    batch: { x: x.slice(0, 6), y: y.slice(0, 6) },
    expected: { mutual: 1, jaccard: 1, chance: 1, excess: 0, status: 'ok' },
  },
]);

describeMetric('cknna', [
  {
    title: "the catalogue's, without the 1e-6 of the platonic-rep code",
    metric: cknna({ k: 10 }),
    batch: { x: alignment.inputs.x, y: alignment.inputs.y },
    expected: { ...alignment.result, samples: 30, status: 'ok' },
    leastRows: 3,
  },
  {
    title: 'a set with itself',
    metric: cknna({ k: 3 }),
    batch: { x, y: x },
    expected: { value: 1, pairs: 90 },
  },
  {
    title: 'equal samples have no alignment',
    metric: cknna({ k: 2 }),
    batch: { x: x.map(() => [0, 0]), y },
    expected: { value: 0, tiedX: 30, status: 'undefined' },
    onDevices: false,
  },
]);

/** All others of a row by falling nearness, ties by row, as sorting finds them. */
function sortedOthers(rows: readonly number[][], row: number, near: (a: number[], b: number[]) => number): number[] {
  const others = rows.map((_, index) => index).filter((index) => index !== row);
  return others.sort((a, b) => near(rows[row]!, rows[b]!) - near(rows[row]!, rows[a]!) || a - b);
}

describe('nearest neighbours', () => {
  it('are what sorting finds, with ties by row, whatever the batches they came in', () => {
    const near = {
      innerProduct: (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * b[index]!, 0),
      euclidean: (a: number[], b: number[]) => -a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0),
    };
    const whole = fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 3, maxLength: 3 }), {
      minLength: 6,
      maxLength: 20,
    });
    fc.assert(
      fc.property(whole, whole, fc.nat(5), (one, two, cut) => {
        const size = Math.min(one.length, two.length);
        // A column that is 1 everywhere keeps the largest number, which sets the unit, from vanishing.
        const [a, b] = [one, two].map((rows) => rows.slice(0, size).map((row) => [...row, 1]));
        for (const metric of ['innerProduct', 'euclidean'] as const) {
          const neighbors = [a!, b!].map((rows) =>
            rows.map((_, row) => sortedOthers(rows, row, near[metric]).slice(0, 4)),
          );
          const shared = neighbors[0]!.map(
            (own, row) => own.filter((place) => neighbors[1]![row]!.includes(place)).length,
          );
          const mutual = shared.reduce((sum, count) => sum + count, 0) / (4 * size);
          const metricOf = nearestNeighborAgreement({ k: 4, metric });
          expectDeepClose(measure(metricOf, { x: a!, y: b! }).value, mutual, 1e-12);
          const running = accumulate(metricOf);
          for (const [from, to] of [
            [0, 1 + cut],
            [1 + cut, size],
          ] as const) {
            if (to > from) running.update({ x: a!.slice(from, to), y: b!.slice(from, to) });
          }
          expect(running.compute()).toEqual(measure(metricOf, { x: a!, y: b! }));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are the same where a device cannot be read at once, and where there are many tiles', () => {
    const { readSync: _, ...blind } = oracle;
    const rows = normals(5, 1200, 3);
    const placed = oracle.fromHost(rows);
    const found = [blind as typeof oracle, oracle].map((backend) => nearestRows(backend, placed, 3, true));
    const numbersOf = (list: unknown) => oracle.readSync!(list).data;
    expect(numbersOf(found[0]!.places)).toEqual(numbersOf(found[1]!.places));
    expect(numbersOf(found[0]!.nearness)).toEqual(numbersOf(found[1]!.nearness));
    const near = (a: number[], b: number[]) => -a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0);
    const list = rowsOf(rows);
    for (const row of [0, 599, 1199]) {
      expect(Array.from(numbersOf(found[0]!.places).slice(3 * row, 3 * row + 3))).toEqual(
        sortedOthers(list, row, near).slice(0, 3),
      );
    }
    // The search in float64 takes each pair once: its lists are those of the search by rows.
    const single = tensor(Float32Array.from(rows.data), rows.shape);
    const metric = nearestNeighborAgreement({ k: 3, metric: 'euclidean' });
    expect(measure(metric, { x: rows, y: single }).value).toBe(1);
    expect(measure(metric, { x: single, y: single }).value).toBe(1);
  });

  it('are the same after a rotation and in another unit, and those of unrelated sets agree as often as chance has it', () => {
    const [a, b] = [rowsOf(normals(1, 400, 6)), rowsOf(normals(2, 400, 6))];
    const turned = rotated(3, a).map((row, index) => row.map((value) => value * (1 + (index % 7)) * 1e20));
    expect(measure(nearestNeighborAgreement(), { x: a, y: turned }).value).toBe(1);
    // 4000 chances of 10/399: the count lies within 5 deviations.
    const { value, chance, excess } = measure(nearestNeighborAgreement(), { x: a, y: b });
    expect(Math.abs(value - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / 4000));
    expect(Math.abs(excess)).toBeLessThan(0.02);
  });

  it('of samples of very different length keep their directions', () => {
    const tiny = x.map((row, index) => row.map((value) => value * 10 ** -(index * 10)));
    expect(measure(nearestNeighborAgreement({ k: 4 }), { x, y: tiny }).value).toBe(1);
  });

  it('of duplicates are tied, which the status says', () => {
    const twice = [...x.slice(0, 8), ...x.slice(0, 8), ...x.slice(0, 8)];
    const { status, tiedX, tiedY } = measure(nearestNeighborAgreement({ k: 1 }), { x: twice, y: y.slice(0, 24) });
    expect([status, tiedX, tiedY]).toEqual(['tied', 24, 0]);
  });

  it('make a matrix of models, and exchange what is said of x and of y', () => {
    const twice = [...x.slice(0, 15), ...x.slice(0, 15)];
    const matrix = measure(similarityMatrix({ models: ['a', 'b'], similarity: nearestNeighborAgreement({ k: 1 }) }), {
      a: [...twice.slice(0, 29), twice[0]!],
      b: y,
    });
    const [first, second] = [matrix.cells[0]![1]!, matrix.cells[1]![0]!];
    expect(first.value).toBe(second.value);
    expect([first.tiedX, first.tiedY]).toEqual([second.tiedY, second.tiedX]);
    expect(matrix.value[0]![0]).toBe(1);
    const aligned = measure(similarityMatrix({ models: ['a', 'b'], similarity: cknna({ k: 10 }) }), { a: x, b: y });
    expectDeepClose(aligned.value[0]![1], alignment.result.value, 1e-9);
  });

  it('see ties of samples on one line, whose cosines float64 rounds', () => {
    const line = [0.1, 0.3, 0.7, 1.1, 1.3, 0.9, 5, 11].map((length) => [length, 3 * length]);
    const found = measure(nearestNeighborAgreement({ k: 2 }), { x: line, y: line });
    expect([found.tiedX, found.status]).toEqual([8, 'tied']);
  });

  it('refuse NaN, too few samples, more than are kept, and states that no samples leave', () => {
    const metric = nearestNeighborAgreement({ k: 5 });
    expect(() => measure(metric, { x: x.slice(0, 5), y: y.slice(0, 5) })).toThrow(
      /number of samples must be at least k \+ 1, 6, got 5. Every sample needs k others/,
    );
    expect(() => measure(cknna({ k: 2 }), { x: x.slice(0, 3), y: y.slice(0, 3) })).toThrow(
      /samples must be at least 4/,
    );
    expect(() => measure(metric, { x: [[Number.NaN], ...x.slice(1).map(() => [1])], y })).toThrow(/x must be finite/);
    const huge = { ...oracle, shapeOf: () => [2, 2 ** 25 + 1] };
    expect(() => cknna().check(huge, { x: {} as never, y: {} as never })).toThrow(/that are kept must be at most 2²⁶/);
    const running = accumulate(metric);
    running.update({ x, y });
    const state = running.state();
    const wrong = { ...state.statistics!['x0.neighbors']!, data: new Float64Array(30 * 6).fill(99) };
    const broken = { ...state, statistics: { ...state.statistics, 'x0.neighbors': wrong } };
    expect(() => restore(metric, broken).compute()).toThrow(/state's neighbors must be row numbers below 30, got 99/);
    expect(() => nearestNeighborAgreement({ k: 0 })).toThrow(/k must be a whole number of at least 1/);
    expect(() => nearestNeighborAgreement({ metric: 'manhattan' as never })).toThrow(/metric must be one of 'cosine'/);
  });
});
