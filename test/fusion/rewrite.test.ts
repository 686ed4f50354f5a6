/** Each rule of the algebra: where it applies, and where it must not. That it changes no number is for the random programs. */
import type { Backend } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
import { operationsOf, planOf, walksOf } from '../support/plans.ts';

const rows = [5, 7];
const along = { axis: -1, keepDims: true };

/** Softmax by its composite. */
function softmax<T>(backend: Backend<T>, x: T) {
  const exponentials = backend.exp(backend.subtract(x, backend.max(x, along)));
  return backend.divide(exponentials, backend.sum(exponentials, along));
}

describe('rules for elements', () => {
  it('x·1 and x/1 are x', () => {
    const plan = planOf([rows], (b, [x]) => b.exp(b.divide(b.multiply(x!, b.scalar(1)), b.scalar(1))));
    expect(operationsOf(plan)).toEqual(['exp']);
  });

  it('x·1 stays where it makes x larger', () => {
    const plan = planOf([[7]], (b, [x]) =>
      b.multiply(b.reshape(x!, [1, 7]), b.fromHost({ data: Float32Array.of(1, 1), shape: [2, 1] })),
    );
    expect(operationsOf(plan)).toEqual(['multiply']);
  });

  /** One of two numbers for each row, by a mask: of a size that is known before it is computed. */
  const oneOf = <T>(b: Backend<T>, mask: T, large = 100): T => b.where(mask, b.scalar(2), b.scalar(large));

  it('factors of rows are multiplied once a row', () => {
    const plan = planOf([rows, [5, 1], [5, 1]], (b, [x, r, s]) =>
      b.multiply(b.multiply(x!, oneOf(b, r!)), oneOf(b, s!)),
    );
    const full = plan.values.filter(({ operation, form }) => operation === 'multiply' && form === 'full');
    expect(full.length).toBe(1);
  });

  it('factors whose product may overflow or vanish are multiplied one after the other', () => {
    const productsOf = (compute: <T>(b: Backend<T>, x: T, r: T, s: T) => T) =>
      planOf([rows, [5, 1], [5, 1]], (b, [x, r, s]) => compute(b, x!, r!, s!)).values.filter(
        ({ operation, form }) => operation === 'multiply' && form === 'full',
      ).length;
    expect(productsOf((b, x, r, s) => b.multiply(b.multiply(x, r), s))).toBe(2);
    expect(productsOf((b, x, r) => b.multiply(b.multiply(x, r), b.scalar(3)))).toBe(2);
    expect(productsOf((b, x) => b.multiply(b.multiply(x, b.scalar(3)), b.scalar(5)))).toBe(1);
    expect(productsOf((b, x) => b.multiply(b.multiply(x, b.scalar(1e20)), b.scalar(5)))).toBe(2);
    expect(productsOf((b, x) => b.multiply(b.multiply(x, b.scalar(5)), b.scalar(1e-20)))).toBe(2);
  });

  it('a mask of rows over the number of those that count is of a known size; weights that may be any are not', () => {
    const productsWith = (weightsOf: <T>(b: Backend<T>, given: T) => T) =>
      planOf([rows, [5]], (b, [x, given]) => {
        const weights = weightsOf(b, given!);
        const sum = b.sum(weights);
        const shares = b.divide(weights, b.where(sum, sum, b.scalar(1)));
        return b.multiply(b.multiply(x!, b.scalar(3)), b.reshape(shares, [5, 1]));
      }).values.filter(({ operation, form }) => operation === 'multiply' && form === 'full').length;
    expect(productsWith((b, labels) => b.where(b.subtract(labels, b.scalar(-100)), b.scalar(1), b.scalar(0)))).toBe(1);
    expect(productsWith((_, weights) => weights)).toBe(2);
    // Of terms of both signs the sum may be as small as one likes.
    expect(productsWith((b, signs) => b.where(signs, b.scalar(1), b.scalar(-1)))).toBe(2);
  });

  it("a softmax's total, which is no less than 1, takes any factor of the row; a second one stays outside", () => {
    const plan = planOf([rows, [5, 1], [5, 1]], (b, [x, r, s]) => {
      const share = b.exp(b.logSoftmax!(x!));
      return [b.multiply(share, r!), b.multiply(b.multiply(share, r!), s!)];
    });
    const once = plan.targets.find(({ operands }) => operands[0]!.operation === 'power');
    const twice = plan.targets.find((target) => target !== once);
    expect(twice!.operands[0]).toBe(once);
  });

  it('squares of squares are planned at once', () => {
    const start = performance.now();
    const plan = planOf([rows, [5, 1]], (b, [x, r]) => {
      let [power, factor] = [b.scalar(1.0001), r!];
      for (let square = 0; square < 40; square++) {
        power = b.multiply(power, power);
        factor = b.multiply(factor, factor);
      }
      const shifted = b.subtract(x!, b.max(x!, along));
      const gradient = b.subtract(b.multiply(b.exp(shifted), factor), b.exp(b.logSoftmax!(x!)));
      return b.multiply(b.multiply(b.multiply(gradient, power), factor), b.scalar(3));
    });
    expect(plan.targets.length).toBe(1);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('a constant is part of the structure by its size, where that is out of the ordinary', () => {
    const { backend, executor } = openWasm(() => []);
    const x = backend.fromHost({ data: Float32Array.of(1, 2), shape: [2] });
    const times = (factor: number) =>
      backend.scope(() => backend.multiply(backend.multiply(x, backend.scalar(3)), backend.scalar(factor)));
    expect(backend.readSync(times(1e30)).data[0]! / 3e30).toBeCloseTo(1, 5);
    expect(backend.readSync(times(5)).data[0]).toBe(15);
    expect(backend.readSync(times(7)).data[0]).toBe(21);
    expect(executor.planner.counters).toEqual({ plans: 2, programs: 2 });
  });

  it('factors of rows within rows are multiplied once an inner row, each with its own', () => {
    const { backend } = openWasm(() => [], {});
    /** The same numbers, 1 to 6 and 10 or 1000, as choices of constants. */
    const certain = <T>(b: Backend<T>, numbers: T): T =>
      [2, 3, 4, 5, 6, 10, 1000].reduce(
        (found, number) => b.where(b.greater(numbers, b.scalar(number - 0.5)), b.scalar(number), found),
        b.where(numbers, b.scalar(1), b.scalar(3)),
      );
    const x = { data: Float32Array.from({ length: 24 }, (_, at) => 1 + at), shape: [2, 3, 4] };
    const inner = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3, 1] };
    const outer = { data: Float32Array.of(10, 1000), shape: [2, 1, 1] };
    for (const [first, second] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      const product = <T>(b: Backend<T>) =>
        b.multiply(b.multiply(b.fromHost(x), certain(b, b.fromHost(first))), certain(b, b.fromHost(second)));
      const got = backend.scope(() => backend.readSync(backend.scope(() => product(backend))).data);
      const expected = x.data.map(
        (number, at) => number * inner.data[Math.floor(at / 4)]! * outer.data[Math.floor(at / 12)]!,
      );
      expect(Array.from(got)).toEqual(Array.from(expected));
    }
    const plan = planOf(
      [
        [2, 3, 4],
        [2, 3, 1],
        [2, 1, 1],
      ],
      (b, [y, r, s]) => b.multiply(b.multiply(y!, certain(b, r!)), certain(b, s!)),
    );
    expect(plan.values.filter(({ operation, size }) => operation === 'multiply' && size === 24).length).toBe(1);
  });

  it('factors of rows that are not parts of each other stay where they are', () => {
    const plan = planOf(
      [
        [6, 4],
        [6, 1],
        [8, 1],
      ],
      (b, [y, r, s]) => b.multiply(b.reshape(b.multiply(y!, oneOf(b, r!)), [8, 3]), oneOf(b, s!)),
    );
    expect(plan.values.filter(({ operation, size }) => operation === 'multiply' && size === 24).length).toBe(2);
  });

  it('factors of columns stay where they are', () => {
    const plan = planOf([rows, [7], [7]], (b, [x, r, s]) => b.multiply(b.multiply(x!, r!), s!));
    const full = plan.values.filter(({ operation, form }) => operation === 'multiply' && form === 'full');
    expect(full.length).toBe(2);
  });

  it('the exponential of a logSoftmax is the exponential that is there, over its total', () => {
    const plan = planOf([rows], (b, [x]) => b.exp(b.logSoftmax!(x!)));
    expect(operationsOf(plan).filter((operation) => operation === 'exp' || operation === 'log')).toEqual([]);
    expect(operationsOf(plan).filter((operation) => operation === 'power').length).toBe(1);
  });

  it('a softmax by its composite divides once a row, and takes the short exponential', () => {
    const plan = planOf([rows], (b, [x]) => softmax(b, b.multiply(x!, b.scalar(0.25))));
    const divisions = plan.values.filter(({ operation }) => operation === 'divide');
    expect(divisions.map(({ form }) => form)).toEqual(['row']);
    expect(operationsOf(plan)).toContain('power');
  });

  it('a root of a row, and what is at least 1, divide once a row; any other number of a row divides each element', () => {
    const divisions = (divisor: 'sqrt' | 'maximum' | 'sum') =>
      planOf([rows], (b, [x]) => {
        const sum = b.sum(x!, along);
        const by = divisor === 'sqrt' ? b.sqrt(sum) : divisor === 'maximum' ? b.maximum(sum, b.scalar(1)) : sum;
        return b.divide(x!, by);
      })
        .values.filter(({ operation }) => operation === 'divide')
        .map(({ form }) => form);
    expect(divisions('sqrt')).toEqual(['row']);
    expect(divisions('maximum')).toEqual(['row']);
    // Its inverse could be Infinity where the quotient is not.
    expect(divisions('sum')).toEqual(['full']);
  });

  it('a negative temperature takes the long exponential', () => {
    const plan = planOf([rows], (b, [x]) => b.exp(b.multiply(b.subtract(x!, b.max(x!, along)), b.scalar(-0.25))));
    expect(operationsOf(plan)).toContain('exp');
  });

  it("e^(x − m) takes the short exponential only for an m that is x's own", () => {
    const plan = planOf([rows, rows], (b, [x, y]) => b.exp(b.subtract(x!, b.max(y!, along))));
    expect(operationsOf(plan)).toContain('exp');
  });

  it('neither does e^(x − m) where m is of the columns, though it has been the maximum of rows', () => {
    const plan = planOf([[7, 7]], (b, [x]) => b.exp(b.subtract(x!, b.max(x!, { axis: -1 }))));
    expect(operationsOf(plan)).toContain('exp');
    expect(operationsOf(plan)).not.toContain('power');
  });

  it('e^(x − log Σ) keeps its logarithm where x lacks the maximum of all rows: Σ may be 0', () => {
    const probabilitiesBelow = (options: typeof along | undefined) =>
      planOf([rows], (b, [x]) => {
        const shifted = b.subtract(x!, b.max(x!, options));
        return b.exp(b.subtract(shifted, b.log(b.sum(b.exp(shifted), along))));
      });
    expect(operationsOf(probabilitiesBelow(along))).not.toContain('log');
    expect(operationsOf(probabilitiesBelow(undefined))).toContain('log');
  });

  it('e^−|x| takes the short exponential, however the sign is written; e^|x| and e^−x do not', () => {
    const exponentialOf = (compute: <T>(b: Backend<T>, x: T) => T) =>
      operationsOf(planOf([rows], (b, [x]) => b.exp(compute(b, x!)))).find((name) => /exp/i.test(name));
    expect(exponentialOf((b, x) => b.multiply(b.abs(x), b.scalar(-0.5)))).toBe('fallingExp');
    expect(exponentialOf((b, x) => b.subtract(b.scalar(0), b.abs(x)))).toBe('fallingExp');
    expect(exponentialOf((b, x) => b.multiply(b.abs(x), b.scalar(0.5)))).toBe('exp');
    expect(exponentialOf((b, x) => b.subtract(b.scalar(1), b.abs(x)))).toBe('exp');
    expect(exponentialOf((b, x) => b.multiply(x, b.scalar(-1)))).toBe('exp');
  });

  it('a factor goes into the difference of two softmaxes', () => {
    const plan = planOf([rows, rows, [5, 1]], (b, [x, y, r]) =>
      b.multiply(b.subtract(b.exp(b.logSoftmax!(x!)), b.exp(b.logSoftmax!(y!))), r!),
    );
    const last = plan.targets[0]!;
    expect(last.operation).toBe('subtract');
  });

  it('a factor goes into the difference to a one-hot target of two numbers of the row, and not into that to one by class', () => {
    const lastOf = (target: 'row' | 'column') =>
      planOf([rows, [5], [5, 1], [7]], (b, [x, labels, r, prior]) => {
        const oneHot = b.oneHot(labels!, 7);
        const other = b.where(oneHot, b.scalar(0.9), target === 'row' ? b.exp(r!) : prior!);
        return b.multiply(b.subtract(b.exp(b.logSoftmax!(x!)), other), r!);
      }).targets[0]!.operation;
    expect(lastOf('row')).toBe('subtract');
    expect(lastOf('column')).toBe('multiply');
  });

  it('a factor stays outside any other difference: there it could turn an infinity into NaN', () => {
    const plan = planOf([rows, rows, [5, 1]], (b, [x, y, r]) => b.multiply(b.subtract(x!, y!), r!));
    expect(plan.targets[0]!.operation).toBe('multiply');
  });

  it('an infinite constant stays outside of all', () => {
    const plan = planOf([rows, rows], (b, [x, y]) =>
      b.multiply(b.subtract(b.exp(b.logSoftmax!(x!)), b.exp(b.logSoftmax!(y!))), b.scalar(-Infinity)),
    );
    expect(plan.targets[0]!.operation).toBe('multiply');
  });

  it('a one-hot row over a number of the row is a choice of two quotients', () => {
    const plan = planOf([[5], [5, 1]], (b, [labels, r]) => b.divide(b.oneHot(labels!, 7), r!));
    expect(plan.targets[0]!.operation).toBe('where');
  });

  it('a difference of logSoftmaxes comes from the logits', () => {
    const plan = planOf([rows, rows], (b, [x, y]) =>
      b.subtract(b.logSoftmax!(b.multiply(x!, b.scalar(0.5))), b.logSoftmax!(b.multiply(y!, b.scalar(0.5)))),
    );
    const [logits, logs] = plan.targets[0]!.operands;
    expect([logits!.operation, logits!.operands[0]!.operation, logs!.form]).toEqual(['multiply', 'subtract', 'row']);
  });
});

