import {
  type AnyLoss,
  crd,
  crossEntropy,
  type HostBackend,
  type HostTensor,
  hint,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import type { WasmBackend } from 'dark-knowledge/wasm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeVariants } from './variants.ts';

// Fixed, so that a failure is the same for everybody.
fc.configureGlobal({ seed: 11 });

const oracle = cpuBackend({ precision: 'float64' });

type Batch = Readonly<Record<string, HostTensor>>;

const floats = (data: Iterable<number>, shape: readonly number[]): HostTensor => ({
  data: Float32Array.from(data),
  shape,
});

/** Value and gradients as plain arrays, on any host backend. */
function compute<T>(backend: HostBackend<T>, loss: unknown, batch: Batch) {
  return backend.scope(() => {
    const { value, gradients } = valueAndGradientsOn(backend, loss as AnyLoss<'scalar'>, batch as never);
    const read = (tensor: T) => Array.from(backend.readSync(tensor).data);
    return { value: read(value), gradients: Object.values<T>(gradients).map(read) };
  });
}

function expectSame(backend: WasmBackend, loss: unknown, batch: Batch, tolerance = 2e-6): void {
  const got = compute(backend, loss, batch);
  const expected = compute(oracle, loss, batch);
  expectClose(got.value, expected.value, tolerance);
  expected.gradients.forEach((gradient, index) => {
    expectClose(got.gradients[index]!, gradient, tolerance);
  });
}

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  const wrong = expected.findIndex((value, index) => {
    const other = got[index]!;
    return !Object.is(other, value) && !(Math.abs(other - value) <= tolerance * Math.max(1, Math.abs(value)));
  });
  expect(wrong < 0 ? undefined : [wrong, got[wrong], expected[wrong]]).toBeUndefined();
}

/** Sizes around the vectors, the pairs of vectors and the blocks of the kernels. */
const classCounts = fc.oneof(fc.integer({ min: 2, max: 40 }), fc.constantFrom(511, 512, 513, 519, 1000, 1025, 2049));

const logits = (rows: number, classes: number, spread: number) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }).map((seeds) =>
    floats(
      Array.from({ length: rows * classes }, (_, index) => {
        const seed = seeds[index % seeds.length]!;
        return spread * Math.sin(index * 12.9898 + seed * 78.233);
      }),
      [rows, classes],
    ),
  );

const batches = fc
  .record({
    rows: fc.integer({ min: 1, max: 4 }),
    classes: classCounts,
    spread: fc.constantFrom(0.01, 1, 12),
  })
  .chain(({ rows, classes, spread }) =>
    fc.record({
      studentLogits: logits(rows, classes, spread),
      teacherLogits: logits(rows, classes, spread),
      labels: fc
        .array(fc.nat(classes - 1), { minLength: rows, maxLength: rows })
        .map((labels) => floats(labels, [rows])),
      rowWeights: fc
        .array(fc.constantFrom(0, 0.5, 1, 3), { minLength: rows, maxLength: rows })
        .map((weights) => floats(weights, [rows])),
    }),
  );

const settings = fc.record({
  temperature: fc.constantFrom(0.5, 1, 4, 20),
  reduction: fc.constantFrom('mean', 'sum', 'none'),
} as const);

