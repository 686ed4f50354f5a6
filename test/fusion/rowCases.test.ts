/** Walks in two versions: where a number of the row decides which side of its choices counts. */
import { type Backend, klDivergence, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { costOfStage, rowCondition, stagesIn } from '../../src/fusion/rowCases.ts';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
import { planOf } from '../support/plans.ts';

const rows = [6, 40];
const along = { axis: -1, keepDims: true };

function klPhase() {
  const { phases } = planOf([rows, rows], (b, [studentLogits, teacherLogits]) => {
    const { value, gradients } = valueAndGradientsOn(b, klDivergence({ temperature: 4 }), {
      studentLogits: studentLogits!,
      teacherLogits: teacherLogits!,
    });
    return [value, gradients.studentLogits];
  });
  return phases[0]!;
}

describe('the versions of a phase', () => {
  it('of KL are for rows whose sides are alike, and for others, which are not walked for the sum of second order', () => {
    const phase = klPhase();
    const condition = rowCondition(phase)!;
    expect(condition.operation).toBe('greater');
    const [alike, others] = [true, false].map((holds) => stagesIn(phase, { condition, holds }));
    expect(alike!.map(({ reductions }) => reductions.length)).toEqual([2, 3, 1, 0]);
    expect(others!.map(({ reductions }) => reductions.length)).toEqual([2, 3, 0, 0]);
    const last = phase.stages.length - 1;
    const costs = [true, false].map((holds, at) =>
      costOfStage(phase, [alike, others][at]![last]!, last, { condition, holds }),
    );
    expect(costs[1]).toBeLessThan(costs[0]! / 3);
  });

  it('keep what the other case alone needs in that case alone', () => {
    const [phase] = planOf([rows], (b, [x]) => {
      const sum = b.sum(x!, along);
      const dear = b.exp(b.multiply(x!, sum));
      const total = b.sum(dear, along);
      return b.where(b.greater(sum, b.scalar(0)), b.divide(dear, total), b.log(b.add(x!, sum)));
    }).phases;
    const condition = rowCondition(phase!)!;
    const keeps = [true, false].map((holds) => stagesIn(phase!, { condition, holds }).flatMap((stage) => stage.keeps));
    expect(keeps.map(({ length }) => length)).toEqual([1, 0]);
  });

  it('there are none for a choice that costs less than the question', () => {
    const [phase] = planOf([rows], (b, [x]) => {
      const sum = b.sum(x!, along);
      return b.where(b.greater(sum, b.scalar(0)), x!, sum);
    }).phases;
    expect(rowCondition(phase!)).toBeUndefined();
  });

  it('there are none for a choice element by element', () => {
    const [phase] = planOf([rows], (b, [x]) => b.where(b.greater(x!, b.scalar(0)), b.exp(x!), b.log(x!))).phases;
    expect(rowCondition(phase!)).toBeUndefined();
  });
});

/** Of rows with a positive sum a softmax with its entropy, of others logarithms and squares. */
function mixed<T>(b: Backend<T>, x: T): readonly T[] {
  const sum = b.sum(x, along);
  const shifted = b.subtract(x, b.max(x, along));
  const exponential = b.exp(shifted);
  const share = b.divide(exponential, b.sum(exponential, along));
  const other = b.log(b.add(b.multiply(x, x), b.scalar(1)));
  const positive = b.greater(sum, b.scalar(0));
  const entropy = b.sum(b.where(positive, b.multiply(share, shifted), b.scalar(0)), { axis: -1 });
  return [b.where(positive, share, b.multiply(other, sum)), entropy, b.sum(b.where(positive, share, other))];
}

it('rows of both cases in one batch are what float64 says, NaN among them', () => {
  const data = Float32Array.from(
    { length: 240 },
    (_, at) => Math.sin(at * 1.7) + (Math.floor(at / 40) % 2 ? 0.4 : -0.4),
  );
  data[200] = Number.NaN;
  const run = <T>(b: Backend<T>) => b.scope(() => [...mixed(b, b.fromHost({ data, shape: rows }))]);
  const { backend } = openWasm(() => []);
  const oracle = cpuBackend({ precision: 'float64' });
  const got = run(backend).map((tensor) => Array.from(backend.readSync(tensor).data));
  const expected = run(oracle).map((tensor) => Array.from(oracle.readSync(tensor).data));
  expected.forEach((numbers, result) => {
    numbers.forEach((number, at) => {
      const own = got[result]![at]!;
      const close = Object.is(own, number) || Math.abs(own - number) <= 2e-5 * Math.max(1, Math.abs(number));
      expect(close, `result ${result}, ${at}: ${own} where ${number} was expected`).toBe(true);
    });
  });
});
