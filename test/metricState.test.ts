import {
  accumulate,
  accumulateOn,
  accuracy,
  calibrationError,
  cka,
  eigenDirections,
  errorOverlap,
  f1Score,
  type MetricState,
  perplexity,
  predictiveDivergence,
  restore,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

const scored = {
  logits: [
    [3, 2, 1],
    [1, 2, 3],
  ],
  labels: [0, 1],
};
const pair = { studentLogits: [[1, 2]], teacherLogits: [[3, 2]] };
const activations = {
  x: [
    [1, 2],
    [3, 4],
    [5, 7],
    [0, 1],
    [2, 2],
  ],
  y: [
    [1, 0],
    [3, 1],
    [5, 2],
    [0, 3],
    [2, 9],
  ],
};

function stateAfter(metric: Parameters<typeof accumulate>[0], batch: object): MetricState {
  const running = accumulate(metric);
  running.update(batch as never);
  return running.state();
}

describe('a saved state', () => {
  it.each([
    [
      'topK 1 into 2',
      accuracy(),
      scored,
      accuracy({ topK: 2 }),
      "accuracy: state's topK must be 2, as in this accuracy, got 1.",
    ],
    ['10 bins into 15', calibrationError({ bins: 10 }), scored, calibrationError(), /state's boundaries must be/],
    ['other edges', calibrationError(), scored, calibrationError({ edges: 'left' }), /state's edges must be "left"/],
    [
      'another direction',
      predictiveDivergence(),
      pair,
      predictiveDivergence({ direction: 'reverse' }),
      /state's direction/,
    ],
    [
      'another order of models',
      errorOverlap({ models: ['a', 'b'] }),
      { labels: [0], a: [[1, 0]], b: [[0, 1]] },
      errorOverlap({ models: ['b', 'a'] }),
      /state's models/,
    ],
    ['exact into minibatch', cka(), activations, cka({ minibatch: true }), /state's minibatch must be true/],
  ] as const)('is refused by a metric of other options: %s', (_, from, batch, into, message) => {
    const state = stateAfter(from, batch);
    expect(() => restore(into, state)).toThrow(message);
    expect(() => restore(into, JSON.parse(JSON.stringify(state)) as MetricState)).toThrow(/must be/);
    expect(() => accumulateOn(cpuBackend(), into, state)).toThrow(message);
    expect(() => accumulate(into).merge(state)).toThrow(message);
  });

  const tampered = (change: (statistics: Record<string, { data: unknown; shape: unknown }>) => void): MetricState => {
    const running = accumulate(accuracy());
    running.update(scored);
    const state = JSON.parse(JSON.stringify(running)) as {
      statistics: Record<string, { data: unknown; shape: unknown }>;
    };
    change(state.statistics);
    return state as unknown as MetricState;
  };

  it.each([
    [
      'a text for a number',
      (s) => {
        s.count!.data = ['abc'];
      },
      "accuracy: state's count must be numbers, got 'abc'.",
    ],
    [
      'a count below 0',
      (s) => {
        s.count!.data = [-5];
      },
      "accuracy: state's count must be finite numbers of at least 0, got -5.",
    ],
    [
      'an infinite count',
      (s) => {
        s.count!.data = ['Infinity'];
      },
      /finite numbers of at least 0/,
    ],
    [
      'more hits than rows',
      (s) => {
        s.correct!.data = [99];
      },
      "accuracy: state's correct must be at most its count, 2, got 99.",
    ],
    [
      'NaN',
      (s) => {
        s.correct!.data = [Number.NaN];
      },
      /free of NaN/,
    ],
    [
      'a missing statistic',
      (s) => {
        delete s.count;
      },
      /state's statistics must be with 'count'/,
    ],
    [
      'a strange statistic',
      (s) => {
        s.other = { data: [1], shape: [] };
      },
      /state's statistics must be among correct, count, got 'other'/,
    ],
    [
      'a number too many',
      (s) => {
        s.count!.data = [1, 2];
      },
      "accuracy: state's count must be 1 numbers, of shape [], got 2.",
    ],
    [
      'another shape',
      (s) => {
        s.count!.data = [1, 2];
        s.count!.shape = [2];
      },
      /statistic 'count' must be of shape \[\]/,
    ],
    [
      'a shape of texts',
      (s) => {
        s.count!.shape = ['a'];
      },
      /an array with its shape/,
    ],
  ] as [string, (statistics: Record<string, { data: unknown; shape: unknown }>) => void, string | RegExp][])(
    'is refused with %s',
    (_, change, message) => {
      expect(() => restore(accuracy(), tampered(change))).toThrow(message);
    },
  );

  it('is refused with a matrix one number short', () => {
    const state = stateAfter(cka(), activations);
    const short = Object.fromEntries(
      Object.entries(state.statistics!).map(([name, { data, shape }]) => [
        name,
        { data: shape.length === 2 ? data.slice(1) : data, shape },
      ]),
    );
    expect(() => restore(cka(), { ...state, statistics: short as MetricState['statistics'] })).toThrow(
      /numbers, of shape/,
    );
  });

  it('goes through structuredClone with typed arrays, and through JSON, to the same result', () => {
    const running = accumulate(calibrationError());
    running.update(scored);
    const clone = structuredClone(running.state());
    expect(clone.statistics!.count!.data).toBeInstanceOf(Float64Array);
    expect(restore(calibrationError(), clone).compute()).toEqual(running.compute());
    expect(restore(calibrationError(), JSON.parse(JSON.stringify(running))).compute()).toEqual(running.compute());
  });

  it('of a 1024 wide CKA is restored and merged in no more than the time of some copies', () => {
    const wide = (seed: number) =>
      Array.from({ length: 4 }, (_, row) =>
        Array.from({ length: 512 }, (_, k) => Math.sin(seed * (row + 1) * (k + 1))),
      );
    const state = stateAfter(cka({ form: 'features' }), { x: wide(1), y: wide(2) });
    const size = Object.values(state.statistics!).reduce((sum, { data }) => sum + data.length, 0);
    const time = (run: () => unknown) => {
      const start = performance.now();
      run();
      return performance.now() - start;
    };
    const copy = () => new Float64Array(size).slice().map((value) => value + 1);
    copy();
    const copies = Math.min(...Array.from({ length: 5 }, () => time(copy)));
    const restored = Math.min(
      ...Array.from({ length: 5 }, () => time(() => restore(cka({ form: 'features' }), state))),
    );
    expect(restored).toBeLessThan(20 * copies + 5);
  });
});

describe('merge', () => {
  it('takes an accumulator, its state or its JSON', () => {
    const other = accumulate(accuracy());
    other.update(scored);
    const results = [other, other.state(), other.toJSON()].map((given) => {
      const running = accumulate(accuracy());
      running.update(scored);
      running.merge(given);
      return running.compute();
    });
    for (const result of results) expect(result).toEqual({ value: 0.5, correct: 2, count: 4 });
  });

  it('takes an accumulator without batches, but no state without, and nothing else', () => {
    const running = accumulate(accuracy());
    running.merge(accumulate(accuracy()));
    expect(() => running.merge(running.toJSON())).toThrow(
      "accuracy: state must be one of at least one batch, got 'none'.",
    );
    expect(() => running.merge(null as never)).toThrow(/what is merged must be an accumulator or a state/);
    expect(() => running.merge(3 as never)).toThrow(/an accumulator or a state/);
  });

  it('says the same words on a device', async () => {
    const running = accumulateOn(cpuBackend(), accuracy());
    await running.update(scored);
    const other = accumulateOn(cpuBackend(), accuracy());
    await other.merge(running);
    await other.merge(await running.state());
    await other.merge(await running.toJSON());
    expect((await other.compute()).count).toBe(6);
    await expect(other.merge({ ...(await running.state()), metric: 'cka' })).rejects.toThrow(
      /state must be one of accuracy/,
    );
  });

  it('does not let JSON.stringify write a device accumulator as {}', async () => {
    const running = accumulateOn(cpuBackend(), accuracy());
    const wrapped = { toJSON: running.toJSON };
    await expect(wrapped.toJSON('key')).rejects.toThrow('accuracy: accumulator must be awaited');
  });
});

describe('a batch of another width', () => {
  it.each([
    ['cka', cka({ form: 'features' }), activations, { ...activations, x: activations.x.map((row) => [...row, 1]) }],
    ['f1Score', f1Score({ average: 'macro' }), scored, { logits: [[1, 2, 3, 4]], labels: [0] }],
    ['calibrationError', calibrationError({ over: 'classwise' }), scored, { logits: [[1, 2]], labels: [0] }],
    [
      'eigenDirections',
      eigenDirections(),
      {
        data: [
          [1, 2],
          [3, 1],
        ],
      },
      { data: [[1, 2, 3]] },
    ],
  ] as const)('is refused by %s, and leaves the stream as it was', (_, metric, first, second) => {
    const running = accumulate(metric);
    running.update(first as never);
    const before = JSON.stringify(running.compute());
    expect(() => running.update(second as never)).toThrow(/as in the batches before/);
    expect(JSON.stringify(running.compute())).toBe(before);
  });

  it('is named by what differs', () => {
    const running = accumulate(f1Score({ average: 'macro' }));
    running.update(scored);
    expect(() => running.update({ logits: [[1, 2]], labels: [0] })).toThrow(
      'f1Score: number of classes must be 3, as in the batches before, got 2.',
    );
  });
});

describe('statistics that are no numbers', () => {
  it('are refused wherever they come from', () => {
    // Of two classes that are certain neither has a probability.
    const row = { logits: [[Infinity, Infinity]], labels: [0] };
    expect(() => accumulate(perplexity()).update(row)).toThrow(/perplexity: .* must be free of NaN/);
    const half = { studentLogits: [[Infinity, 1]], teacherLogits: [[1, 2]] };
    expect(() => accumulate(predictiveDivergence()).update(half)).toThrow(/free of NaN/);
  });

  it('are refused where batches lead to them together, and the stream stays as it was', async () => {
    const heavy = { ...scored, rowWeights: [8e307, 8e307] };
    const running = accumulate(accuracy());
    running.update(heavy);
    const before = JSON.stringify(running);
    // The count would be Infinity, and the accuracy 0.
    const refusal = "accuracy: state's count must be finite numbers of at least 0, got Infinity.";
    expect(() => running.update(heavy)).toThrow(refusal);
    expect(() => running.merge(JSON.parse(before))).toThrow(refusal);
    expect(JSON.stringify(running)).toBe(before);
    expect(running.compute().value).toBe(0.5);
    const onDevice = accumulateOn(cpuBackend({ precision: 'float64' }), accuracy());
    await onDevice.update(heavy);
    await expect(onDevice.update(heavy)).rejects.toThrow(refusal);
    expect((await onDevice.compute()).value).toBe(0.5);
  });
});
