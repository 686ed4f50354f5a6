/**
 * Divergences of near-equal predictions, against 60 digits (`test/fixtures/nearlyEqual.json`): they are of second order in
 * the difference, so that a difference of logarithms would be rounding and nothing else.
 */
import { readFileSync } from 'node:fs';
import {
  type AnyLoss,
  binaryKlDivergence,
  dkd,
  jensenShannon,
  klDivergence,
  measureOn,
  predictiveDivergence,
  softCrossEntropy,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, oracle, testBackends } from '../support/backends.ts';

interface Fixture {
  readonly rows: readonly string[];
  readonly studentLogits: readonly (readonly (number | string)[])[];
  readonly teacherLogits: readonly (readonly (number | string)[])[];
  readonly labels: readonly number[];
  readonly cases: readonly {
    readonly divergence: string;
    readonly temperature: number;
    readonly values: readonly number[];
    readonly gradients: readonly (readonly number[])[];
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/nearlyEqual.json', import.meta.url), 'utf8')) as Fixture;

const logits = (rows: readonly (readonly (number | string)[])[]) => ({
  data: Float32Array.from(rows.flat(), Number),
  shape: [rows.length, rows[0]!.length],
});
const batch = { studentLogits: logits(fixture.studentLogits), teacherLogits: logits(fixture.teacherLogits) };
const classes = batch.studentLogits.shape[1]!;

function lossOf(divergence: string, temperature: number): unknown {
  const [name, beta] = divergence.split(' ');
  if (name === 'dkd') return dkd({ temperature, reduction: 'none' });
  if (name === 'binary') return binaryKlDivergence({ temperature, ignoreIndex: null, reduction: 'none' });
  if (name === 'jensenShannon') return jensenShannon({ beta: Number(beta), temperature, reduction: 'none' });
  return klDivergence({ direction: name as 'forward' | 'reverse', temperature, reduction: 'none' });
}

async function compute(backend: AnyBackend, loss: unknown) {
  const inputs = (loss as AnyLoss).name === 'dkd' ? { ...batch, labels: fixture.labels } : batch;
  const { value, gradients } = valueAndGradientsOn(backend, loss as AnyLoss, inputs as never);
  const gradient = (gradients as Record<string, unknown>).studentLogits;
  return {
    values: Array.from((await backend.read(value)).data),
    gradients: Array.from((await backend.read(gradient)).data),
  };
}

/**
 * Relative to the expected number, or for gradients to the row's largest; below 1e-30 float32 has no digits left. Where two
 * sides are not alike, a gradient that vanishes because one class is all but certain is the rounding of its terms.
 */
async function expectDigits(backend: AnyBackend, relative: number, rounding: number): Promise<void> {
  for (const { divergence, temperature, values, gradients } of fixture.cases) {
    const got = await compute(backend, lossOf(divergence, temperature));
    values.forEach((value, row) => {
      const where = `${divergence} at T = ${temperature}, ${fixture.rows[row]}`;
      expect(got.values[row], where).toBeGreaterThanOrEqual(0);
      expect(Math.abs(got.values[row]! - value), where).toBeLessThanOrEqual(relative * value + 1e-30);
      const largest = Math.max(...gradients[row]!.map(Math.abs));
      const alike = value < 0.01 * temperature ** 2;
      gradients[row]!.forEach((gradient, column) => {
        const difference = Math.abs(got.gradients[row * classes + column]! - gradient);
        const allowed = relative * largest + (alike ? 1e-30 : rounding * temperature);
        expect(difference, `${where}, gradient ${column}`).toBeLessThanOrEqual(allowed);
      });
    });
  }
}

describe('near-equal predictions in float64', () => {
  it('keep nine digits of value and gradient', () => expectDigits(oracle, 1e-9, 1e-13));
});

/**
 * The kernels by hand subtract logarithms. They go when the losses are compiled; then this list is empty, and what is asked
 * of the composite is asked of every backend as it is.
 */
const withKernelsByHand = ['webgpu', 'tfjs:webgpu'];

for (const candidate of testBackends) {
  describe(`near-equal predictions on ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    it('keep three digits of value and gradient at any temperature, and are never negative: composite', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      await expectDigits({ ...opened.backend, fusedKernels: [] }, 3e-4, 2e-6);
    });

    it('keep three digits of value and gradient at any temperature, and are never negative: as it is', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      if (withKernelsByHand.includes(candidate.name)) return context.skip('kernels by hand lose digits here');
      await expectDigits(opened.backend, 3e-4, 2e-6);
    });

    it('are measured as exactly', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { values } = fixture.cases.find((entry) => entry.divergence === 'forward' && entry.temperature === 1)!;
      const expected = values.reduce((sum, value) => sum + value, 0) / values.length;
      const { value } = await measureOn(opened.backend, predictiveDivergence(), batch as never);
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-5 * expected);
    });

    it('give a soft cross-entropy the gradient of the divergence', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const backend = { ...opened.backend, fusedKernels: [] };
      for (const temperature of [1, 1e4]) {
        const soft = await compute(backend, softCrossEntropy({ temperature, reduction: 'none' }));
        const divergence = await compute(backend, klDivergence({ temperature, reduction: 'none' }));
        const largest = Math.max(...divergence.gradients.map(Math.abs));
        soft.gradients.forEach((gradient, index) => {
          expect(Math.abs(gradient - divergence.gradients[index]!)).toBeLessThanOrEqual(1e-6 * largest);
        });
      }
    });
  });
}

describe('equal predictions', () => {
  it('diverge by exactly 0, with gradient 0, in both precisions', async () => {
    const { teacherLogits } = batch;
    for (const data of [teacherLogits.data, Float64Array.from(teacherLogits.data)]) {
      const same = { data, shape: teacherLogits.shape };
      for (const loss of [klDivergence(), klDivergence({ direction: 'reverse', temperature: 7 }), jensenShannon()]) {
        const { value, gradients } = valueAndGradientsOn({ ...oracle, fusedKernels: [] }, loss as AnyLoss, {
          studentLogits: same,
          teacherLogits: same,
        });
        expect((await oracle.read(value)).data[0]).toBe(0);
        expect(Array.from((await oracle.read(gradients.studentLogits)).data).every((g) => g === 0)).toBe(true);
      }
    }
  });
});
