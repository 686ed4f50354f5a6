/** Faults planted on purpose: the fuzz finds each of them. */
import { type AnyLoss, type AnyMetric, type Backend, klDivergence } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { backendCase } from './backendCase.ts';
import { callCase } from './callCase.ts';
import { type Dice, makeDice } from './dice.ts';
import { lossCase } from './lossCase.ts';
import { type LossSubject, lossSubjects } from './lossSubjects.ts';
import { metricCase } from './metricCase.ts';
import { type MetricSubject, metricSubjects } from './metricSubjects.ts';
import type { Regime } from './numbers.ts';
import { openRoom } from './rooms.ts';
import { Finding } from './truths.ts';

const room = openRoom();

/** What the first case finds that finds anything; undefined for none. */
function finding(run: (dice: Dice) => void, cases = 600): string | undefined {
  for (let index = 0; index < cases; index++) {
    try {
      run(makeDice(index));
    } catch (error) {
      if (error instanceof Finding) return error.message;
      throw error;
    }
  }
  return undefined;
}

const withLoss = (name: string, change: (loss: AnyLoss) => Partial<AnyLoss>) => {
  const make = (dice: Dice, regime: Regime): LossSubject => {
    const subject = lossSubjects[name]!(dice, regime);
    // Without its factory no kernel takes the fault's place.
    return { ...subject, loss: { ...subject.loss, reference: () => undefined, ...change(subject.loss) } };
  };
  return finding((dice) => lossCase(dice, make, room));
};

const withMetric = (name: string, change: (metric: AnyMetric) => Partial<AnyMetric>) => {
  const make = (dice: Dice, regime: Regime): MetricSubject => {
    const subject = metricSubjects[name]!(dice, regime);
    return { ...subject, metric: { ...subject.metric, reference: () => undefined, ...change(subject.metric) } };
  };
  return finding((dice) => metricCase(dice, make, room));
};

describe('the fuzz', () => {
  it('finds nothing in what is right', () => {
    expect(withLoss('klDivergence', () => ({}))).toBeUndefined();
    expect(withMetric('accuracy', () => ({}))).toBeUndefined();
  });

  it('finds a gradient that is a hundredth too large', () => {
    const found = withLoss('klDivergence', (loss) => ({
      backward: (backend, residuals, upstream) =>
        loss.backward(backend, residuals, backend.multiply(upstream, backend.scalar(1.01))),
    }));
    expect(found).toMatch(/gradient/);
  });

  it('finds a loss that counts rows of weight 0', () => {
    const found = withLoss('normalizedMse', (loss) => ({
      forward: (backend, { rowWeights: _, ...inputs }, context) => loss.forward(backend, inputs, context),
    }));
    expect(found).toMatch(/NaN|do not count/);
  });

  it('finds a loss that takes its rows in order', () => {
    const found = withLoss('normalizedMse', (loss) => ({
      forward(backend, inputs, context) {
        const made = loss.forward(backend, inputs, context);
        const first = backend.readSync?.(inputs.studentFeatures!).data[0] ?? 0;
        return { ...made, value: backend.add(made.value, backend.scalar(1e-3 * first)) };
      },
    }));
    expect(found).toMatch(/order|value changes|NaN|for/);
  });

  it('finds a loss that hides NaN', () => {
    const found = withLoss('logitMse', (loss) => ({
      forward(backend, inputs, context) {
        const made = loss.forward(backend, inputs, context);
        const isNumber = backend.maximum(
          backend.greater(made.value, backend.scalar(-1)),
          backend.greater(backend.scalar(0), made.value),
        );
        return { ...made, value: backend.where(isNumber, made.value, backend.scalar(0)) };
      },
    }));
    expect(found).toMatch(/NaN in/);
  });

  it('finds a metric that ignores row weights', () => {
    const found = withMetric('accuracy', (metric) => ({
      statistics: (backend, { rowWeights: _, ...batch }) => metric.statistics(backend, batch),
    }));
    expect(found).toMatch(/garbage|weight 2|not refused|for/);
  });

  it('finds states that do not add up', () => {
    const found = withMetric('accuracy', () => ({ merge: (first) => first }));
    expect(found).toMatch(/stream|merged|json|clone|swapped/);
  });

  it('finds a label out of range that counts on a device which is not read', () => {
    const found = withMetric('accuracy', () => ({ inspect: () => ({}) }));
    expect(found).toMatch(/label .* on a blind device was not refused/);
  });

  it('finds NaN in a result', () => {
    const found = withMetric('negativeLogLikelihood', (metric) => ({
      finish: (statistics) => ({ ...(metric.finish(statistics) as object), spread: 0 / 0 }),
    }));
    expect(found).toMatch(/NaN at negativeLogLikelihood.spread/);
  });

  it('finds a backend whose max drops NaN, and one that forgets to free', () => {
    const [cpu] = room.float32 as readonly [
      Backend<{ readonly data: ArrayLike<number>; readonly shape: readonly number[] }>,
    ];
    const deaf = {
      ...cpu,
      max: (x: never, options: never) => {
        const { data, shape } = x as { readonly data: ArrayLike<number>; readonly shape: readonly number[] };
        const clean = Float32Array.from(data, (value) => (Number.isNaN(value) ? -Infinity : value));
        return cpu.max({ data: clean, shape }, options);
      },
    };
    expect(finding((dice) => backendCase(dice, room.double, [deaf as never]), 3000)).toMatch(/cpu\.max/);
    let alive = 0;
    const leaking = { ...room.float32[1]!, tensorCount: () => alive++ };
    expect(finding((dice) => backendCase(dice, room.double, [leaking]), 50)).toMatch(/leaves tensors behind/);
  });

  it('finds an error that is none of the library', async () => {
    const careless = (options: { readonly temperature?: { readonly toFixed: () => string } }) => {
      options.temperature!.toFixed();
      return klDivergence();
    };
    const found: string[] = [];
    for (let index = 0; index < 50; index++) {
      const call = { of: careless as never, given: [{ temperature: 1 }] };
      await callCase(makeDice(index), 'careless', call).catch((error: Error) => found.push(error.message));
    }
    expect(found[0]).toMatch(/an error that is none of careless: TypeError/);
  });
});