describeVariants('fused losses equal the float64 composite', (open) => {
  const backend = open();

  it.each([
    ['klDivergence', klDivergence],
    ['softCrossEntropy', softCrossEntropy],
    ['jensenShannon', jensenShannon],
  ] as const)('%s over numbers of classes, temperatures and weights', (_, factory) => {
    const make = factory as (options: object) => unknown;
    fc.assert(
      fc.property(batches, settings, fc.boolean(), (batch, options, weighted) => {
        const { rowWeights, ...rest } = batch;
        // The sum of a few rows, each of T² times some nats.
        const tolerance = 3e-6 * options.temperature ** 2;
        expectSame(backend, make(options), weighted ? { ...rest, rowWeights } : rest, tolerance);
      }),
      { numRuns: 150 },
    );
  });

  it('klDivergence in reverse, and jensenShannon with unequal β', () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(0.1, 0.9), (batch, beta) => {
        expectSame(backend, klDivergence({ direction: 'reverse' }), batch, 3e-6);
        expectSame(backend, jensenShannon({ beta }), batch, 3e-6);
      }),
      { numRuns: 100 },
    );
  });

  it('crossEntropy with and without smoothing', () => {
    fc.assert(
      fc.property(
        batches,
        fc.constantFrom(0, 0.1, 1),
        fc.constantFrom('mean', 'none'),
        (batch, labelSmoothing, reduction) => {
          expectSame(backend, crossEntropy({ labelSmoothing, reduction, ignoreIndex: 0 }), batch, 3e-6);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('hint over shapes and weights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), classCounts, fc.boolean(), (samples, features, weighted) => {
        const size = samples * features;
        const inputs = {
          studentFeatures: floats(
            Array.from({ length: size }, (_, i) => Math.sin(i)),
            [samples, features],
          ),
          teacherFeatures: floats(
            Array.from({ length: size }, (_, i) => Math.cos(1.3 * i)),
            [samples, features],
          ),
        };
        const rowWeights = floats(
          Array.from({ length: samples }, (_, i) => i % 3),
          [samples],
        );
        const batch = weighted ? { ...inputs, rowWeights } : inputs;
        expectSame(backend, hint(), batch);
        expectSame(backend, hint({ reduction: 'halfSum' }), batch);
      }),
      { numRuns: 60 },
    );
  });

  it('crd over dimensions and numbers of negatives that are no multiple of anything', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        fc.constantFrom('mean', 'none'),
        fc.boolean(),
        (dimension, count, reduction, weighted) => {
          const [batch, size, width] = [3, 50, 4];
          const wave = (n: number, shape: readonly number[], phase: number) =>
            floats(
              Array.from({ length: n }, (_, i) => Math.sin(i * 1.7 + phase)),
              shape,
            );
          const bank = (phase: number) => {
            const rows = Array.from({ length: size }, (_, row) => {
              const values = Array.from({ length: dimension }, (_, i) => Math.sin((row * dimension + i) * 2.3 + phase));
              const length = Math.hypot(...values);
              return values.map((value) => value / length);
            });
            return floats(rows.flat(), [size, dimension]);
          };
          const inputs = {
            studentFeatures: wave(batch * width, [batch, width], 0),
            teacherFeatures: wave(batch * width, [batch, width], 1),
            studentProjectionWeight: wave(width * dimension, [width, dimension], 2),
            studentProjectionBias: wave(dimension, [dimension], 3),
            teacherProjectionWeight: wave(width * dimension, [width, dimension], 4),
            teacherProjectionBias: wave(dimension, [dimension], 5),
            studentBank: bank(6),
            teacherBank: bank(7),
            positiveIndices: floats([3, 49, 0], [batch]),
            contrastIndices: floats(
              Array.from({ length: batch * count }, (_, i) => (i * 7) % size),
              [batch, count],
            ),
            studentLogPartition: floats([2.5], []),
            teacherLogPartition: floats([3.5], []),
          };
          const rowWeights = floats([1, 0, 2], [batch]);
          const loss = crd({ temperature: 0.07, reduction });
          // float32 scores are divided by T = .07, and the gradient along the embedding itself cancels: the composite in
          // float32 differs by as much.
          expectSame(backend, loss, weighted ? { ...inputs, rowWeights } : inputs, 2e-4);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rows of weight 0 give value 0 and gradient 0 whatever they hold', () => {
    const poison = [NaN, Infinity, -Infinity, NaN, 1e38];
    const batch = {
      studentLogits: floats([1, 2, 3, 4, 5, ...poison], [2, 5]),
      teacherLogits: floats([2, 1, 0, 4, 3, ...poison], [2, 5]),
      rowWeights: floats([1, 0], [2]),
      labels: floats([1, 1], [2]),
    };
    for (const loss of [
      klDivergence(),
      klDivergence({ direction: 'reverse' }),
      softCrossEntropy(),
      jensenShannon(),
      crossEntropy(),
      klDivergence({ reduction: 'none' }),
    ]) {
      const { value, gradients } = compute(backend, loss, batch);
      expect(value.every(Number.isFinite)).toBe(true);
      expect(gradients[0]!.slice(5)).toEqual([0, 0, 0, 0, 0]);
    }
  });

  it('no row left: value 0, gradient 0', () => {
    const batch = {
      studentLogits: floats([1, NaN], [1, 2]),
      teacherLogits: floats([NaN, 1], [1, 2]),
      rowWeights: floats([0], [1]),
    };
    const { value, gradients } = compute(backend, klDivergence(), batch);
    expect([...value, ...gradients[0]!]).toEqual([0, 0, 0]);
  });

  it('probabilities that underflow on both sides have a finite Jensen–Shannon divergence', () => {
    const batch = { studentLogits: floats([0, 1, -110], [1, 3]), teacherLogits: floats([1, 0, -120], [1, 3]) };
    const { value } = compute(backend, jensenShannon(), batch);
    expect(value[0]).toBeCloseTo(0.11094, 5);
  });

  it('scales the gradient by an upstream that is not 1', () => {
    const studentLogits = floats([1, 2, 3, 0, 1, 0], [2, 3]);
    const teacherLogits = floats([3, 2, 1, 1, 1, 1], [2, 3]);
    const run = (reduction: 'mean' | 'none', factors: HostTensor) =>
      backend.scope(() => {
        const loss = klDivergence({ reduction });
        const inputs = {
          studentLogits: backend.fromHost(studentLogits),
          teacherLogits: backend.fromHost(teacherLogits),
        };
        const { residuals } = loss.forward(backend, inputs);
        const [gradient] = loss.backward(backend, residuals, backend.fromHost(factors));
        return Array.from(backend.readSync(gradient!).data);
      });
    const once = run('mean', floats([1], []));
    expectClose(
      run('mean', floats([3], [])),
      once.map((g) => 3 * g),
      1e-6,
    );
    const rows = run('none', floats([1, 1], [2]));
    expectClose(
      run('none', floats([2, -1], [2])),
      rows.map((g, i) => (i < 3 ? 2 : -1) * g),
      1e-6,
    );
  });
});
