/** What CKA gives for samples that are matched at random, in closed form. */
import {
  accumulate,
  type CkaOptions,
  cka,
  ckaMatrix,
  type HostTensor,
  measure,
  selectRows,
  tensor,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import nullMoments from '../../fixtures/catalogue/nullMoments.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { normals, rowsOf } from './samples.ts';

const [{ inputs, result, peers }] = nullMoments.cases as [(typeof nullMoments.cases)[0]];

/** All orders of n things. */
function ordersOf(n: number): number[][] {
  if (n === 0) return [[]];
  return ordersOf(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, place) => [...order.slice(0, place), n - 1, ...order.slice(place)]),
  );
}

function momentsOf(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    expected: mean,
    standardDeviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length),
  };
}

describe('what chance gives', () => {
  it("is the catalogue's, for the biased and the debiased value, by features and by Gram matrices", () => {
    const { cka: biased, debiasedCka: debiased } = result;
    for (const form of ['features', 'gram'] as const) {
      expectDeepClose(
        measure(cka({ form }), inputs),
        {
          value: biased.value,
          expected: biased.nullMean,
          standardDeviation: biased.nullStandardDeviation,
          z: biased.z,
        },
        1e-9,
      );
      expectDeepClose(
        measure(cka({ form, debiased: true }), inputs),
        {
          value: debiased.value,
          expected: debiased.nullMean,
          standardDeviation: debiased.nullStandardDeviation,
          z: debiased.z,
        },
        1e-9,
      );
    }
  });

  it('lies where 20 000 random orders lie', () => {
    const [biased, debiased] = peers.map(({ value }) => value as number[]);
    const [first, second] = [measure(cka(), inputs), measure(cka({ debiased: true }), inputs)];
    // The mean of 20 000 draws is known to a 141st of their deviation; four of those.
    expect(Math.abs(first.expected! - biased![0]!)).toBeLessThan((4 * biased![1]!) / 141);
    expect(Math.abs(second.expected! - debiased![0]!)).toBeLessThan((4 * debiased![1]!) / 141);
    expect(first.standardDeviation! / biased![1]!).toBeCloseTo(1, 1);
    expect(second.standardDeviation! / debiased![1]!).toBeCloseTo(1, 1);
  });

  it('is the mean and the deviation over all orders, with either kernel', () => {
    const batch = { x: tensor(normals(1, 6, 3)), y: tensor(normals(2, 6, 2)) };
    const orders = ordersOf(6);
    for (const options of [
      {},
      { debiased: true },
      { kernel: 'rbf' },
      { kernel: 'rbf', debiased: true },
    ] as CkaOptions[]) {
      const values = orders.map(
        (order) => measure(cka(options), { x: batch.x, y: selectRows({ y: batch.y }, order).y }).value,
      );
      expectDeepClose(measure(cka(options), batch), momentsOf(values), 1e-10);
    }
  });

  it('is known of minibatches whose orders are independent', () => {
    const running = accumulate(cka({ minibatch: true }));
    const batches = [0, 1].map((part) => ({ x: rowsOf(normals(part, 4, 3)), y: rowsOf(normals(part + 9, 4, 2)) }));
    for (const batch of batches) running.update(batch);
    const orders = ordersOf(4);
    const values = orders.flatMap((first) =>
      orders.map((second) => {
        const total = accumulate(cka({ minibatch: true }));
        [first, second].forEach((order, part) => {
          const { x, y } = batches[part]!;
          total.update({ x, y: order.map((row) => y[row]!) });
        });
        return total.compute().value;
      }),
    );
    expectDeepClose(running.compute(), momentsOf(values), 1e-10);
  });

  it('is the same when a stream merges, and stands in the cells of a matrix', () => {
    const { x, y } = inputs;
    const running = accumulate(cka());
    for (let at = 0; at < 30; at += 7) running.update({ x: x.slice(at, at + 7), y: y.slice(at, at + 7) });
    const whole = measure(cka(), inputs);
    expectDeepClose(running.compute(), whole, 1e-10);
    const { expected, z } = measure(ckaMatrix({ x: ['a'], y: ['b'] }), { a: x, b: y });
    expectDeepClose([expected, z], [[[whole.expected]], [[whole.z]]], 1e-12);
  });

  it('is not said where there is none', () => {
    const unknown = { expected: null, standardDeviation: null, z: null };
    expect(measure(cka(), { x: [[1], [2], [4]], y: [[1], [0], [3]] })).toMatchObject(unknown);
    expect(measure(cka(), { x: [[1], [1], [1], [1]], y: [[1], [0], [3], [1]] })).toMatchObject(unknown);
    // One sample apart from all others, in both sets: of 5 orders of where it stands each is as likely.
    const outlier = [[0], [0], [0], [0], [1]];
    const { expected, standardDeviation } = measure(cka(), { x: outlier, y: outlier });
    expectDeepClose([expected, standardDeviation], [0.25, 0.375], 1e-12);
    expect(measure(cka({ debiased: true }), { x: outlier, y: outlier })).toMatchObject({
      ...unknown,
      status: 'debiasedUndefined',
    });
  });

  it.each([Float32Array, Float64Array])(
    'does not vary where all samples lie equally far apart, in %o',
    (TypedArray) => {
      for (let samples = 4; samples < 16; samples++) {
        const axes = tensor(
          Array.from({ length: samples }, (_, row) => Array.from({ length: samples }, (_, at) => +(at === row))),
        );
        const of = ({ data, shape }: HostTensor) => tensor(TypedArray.from(data), shape);
        const [x, y] = [of(axes), of(normals(samples, samples, 2))];
        for (const options of [{ form: 'features' }, { form: 'gram' }, { kernel: 'rbf' }] as const) {
          const { value, expected, standardDeviation, z } = measure(cka(options), { x, y });
          expect([standardDeviation, z], `${samples} samples`).toEqual([0, null]);
          expect(expected).toBeCloseTo(value, 5);
        }
      }
    },
  );

  it('of wide unrelated sets is what they score, whatever their number', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 8, max: 40 }), (seed, samples) => {
        const batch = { x: normals(seed, samples, 200), y: normals(seed + 1, samples, 100) };
        const { value, expected, z } = measure(cka(), batch);
        expect(value).toBeGreaterThan(0.5);
        expect(Math.abs(value - expected!)).toBeLessThan(0.1);
        expect(Math.abs(z!)).toBeLessThan(7);
      }),
      { numRuns: 10 },
    );
  });
});