describe('rules for sums', () => {
  it('a constant factor comes out of a sum', () => {
    const plan = planOf([rows], (b, [x]) => b.sum(b.multiply(x!, b.scalar(0.5)), { axis: -1 }));
    expect(plan.targets[0]!.operation).toBe('multiply');
  });

  it.each([
    ['0', 0],
    ['Infinity', Infinity],
    ['NaN', NaN],
  ])('a factor %s does not', (_, factor) => {
    const plan = planOf([rows], (b, [x]) => b.sum(b.multiply(x!, b.scalar(factor)), { axis: -1 }));
    expect(plan.targets[0]!.operation).toBe('sum');
  });

  it('neither does a factor that was computed: it could be any of those', () => {
    const plan = planOf([rows, [5, 1]], (b, [x, r]) => b.sum(b.multiply(x!, r!), { axis: -1 }));
    expect(plan.targets[0]!.operation).toBe('sum');
  });

  it('Σ of a one-hot row, and of what it selects, need no walk', () => {
    const plan = planOf([rows, [5]], (b, [x, labels]) => {
      const oneHot = b.oneHot(labels!, 7);
      return [b.sum(oneHot, { axis: -1 }), b.sum(b.where(oneHot, x!, b.scalar(0)), { axis: -1 })];
    });
    expect(operationsOf(plan).toSorted()).toEqual(['inRange', 'pick']);
    expect(walksOf(plan)).toEqual([0]);
  });

  it('Σ of what a one-hot row selects, over whether there is a label, need no walk either: of its own row and range', () => {
    const walksOver = (read: 'row' | 'column', depth: number) =>
      walksOf(
        planOf([[7, 7], [7]], (b, [x, labels]) => {
          const selected = b.where(b.oneHot(labels!, 7), x!, b.scalar(0));
          const labelled = b.sum(b.oneHot(labels!, depth), { axis: -1, keepDims: read === 'row' });
          return b.sum(b.divide(selected, labelled), { axis: -1 });
        }),
      );
    expect(walksOver('row', 7)).toEqual([0]);
    expect(walksOver('column', 7)).not.toEqual([0]);
    expect(walksOver('row', 6)).not.toEqual([0]);
  });

  it('Σ logSoftmax needs no walk of its own', () => {
    const plan = planOf([rows], (b, [x]) => b.sum(b.logSoftmax!(x!), { axis: -1 }));
    // For the maximum, and for both sums.
    expect(walksOf(plan)).toEqual([2]);
  });
});

it('equal constants are one value, whoever made them', () => {
  const plan = planOf([rows], (b, [x]) => b.add(b.multiply(x!, b.scalar(0.3)), b.scalar(0.3)));
  expect(plan.parameters.length).toBe(1);
});
