/** Phases, stages, spaces: what is walked how often, and what goes through memory. */
import { crossEntropy, klDivergence, valueAndGradientsOn } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describePlan } from '../../src/fusion/describe.ts';
import { skipConditions } from '../../src/fusion/skip.ts';
import { operationsOf, planOf, walksOf } from '../support/plans.ts';

const rows = [6, 10];
const along = { axis: -1, keepDims: true };

describe('phases', () => {
  it('an element-wise chain is one walk, however long', () => {
    const plan = planOf([rows, rows], (b, [x, y]) => b.sum(b.exp(b.multiply(b.abs(x!), b.add(x!, y!)))));
    expect(walksOf(plan)).toEqual([1]);
    expect(plan.buffers.length).toBe(1);
  });

  it('a softmax is one phase of three stages, and its exponentials are kept', () => {
    const plan = planOf([rows], (b, [x]) => b.exp(b.logSoftmax!(x!)));
    expect(walksOf(plan)).toEqual([3]);
    expect(plan.phases[0]!.stages[1]!.keeps.map(({ operation }) => operation)).toEqual(['power']);
  });

  it('what needs a number of all rows waits for a phase; rows are not walked again for what can wait with it', () => {
    const plan = planOf([rows], (b, [x]) => [b.sum(b.exp(x!), { axis: -1 }), b.divide(x!, b.max(x!))]);
    expect(walksOf(plan)).toEqual([1, 1]);
    expect(plan.phases[1]!.stages[0]!.reductions.map(({ operation }) => operation)).toEqual(['sum']);
  });

  it('what can wait does not wait for a phase of its own', () => {
    const plan = planOf([rows, [3, 20]], (b, [x, y]) => {
      const most = b.max(b.exp(b.multiply(x!, b.max(x!, along))));
      return [b.sum(b.exp(x!), { axis: -1 }), b.sum(b.multiply(b.exp(y!), most), { axis: -1 })];
    });
    expect(plan.phases.map(({ space }) => space.columns)).toEqual([10, 20]);
  });

  it('what has no rows of its own is walked with those of what has', () => {
    const plan = planOf([rows], (b, [x]) => [b.sum(b.exp(x!), { axis: -1 }), b.reshape(b.abs(x!), [60])]);
    expect(walksOf(plan)).toEqual([1]);
  });

  it('sums over columns are a phase, and what reads them by column is the next one', () => {
    const plan = planOf([rows], (b, [x]) => {
      const mean = b.multiply(b.sum(x!, { axis: 0, keepDims: true }), b.scalar(1 / 6));
      return b.sum(b.multiply(b.subtract(x!, mean), b.subtract(x!, mean)), { axis: 0 });
    });
    expect(plan.phases.map(({ space }) => [space.rows, space.columns])).toEqual([rows, [1, 10], rows]);
    expect(plan.phases[0]!.stages[0]!.columnReductions.length).toBe(1);
  });

  it('numbers of rows stay with their rows where sums over some of them are wanted', () => {
    const plan = planOf([rows], (b, [x]) => {
      const totals = b.sum(b.exp(x!), along);
      const logs = b.log(totals);
      return [b.subtract(x!, logs), b.sum(b.reshape(logs, [3, 2]), { axis: 0 })];
    });
    expect(plan.phases.map(({ space }) => [space.rows, space.columns])).toEqual([rows, [3, 2]]);
  });

  it('a second length of a row is a phase: what both read goes through memory', () => {
    const plan = planOf([[60]], (b, [x]) => {
      const square = b.multiply(x!, x!);
      return [b.sum(b.reshape(square, [6, 10]), { axis: 1 }), b.sum(b.reshape(b.exp(square), [4, 15]), { axis: 1 })];
    });
    expect(plan.spaces.map((space) => space.columns).toSorted()).toEqual([10, 15]);
    expect(plan.phases.length).toBe(2);
  });

  it('two lengths of a row in one operation: one operand is spread out first', () => {
    const plan = planOf(
      [
        [2, 3, 4],
        [2, 1, 1],
        [2, 3, 1],
      ],
      (b, [x, r, s]) => b.where(r!, x!, s!),
    );
    expect(operationsOf(plan)).toContain('spread');
  });

  it('a number of each row that is met as one of each column goes through memory', () => {
    const plan = planOf([[5, 5], [5]], (b, [x, y]) => {
      const exponential = b.exp(y!);
      return b.multiply(b.add(x!, b.reshape(exponential, [5, 1])), exponential);
    });
    expect(plan.buffers.map(({ operation }) => operation)).toContain('exp');
  });

  it('labels that are computed are rows of what they select from', () => {
    const plan = planOf([rows, [6]], (b, [x, labels]) => {
      const oneHot = b.oneHot(b.where(b.greater(labels!, b.scalar(0)), labels!, b.scalar(0)), 10);
      const inRange = b.sum(oneHot, { axis: -1 });
      return b.multiply(inRange, b.sum(b.where(oneHot, b.logSoftmax!(x!), b.scalar(0)), { axis: -1 }));
    });
    expect(plan.phases.length).toBe(1);
  });

  it('a reduction of width 1 disappears', () => {
    const plan = planOf([[5, 1]], (b, [x]) => b.exp(b.sum(x!, along)));
    expect(operationsOf(plan)).toEqual(['exp']);
  });

  it('reshapes disappear', () => {
    const plan = planOf([rows], (b, [x]) => b.exp(b.reshape(b.reshape(x!, [60]), [10, 6])));
    expect(operationsOf(plan)).toEqual(['exp']);
  });

  it('equal operations are one value', () => {
    const plan = planOf([rows], (b, [x]) => b.add(b.exp(x!), b.exp(b.reshape(x!, rows))));
    expect(operationsOf(plan)).toEqual(['exp', 'add']);
  });
});

