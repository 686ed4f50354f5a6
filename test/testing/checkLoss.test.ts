import {
  type AnyLoss,
  type Backend,
  crossEntropy,
  hint,
  type Inputs,
  initializeHintRegressor,
  jensenShannon,
  klDivergence,
  type Residuals,
  rename,
  softCrossEntropy,
  weightedSum,
} from 'dark-knowledge';
import { checkLoss } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';

const wave = (rows: number, columns: number, phase: number) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => 2 * Math.sin(phase + row * 3.3 + column * 1.7)),
  );
const [studentLogits, teacherLogits] = [wave(5, 3, 1), wave(5, 3, 2)];
const labels = [0, 2, 1, 2, 0];

type Form = 'mean' | 'sum' | 'none';
type Given<T> = Inputs<string, string, T>;

/** ½(x − y)² summed over each row, with weights, and rows that a label takes out. */
function squaredError(reduction: Form = 'mean', changes: Partial<AnyLoss> = {}): AnyLoss {
  const weightsOf = <T>(backend: Backend<T>, { x, labels: given, rowWeights }: Given<T>): T => {
    const one = backend.fromHost({
      data: new Float64Array(backend.shapeOf(x!)[0]!).fill(1),
      shape: [backend.shapeOf(x!)[0]!],
    });
    const weights = rowWeights ?? one;
    if (given === undefined) return weights;
    const isKept = backend.greater(backend.abs(backend.add(given, backend.scalar(100))), backend.scalar(0));
    return backend.where(isKept, weights, backend.scalar(0));
  };
  const loss: AnyLoss = {
    name: 'squaredError',
    reference: squaredError,
    options: { ignoreIndex: -100 },
    inputs: ['x', 'y'],
    optionalInputs: ['labels', 'rowWeights'],
    differentiable: ['x'],
    form: reduction === 'none' ? 'rows' : 'scalar',
    check: () => undefined,
    forward<T>(backend: Backend<T>, inputs: Given<T>) {
      const difference = backend.subtract(inputs.x!, inputs.y!);
      const rows = backend.multiply(
        backend.scalar(0.5),
        backend.sum(backend.multiply(difference, difference), { axis: -1 }),
      );
      const weights = weightsOf(backend, inputs);
      const weighted = backend.where(weights, backend.multiply(weights, rows), backend.scalar(0));
      const total = backend.sum(weights);
      const divisor = reduction === 'mean' ? backend.where(total, total, backend.scalar(1)) : backend.scalar(1);
      const value = reduction === 'none' ? weighted : backend.divide(backend.sum(weighted), divisor);
      return { value, residuals: { difference, scale: backend.divide(weights, divisor) } };
    },
    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { difference, scale } = residuals as Record<'difference' | 'scale', T>;
      const factor = backend.multiply(scale, upstream);
      const column = backend.reshape(factor, [...backend.shapeOf(factor), 1]);
      return [backend.where(column, backend.multiply(column, difference), backend.scalar(0))];
    },
  };
  return { ...loss, ...changes };
}

const inputs = { x: wave(5, 3, 1), y: wave(5, 3, 2), labels };
const options = { withReduction: (reduction: Form) => squaredError(reduction) };
const base = squaredError();

