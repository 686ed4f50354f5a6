import {
  accumulate,
  accumulateOn,
  accuracy,
  confidenceSlope,
  klDivergence,
  measure,
  measureOn,
  restore,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

const first = {
  logits: [
    [1, 2],
    [3, 0],
  ],
  labels: [1, 1],
};
const second = { logits: [[0, 1]], labels: [1] };

describe('accumulate', () => {
  it('refuses to compute before the first batch', () => {
    expect(() => accumulate(accuracy()).compute()).toThrow(
      'accuracy: number of batches must be at least 1 before compute(), got 0.',
    );
  });

  it('leaves the other accumulator as it is when it merges', () => {
    const one = accumulate(accuracy());
    const two = accumulate(accuracy());
    one.update(first);
    two.update(second);
    one.merge(two);
    expect(one.compute().count).toBe(3);
    expect(two.compute().count).toBe(1);
    one.merge(accumulate(accuracy()));
    expect(one.compute().count).toBe(3);
  });

  it('refuses the state of another metric', () => {
    const state = { ...accumulate(accuracy()).toJSON(), metric: 'other' };
    expect(() => restore(accuracy(), state)).toThrow("accuracy: state must be one of accuracy, got 'other'.");
  });

  it('keeps infinite statistics through JSON', () => {
    const running = accumulate(confidenceSlope());
    running.update({ teacherLogits: [[Infinity, 1]], studentLogits: [[1, 0]] });
    const json = JSON.stringify(running);
    expect(json).toContain('"lowest":{"data":["Infinity"]');
    expect(JSON.stringify(restore(confidenceSlope(), JSON.parse(json)))).toBe(json);
  });
});

describe('accumulateOn', () => {
  it('adds batches in any order of arrival, and reports a failed one by its own promise', async () => {
    const running = accumulateOn(cpuBackend(), accuracy());
    const good = running.update(first);
    await expect(running.update({ logits: [[1, 2]], labels: [5] })).rejects.toThrow(/labels must be whole numbers/);
    await good;
    await running.update(second);
    const other = accumulateOn(cpuBackend(), accuracy(), await running.state());
    await other.merge(running);
    expect(await other.compute()).toEqual({ value: 2 / 3, correct: 4, count: 6 });
  });
});

describe('measure', () => {
  it('names a missing input and what came', () => {
    expect(() => measure(accuracy(), { logits: [[1]] } as never)).toThrow(
      'accuracy: labels must be given, got undefined. Inputs received: logits.',
    );
  });

  it('refuses NaN on the host and on a device', async () => {
    const batch = { logits: [[Number.NaN, 1]], labels: [0] };
    expect(() => measure(accuracy(), batch)).toThrow(/accuracy: logits must be free of NaN/);
    await expect(measureOn(cpuBackend(), accuracy(), batch)).rejects.toThrow(/free of NaN/);
  });

  it('refuses options with a misspelt name', () => {
    expect(() => accuracy({ topk: 3 } as never)).toThrow(
      "accuracy: option must be one of 'topK', 'average', 'from', 'classes', 'threshold', 'ignoreIndex', got 'topk'. Did you mean 'topK'?",
    );
    expect(() => klDivergence({ temp: 3 } as never)).toThrow(/klDivergence: option must be one of 'temperature'/);
  });
});