describe('losses', () => {
  it('KL with its gradient walks its rows four times, in one phase: once where the sides are alike', () => {
    const plan = planOf([rows, rows], (b, [studentLogits, teacherLogits]) => {
      const { value, gradients } = valueAndGradientsOn(b, klDivergence({ temperature: 4 }), {
        studentLogits: studentLogits!,
        teacherLogits: teacherLogits!,
      });
      return [value, gradients.studentLogits];
    });
    expect(walksOf(plan)).toEqual([4]);
  });

  it('rows of weight 0 are passed over', () => {
    const plan = planOf([rows], (b, [studentLogits]) => {
      const { value, gradients } = valueAndGradientsOn(b, crossEntropy(), {
        studentLogits: studentLogits!,
        labels: [0, 1, 2, 3, 4, 5],
        rowWeights: [0, 1, 2, 0, 1, 2],
      });
      return [value, gradients.studentLogits];
    });
    const last = plan.phases.findLast(({ space }) => space.columns === 10);
    expect(skipConditions(last!)?.size).toBeGreaterThan(0);
  });

  it('a row is not passed over where something of it does not depend on its weight', () => {
    const plan = planOf([rows, [6, 1]], (b, [x, weights]) => [
      b.where(weights!, b.exp(b.logSoftmax!(x!)), b.scalar(0)),
      b.sum(b.exp(x!)),
    ]);
    expect(skipConditions(plan.phases[0]!)).toBeUndefined();
  });
});

it('describes a plan, a line for each value and each phase', () => {
  const plan = planOf([rows], (b, [x]) => b.sum(b.exp(x!), { axis: -1 }));
  expect(describePlan(plan).split('\n')).toEqual([
    '%0 = leaf()',
    '%1 = exp(%0) full of space 0, phase 0',
    '%2 = sum(%1) row of space 0, phase 0, buffer 0',
    'phase 0, space 0 [6, 10]: reduce %2 | rows: store %2',
    'results: %2',
  ]);
});
