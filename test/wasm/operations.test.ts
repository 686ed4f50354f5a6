import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { squaredDistances } from '../../src/ops/squaredDistances.ts';
import { describeVariants } from './variants.ts';

// Sums in float64, results in float32: the definition of what these operations return.
const oracle = cpuBackend();

/** Float32 numbers of a shape, some of them special. */
function hostTensor(shape: readonly number[], special = true): fc.Arbitrary<HostTensor> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const plain = fc.float({ min: -8, max: 8, noNaN: true });
  const element = special
    ? fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0) })
    : plain;
  return fc
    .array(element, { minLength: size, maxLength: size })
    .map((numbers) => ({ data: Float32Array.from(numbers), shape }));
}

// Fixed, so that a failure is the same for everybody.
fc.configureGlobal({ seed: 5 });

const shapes = (rank: number, most: number) => fc.array(fc.integer({ min: 1, max: most }), { maxLength: rank });

/** Shapes that broadcast to `shape`: axes set to 1, leading axes left out. */
const broadcasting = (shape: readonly number[]) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
    .map(([ones, dropped]) => shape.map((extent, axis) => (ones[axis] ? 1 : extent)).slice(dropped));

describeVariants('operations equal the oracle', (open) => {
  const backend = open();

  function expectEqual(
    inputs: readonly HostTensor[],
    compute: <T>(b: Backend<T>, inputs: T[]) => T,
    tolerance = 3e-6,
  ): void {
    const run = <T>(b: Backend<T> & { readSync(tensor: T): HostTensor }): HostTensor =>
      b.scope(() => {
        const result = compute(b, inputs.map(b.fromHost));
        return { data: b.readSync(result).data, shape: b.shapeOf(result) };
      });
    const got = run(backend);
    const expected = run(oracle);
    expect(got.shape).toEqual(expected.shape);
    expectClose(got.data, expected.data, tolerance);
  }

  it.each(['add', 'subtract', 'multiply', 'divide', 'maximum', 'greater'] as const)('%s, broadcasting', (name) => {
    const inputs = shapes(5, 7).chain((shape) =>
      fc.tuple(broadcasting(shape).chain(hostTensor), broadcasting(shape).chain(hostTensor)),
    );
    fc.assert(
      fc.property(inputs, ([a, b]) => expectEqual([a, b], (on, [x, y]) => on[name](x!, y!))),
      { numRuns: 200 },
    );
  });

  it('where, broadcasting', () => {
    const inputs = shapes(4, 7).chain((shape) => {
      const one = broadcasting(shape).chain((own) => hostTensor(own));
      return fc.tuple(one, one, one);
    });
    fc.assert(
      fc.property(inputs, (all) => expectEqual(all, (on, [c, a, b]) => on.where(on.greater(c!, on.scalar(0)), a!, b!))),
      { numRuns: 300 },
    );
  });

  it('sum over any axes, where terms of opposite sign cancel', () => {
    const inputs = shapes(5, 9).chain((shape) =>
      fc.tuple(hostTensor(shape, false), fc.subarray(shape.map((_, axis) => axis)), fc.boolean()),
    );
    fc.assert(
      fc.property(inputs, ([x, axis, keepDims]) => expectEqual([x], (on, [t]) => on.sum(t!, { axis, keepDims }), 1e-4)),
      { numRuns: 300 },
    );
  });

  it('max over any axes, and argMax, with NaN and infinities', () => {
    const inputs = shapes(4, 19).chain((shape) =>
      fc.tuple(hostTensor(shape), fc.subarray(shape.map((_, axis) => axis)), fc.boolean()),
    );
    fc.assert(
      fc.property(inputs, ([x, axis, keepDims]) => {
        expectEqual([x], (on, [t]) => on.max(t!, { axis, keepDims }));
        if (x.shape.length > 0) expectEqual([x], (on, [t]) => on.argMax(t!));
      }),
      { numRuns: 300 },
    );
  });

  it('transpose by any permutation', () => {
    const inputs = shapes(5, 9).chain((shape) =>
      fc.tuple(hostTensor(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(inputs, ([x, order]) => expectEqual([x], (on, [t]) => on.transpose(t!, order))),
      {
        numRuns: 400,
      },
    );
  });

  it('gather and oneHot', () => {
    const inputs = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 })).chain(([rows, width]) =>
      fc.tuple(
        hostTensor([rows, width]),
        fc
          .array(fc.nat(rows - 1), { maxLength: 12 })
          .map((rowNumbers): HostTensor => ({ data: Int32Array.from(rowNumbers), shape: [rowNumbers.length] })),
      ),
    );
    fc.assert(
      fc.property(inputs, ([x, rowNumbers]) => {
        expectEqual([x, rowNumbers], (on, [t, r]) => on.gather(t!, r!));
        expectEqual([rowNumbers], (on, [r]) => on.oneHot(r!, 4));
      }),
    );
  });

  it('logSoftmax', () => {
    const inputs = shapes(1, 40).chain((shape) => hostTensor([...shape, 5 + (shape[0] ?? 0)], false));
    fc.assert(
      fc.property(inputs, (x) => {
        const { data } = backend.scope(() => backend.readSync(backend.logSoftmax!(backend.fromHost(x))));
        const classes = x.shape.at(-1)!;
        for (let start = 0; start < data.length; start += classes) {
          const row = [...x.data.subarray(start, start + classes)];
          const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
          const expected = row.map((logit) => logit - total);
          expectClose(data.subarray(start, start + classes), expected, 1e-6);
        }
      }),
    );
  });

  it('matMul at sizes around its tiles and blocks, with every transposition', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(95, 96, 97, 99, 100, 101, 255, 256, 257));
    const inputs = fc.tuple(size, size, size, fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(inputs, ([rows, inner, columns, transposeA, transposeB, batch]) => {
        const a = pattern([batch, ...(transposeA ? [inner, rows] : [rows, inner])], 1);
        const b = pattern([batch, ...(transposeB ? [columns, inner] : [inner, columns])], 2);
        expectEqual([a, b], (on, [x, y]) => on.matMul(x!, y!, { transposeA, transposeB }));
      }),
      { numRuns: 60 },
    );
  });

  it('matMul with more columns than a block', () => {
    expectEqual([pattern([7, 300], 1), pattern([300, 1100], 2)], (on, [x, y]) => on.matMul(x!, y!));
  });

  it('matMul of a tensor with itself, which is computed by half', () => {
    for (const shape of [
      [3, 2],
      [101, 33],
      [64, 48],
      [130, 300],
      [1030, 3],
    ]) {
      const x = pattern(shape, 3);
      expectEqual([x], (on, [t]) => on.matMul(t!, t!, { transposeB: true }));
      expectEqual([x], (on, [t]) => on.matMul(t!, t!, { transposeA: true }));
    }
  });

  it('squaredDistances at sizes around its tiles and blocks, and none between equal rows', () => {
    for (const shape of [
      [1, 1],
      [3, 2],
      [101, 33],
      [64, 48],
      [130, 300],
      [1030, 3],
    ]) {
      const x = pattern(shape, 4);
      // Up to 256 squares, none of which takes away from another's rounding, are summed in float32.
      expectEqual([x], (on, [t]) => squaredDistances(on, t!), 1e-5);
    }
    const equal: HostTensor = {
      data: Float32Array.from({ length: 37 * 19 }, (_, at) => 1e4 + (at % 19) / 7),
      shape: [37, 19],
    };
    const { data } = backend.scope(() => backend.readSync(backend.squaredDistances!(backend.fromHost(equal))));
    expect(data.every((distance) => distance === 0)).toBe(true);
  });

  it('squaredDistances refuses what is no matrix', () => {
    const x = backend.fromHost(pattern([2, 3, 4], 1));
    expect(() => backend.squaredDistances!(x)).toThrow(
      'squaredDistances: x must be of shape [rows, width], got shape [2, 3, 4].',
    );
    backend.dispose(x);
  });

  it('empty tensors', () => {
    const empty: HostTensor = { data: new Float32Array(), shape: [0, 3] };
    expectEqual([empty], (on, [t]) => on.add(t!, on.scalar(1)));
    expectEqual([empty], (on, [t]) => on.sum(t!, { axis: 0 }));
    expectEqual([empty], (on, [t]) => on.max(t!, { axis: 0 }));
    expectEqual([empty], (on, [t]) => on.matMul(t!, t!, { transposeA: true }));
    expectEqual([empty], (on, [t]) => on.transpose(t!));
    expectEqual([{ data: new Float32Array(), shape: [2, 0] }], (on, [t]) => squaredDistances(on, t!));
  });

  it('large sums keep float64 digits until the end', () => {
    const count = 1_000_003;
    const x: HostTensor = { data: new Float32Array(count).fill(0.1), shape: [count] };
    const sum = backend.scope(() => backend.readSync(backend.sum(backend.fromHost(x))).data[0]!);
    expect(Math.abs(sum - count * Math.fround(0.1))).toBeLessThanOrEqual(count * 0.1 * 2 ** -24);
  });
});

/** One assertion for all elements: an assertion each takes longer than a matrix product. */
function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const wrong = Array.from(expected).findIndex((value, index) => {
    const other = got[index]!;
    return !Object.is(other, value) && !(Math.abs(other - value) <= tolerance * Math.max(1, Math.abs(value)));
  });
  expect(wrong < 0 ? undefined : [wrong, got[wrong], expected[wrong]]).toBeUndefined();
}

/** Numbers between −½ and ½ without a pattern that sums would cancel by. */
function pattern(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = Float32Array.from(
    { length: size },
    (_, index) => (((index + 1) * 2654435761 * seed) % 1009) / 1009 - 0.5,
  );
  return { data, shape };
}