describe('checkLoss', () => {
  it('says what it checked of a loss that holds', () => {
    expect(checkLoss(base, inputs, options).passed).toEqual([
      'its gradient is that of its value',
      'its value alone is its value with gradients',
      'a gradient has the shape of its input',
      'gradients are proportional to upstream',
      'residuals are tensors and records of them',
      'where tensors are freed, nothing is left behind, and nothing freed is used',
      'where tensors cannot be read without waiting, it is the same',
      'its inputs stay as they were',
      'row weights of 1 are as none',
      'rows of weight 0 do not count, whatever they hold',
      'without a row of weight, value and gradients are 0',
      'rows with the label -100 do not count, whatever they hold',
      'where every label is -100, value and gradients are 0',
      'mean, sum and none agree',
    ]);
    for (const form of ['sum', 'none'] as const)
      expect(() => checkLoss(squaredError(form), inputs, options)).not.toThrow();
  });

  const logits = { studentLogits, teacherLogits };
  const weighted = { ...logits, rowWeights: [1, 0.5, 2, 0, 1] };
  const features = { studentFeatures: studentLogits, teacherFeatures: teacherLogits };
  const regressor = initializeHintRegressor({ studentFeatures: 3, teacherFeatures: 3, seed: 1 });
  it.each([
    [
      'klDivergence',
      klDivergence({ temperature: 2 }),
      logits,
      { withReduction: (reduction: Form) => klDivergence({ temperature: 2, reduction }) },
    ],
    ['klDivergence of each row', klDivergence({ reduction: 'none' }), weighted, {}],
    ['klDivergence by its labels', klDivergence({ ignoreIndex: -100 }), { ...logits, labels }, {}],
    [
      'reverse klDivergence with weights',
      klDivergence({ direction: 'reverse' }),
      weighted,
      { withReduction: (reduction: Form) => klDivergence({ direction: 'reverse', reduction }) },
    ],
    [
      'crossEntropy',
      crossEntropy(),
      { studentLogits, labels: [0, -100, 1, 2, 0] },
      { withReduction: (reduction: Form) => crossEntropy({ reduction }) },
    ],
    [
      'softCrossEntropy',
      softCrossEntropy(),
      logits,
      { withReduction: (reduction: Form) => softCrossEntropy({ reduction }) },
    ],
    ['jensenShannon', jensenShannon(), logits, {}],
    ['hint', hint(), features, {}],
    [
      'hint with a regressor',
      hint({ regressor: 'linear' }),
      { ...features, ...regressor },
      { whole: ['regressorWeight', 'regressorBias'] },
    ],
    [
      'rename',
      rename(hint(), { studentFeatures: 'a', teacherFeatures: 'b' }),
      { a: studentLogits, b: teacherLogits },
      {},
    ],
    [
      'weightedSum',
      weightedSum({ a: { loss: klDivergence(), weight: 0.5 }, b: { loss: crossEntropy(), weight: (step) => step } }),
      { ...logits, labels },
      { step: 3 },
    ],
  ] as const)('holds for %s', (_, loss, given, others) => {
    expect(checkLoss(loss as unknown as AnyLoss, given, others).passed.length).toBeGreaterThan(9);
  });

  let kept: unknown;
  const faults: Readonly<Record<string, readonly [fault: RegExp, changes: Partial<AnyLoss>]>> = {
    'a gradient of the wrong sign': [
      /gradient is that of its value/,
      {
        backward: (backend, residuals, upstream) => [
          backend.subtract(backend.scalar(0), base.backward(backend, residuals, upstream)[0]!),
        ],
      },
    ],
    'upstream left out': [
      /proportional to upstream/,
      { backward: (backend, residuals) => base.backward(backend, residuals, backend.scalar(1)) },
    ],
    'upstream squared': [
      /proportional to upstream/,
      {
        backward: (backend, residuals, upstream) =>
          base.backward(backend, residuals, backend.multiply(upstream, upstream)),
      },
    ],
    'the absolute value of upstream': [
      /proportional to upstream/,
      { backward: (backend, residuals, upstream) => base.backward(backend, residuals, backend.abs(upstream)) },
    ],
    'a gradient as one long row': [
      /shape of its input/,
      {
        backward: (backend, residuals, upstream) => [
          backend.reshape(base.backward(backend, residuals, upstream)[0]!, [15]),
        ],
      },
    ],
    'a closure among the residuals': [
      /residuals/,
      {
        forward: (backend, given) => {
          const { value, residuals } = base.forward(backend, given);
          return { value, residuals: { ...residuals, later: (() => value) as never } };
        },
      },
    ],
    'a list among the residuals': [
      /residuals/,
      {
        forward: (backend, given) => {
          const { value, residuals } = base.forward(backend, given);
          return { value, residuals: { ...residuals, all: [value] as never } };
        },
      },
    ],
    'a tensor kept from the last call': [
      /where tensors are freed/,
      {
        forward: (backend, given) => {
          const { value, residuals } = base.forward(backend, given);
          const one = backend.isTensor(kept) ? (kept as typeof value) : backend.scalar(1);
          kept = one;
          return { value: backend.multiply(value, one), residuals };
        },
      },
    ],
    'an input that is freed': [
      /where tensors are freed/,
      {
        forward: (backend, given) => {
          const made = base.forward(backend, given);
          backend.dispose(given.y!);
          return made;
        },
      },
    ],
    'a read where none is possible': [
      /cannot be read without waiting/,
      {
        forward: (backend, given) => {
          backend.readSync!(given.x!);
          return base.forward(backend, given);
        },
      },
    ],
    'inputs that are changed in place': [
      /inputs stay/,
      {
        forward: (backend, given) => {
          const made = base.forward(backend, given);
          backend.readSync?.(given.y!).data.fill(0);
          return made;
        },
      },
    ],
    'weights left out': [
      /rows of weight 0/,
      { forward: (backend, { x, y, labels: given }) => base.forward(backend, { x: x!, y: y!, labels: given! }) },
    ],
    'weights that multiply NaN': [
      /rows of weight 0/,
      {
        backward: (backend, residuals, upstream) => {
          const { difference, scale } = residuals as Record<string, typeof upstream>;
          const factor = backend.multiply(scale!, upstream);
          return [backend.multiply(backend.reshape(factor, [...backend.shapeOf(factor), 1]), difference!)];
        },
      },
    ],
    'weights taken for twice what they are': [
      /weights of 1/,
      {
        forward: (backend, given) =>
          base.forward(
            backend,
            given.rowWeights ? { ...given, x: backend.multiply(given.x!, backend.scalar(2)) } : given,
          ),
      },
    ],
    '0/0 where no row counts': [
      /without a row of weight|every label/,
      {
        forward: (backend, given) => {
          const { value, residuals } = base.forward(backend, given);
          const weights = given.rowWeights ? backend.sum(given.rowWeights) : backend.scalar(1);
          return { value: backend.divide(backend.multiply(value, weights), weights), residuals };
        },
      },
    ],
    'an ignored label that counts': [
      /label -100/,
      {
        forward: (backend, { labels: _, ...given }) =>
          base.forward(backend, given as typeof given & { x: never; y: never }),
      },
    ],
  };

  it.each(Object.entries(faults))('catches %s', (_, [fault, changes]) => {
    expect(() => checkLoss(squaredError('mean', changes), inputs)).toThrow(fault);
  });

  it.each([
    ['a sum that is a mean', (reduction: Form) => squaredError(reduction === 'sum' ? 'mean' : reduction)],
    ['a mean that is a sum', (reduction: Form) => squaredError(reduction === 'mean' ? 'sum' : reduction)],
    [
      'the same value with another gradient',
      (reduction: Form) =>
        squaredError(
          reduction,
          reduction === 'mean'
            ? {
                backward: squaredError('sum', faults['upstream squared']![1]).backward,
                forward: (backend, given) => {
                  const made = base.forward(backend, given);
                  return { ...made, residuals: { ...made.residuals, scale: backend.scalar(1) } };
                },
              }
            : {},
        ),
    ],
  ])('catches %s', (_, withReduction) => {
    expect(() => checkLoss(base, inputs, { withReduction })).toThrow(/mean, sum and none agree/);
  });

  it('catches a mean over all rows where some do not count', () => {
    const given = { ...inputs, labels: [0, -100, 1, -100, 0] };
    const overAll = (reduction: Form): AnyLoss =>
      squaredError(reduction, {
        forward: (backend, batch) => {
          const made = squaredError(reduction).forward(backend, batch);
          if (reduction !== 'mean') return made;
          const share = backend.scalar(3 / 5);
          const scale = backend.multiply(made.residuals.scale as typeof made.value, share);
          return { value: backend.multiply(made.value, share), residuals: { ...made.residuals, scale } };
        },
      });
    expect(() => checkLoss(overAll('mean'), given, { withReduction: overAll })).toThrow(/mean, sum and none agree/);
    expect(() => checkLoss(base, given, options)).not.toThrow();
  });

  it('lists every check that does not hold, and asks only what was asked for', () => {
    const wrong = squaredError('mean', faults['a gradient of the wrong sign']![1]);
    expect(() => checkLoss(wrong, inputs)).toThrow(
      /^checkLoss: squaredError fails 1 of 13 checks:\n- its gradient is that of its value: checkGradients: squaredError's gradient of x at element 0 must be/,
    );
    expect(() => checkLoss(wrong, inputs, { smooth: false })).not.toThrow();
    expect(() => checkLoss(base, inputs, { reductions: 3 } as object)).toThrow(
      "checkLoss: option must be one of 'whole'",
    );
  });
});
