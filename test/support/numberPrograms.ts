/**
 * Small programs in which a number of a row, of a column or of a label is easily taken for another one: in squares, in batches of
 * one row, where two labels meet. Each was computed wrong by generated kernels once, on one backend or on all.
 */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';

/** A program of some tensors. */
export interface NumberProgram {
  readonly title: string;
  readonly inputs: readonly HostTensor[];
  compute<T>(backend: Backend<T>, inputs: readonly T[]): readonly T[];
}

const along = { axis: -1, keepDims: true };

function tensor(shape: readonly number[], numberAt: (at: number) => number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, at) => numberAt(at)) };
}

const wave = (shape: readonly number[], phase = 0): HostTensor => tensor(shape, (at) => 2 * Math.sin(at * 1.7 + phase));
const everyOther = (shape: readonly number[]): HostTensor => tensor(shape, (at) => at % 2);

/** The backend's own, or its composite. */
function logSoftmax<T>(b: Backend<T>, x: T): T {
  if (b.logSoftmax) return b.logSoftmax(x);
  const shifted = b.subtract(x, b.max(x, along));
  return b.subtract(shifted, b.log(b.sum(b.exp(shifted), along)));
}

/** Of a square's masks: by row, by column, or both. */
function maskPrograms(n: number): readonly NumberProgram[] {
  const inputs = [wave([n, n]), everyOther([n])];
  return [
    {
      title: `a mask of the columns around the same one of the rows, [${n}, ${n}]`,
      inputs,
      compute(b, [x, w]) {
        const zero = b.scalar(0);
        return [b.sum(b.where(w!, b.where(b.reshape(w!, [n, 1]), b.exp(x!), zero), zero))];
      },
    },
    {
      title: `a mask of the rows around the same one of the columns, [${n}, ${n}]`,
      inputs,
      compute(b, [x, w]) {
        const greater = b.greater(w!, b.scalar(0));
        const inner = b.where(greater, b.exp(b.exp(x!)), x!);
        const outer = b.log(b.abs(b.exp(b.add(x!, b.scalar(1)))));
        return [b.where(b.reshape(greater, [n, 1]), inner, outer)];
      },
    },
    {
      title: `rows of weight 0 beside columns of weight 0, [${n}, ${n}]`,
      inputs,
      compute(b, [x, w]) {
        const zero = b.scalar(0);
        const byRow = b.reshape(w!, [n, 1]);
        return [
          b.sum(b.where(w!, b.exp(x!), zero)),
          b.sum(b.where(byRow, b.exp(x!), zero)),
          b.where(w!, x!, zero),
          b.where(byRow, x!, zero),
        ];
      },
    },
    {
      title: `rows of either case, and columns by the same number, [${n}, ${n}]`,
      inputs: [wave([n, n])],
      compute(b, [x]) {
        const positive = b.greater(b.sum(x!, along), b.scalar(0));
        const byRow = b.where(positive, b.exp(x!), b.log(b.add(b.multiply(x!, x!), b.scalar(1))));
        const byColumn = b.where(b.reshape(positive, [n]), b.exp(x!), byRow);
        return [byRow, byColumn, b.sum(byColumn, { axis: -1 })];
      },
    },
  ];
}

/** A gradient whose target, by class, is numbers of columns. */
function targetPrograms(rows: number, columns: number): readonly NumberProgram[] {
  const labels = tensor([rows], (at) => at % columns);
  const inputs = [wave([rows, columns]), labels, tensor([columns], (at) => 0.2 + 0.1 * at), wave([rows, 1], 1)];
  const gradient = <T>(b: Backend<T>, [x, , , w]: readonly T[], target: T): readonly T[] => [
    b.multiply(b.subtract(b.exp(logSoftmax(b, x!)), target), w!),
  ];
  const shape = `[${rows}, ${columns}]`;
  return [
    {
      title: `a row's factor, where the label's class is a number and the others have a prior each, ${shape}`,
      inputs,
      compute: (b, given) => {
        const [, labelled, prior] = given;
        return gradient(b, given, b.where(b.oneHot(labelled!, columns), b.scalar(0.9), prior!));
      },
    },
    {
      title: `a row's factor, where classes have weights, ${shape}`,
      inputs,
      compute: (b, given) => {
        const [, labelled, weight] = given;
        return gradient(b, given, b.where(b.oneHot(labelled!, columns), weight!, b.scalar(0)));
      },
    },
  ];
}

/** Exponentials below a maximum that is not their row's own. */
const maximumPrograms: readonly NumberProgram[] = [
  {
    title: "x less its rows' maxima, read as those of columns",
    inputs: [tensor([4, 4], (at) => Math.floor(at / 4) * 40 + (at % 4))],
    compute(b, [x]) {
      const difference = b.subtract(x!, b.max(x!, { axis: -1 }));
      return [b.exp(difference), b.exp(b.multiply(difference, b.scalar(2)))];
    },
  },
  {
    title: 'a row so far below the largest of all that its exponentials are 0',
    inputs: [tensor([2, 3], (at) => (at < 3 ? at : at - 800))],
    compute(b, [x]) {
      const shifted = b.subtract(x!, b.max(x!));
      const total = b.sum(b.exp(shifted), along);
      return [b.exp(b.subtract(shifted, b.log(total))), b.divide(b.exp(shifted), total)];
    },
  },
];

/** What labels select over whether there is such a label: in a square, and in another range. */
const selectedPrograms: readonly NumberProgram[] = [5, 33].flatMap((n): readonly NumberProgram[] => {
  const inputs = [wave([n, n]), tensor([n], (at) => (at === 1 ? -100 : at === 2 ? n - 1 : at))];
  return [
    {
      title: `what labels select, over whether each column's number is a label, [${n}, ${n}]`,
      inputs,
      compute(b, [x, labels]) {
        const oneHot = b.oneHot(labels!, n);
        const selected = b.where(oneHot, x!, b.scalar(0));
        return [b.sum(b.divide(selected, b.sum(oneHot, { axis: -1 })), { axis: -1 })];
      },
    },
    {
      title: `what labels select, over whether they are in a smaller range, [${n}, ${n}]`,
      inputs,
      compute(b, [x, labels]) {
        const selected = b.where(b.oneHot(labels!, n), x!, b.scalar(0));
        return [b.sum(b.divide(selected, b.sum(b.oneHot(labels!, n - 1), along)), { axis: -1 })];
      },
    },
  ];
});

/** Two sets of labels, each in a side of choices that a row may not take. */
const twoLabelPrograms: readonly NumberProgram[] = [7, 33, 64].map((columns) => ({
  title: `one-hot rows of two sets of labels, each for some of the rows, [4, ${columns}]`,
  inputs: [
    wave([4, columns]),
    tensor([4], () => 5),
    tensor([4], () => 3),
    everyOther([4, 1]),
    tensor([4, 1], (at) => (at === 0 || at === 3 ? 0 : 1)),
  ],
  compute(b, [x, first, second, w, v]) {
    const zero = b.scalar(0);
    const one = b.where(w!, b.subtract(b.exp(x!), b.oneHot(first!, columns)), zero);
    const other = b.where(v!, b.subtract(b.exp(b.multiply(x!, x!)), b.oneHot(second!, columns)), zero);
    return [b.sum(one, { axis: -1 }), b.sum(other, { axis: -1 }), b.subtract(one, other)];
  },
}));

/** Labels that are computed, or constants: in a batch of one row they are single numbers. */
const labelPrograms: readonly NumberProgram[] = [1, 2, 6].flatMap((count): readonly NumberProgram[] => {
  const given = tensor([count, 4], (at) => (at % 4 === 2 ? 1 : 0));
  const inputs = [given, tensor([4], (at) => at), wave([count, 4])];
  const labelOf = <T>(b: Backend<T>, [oneHot, index]: readonly T[]): T =>
    b.sum(b.multiply(oneHot!, index!), { axis: -1 });
  return [
    {
      title: `labels that are sums, [${count}, 4]`,
      inputs,
      compute(b, tensors) {
        const x = tensors[2]!;
        const oneHot = b.oneHot(labelOf(b, tensors), 4);
        const logProbabilities = logSoftmax(b, x);
        const picked = b.sum(b.where(oneHot, logProbabilities, b.scalar(0)), { axis: -1 });
        return [picked, b.sum(oneHot, { axis: -1 }), b.subtract(b.exp(logProbabilities), oneHot), b.sum(oneHot)];
      },
    },
    {
      title: `labels of sums, in a range of their own, [${count}, 4]`,
      inputs,
      compute: (b, tensors) => [b.sum(b.oneHot(labelOf(b, tensors), 9), along), b.oneHot(labelOf(b, tensors), 2)],
    },
    {
      title: `labels that the same rows' softmax reads, [${count}, 4]`,
      inputs,
      compute(b, [, , x]) {
        const shifted = b.subtract(x!, b.max(x!, along));
        const total = b.sum(b.exp(shifted), { axis: -1 });
        const oneHot = b.oneHot(b.greater(total, b.scalar(2)), 4);
        return [
          b.sum(b.where(oneHot, shifted, b.scalar(0)), { axis: -1 }),
          b.divide(b.exp(shifted), b.sum(b.exp(shifted), along)),
        ];
      },
    },
    {
      title: `constant labels, of a batch of [${count}, 4]`,
      inputs,
      compute(b, [, , x]) {
        const zero = b.scalar(0);
        const picked = b.where(b.oneHot(b.reshape(b.scalar(2), [1]), 4), x!, zero);
        return [b.sum(picked, { axis: -1 }), b.sum(b.oneHot(b.scalar(2), 4)), b.sum(b.oneHot(b.sum(x!), 9))];
      },
    },
  ];
});

/** Factors whose product float32 does not hold, where it holds that of each with the elements. */
const factorPrograms: readonly NumberProgram[] = [
  {
    title: 'two large factors of rows, of elements that are 0 or small',
    inputs: [
      tensor([2, 5], (at) => [0, 1e-25, 1e-30, -1e-36, 0][at % 5]!),
      tensor([2, 1], () => 1e20),
      tensor([2, 1], () => 1e19),
    ],
    compute: (b, [x, r, s]) => [
      b.multiply(b.multiply(x!, r!), s!),
      b.multiply(b.multiply(x!, b.scalar(1e20)), b.scalar(1e19)),
      b.multiply(b.multiply(x!, r!), b.scalar(1e19)),
    ],
  },
  {
    title: 'two small factors of rows, of elements that are large or infinite',
    inputs: [tensor([2, 5], (at) => [1e30, -1e35, Infinity, -Infinity, 0][at % 5]!), tensor([2, 1], () => 1e-30)],
    compute: (b, [x, r]) => [
      b.multiply(b.multiply(b.multiply(x!, r!), r!), b.scalar(1e30)),
      b.multiply(b.multiply(b.multiply(x!, b.scalar(1e-30)), b.scalar(1e-25)), b.scalar(1e30)),
    ],
  },
  {
    title: 'large factors of a gradient whose shares are 0',
    inputs: [tensor([2, 3], (at) => [0, -1000, 1][at % 3]!), wave([2, 3]), tensor([2, 1], () => 1e20)],
    compute(b, [x, y, r]) {
      const difference = b.subtract(b.exp(logSoftmax(b, x!)), b.exp(logSoftmax(b, y!)));
      const share = b.multiply(b.exp(logSoftmax(b, x!)), r!);
      return [b.multiply(share, r!), b.multiply(b.multiply(difference, r!), b.scalar(1e15))];
    },
  },
  {
    title: 'a softmax of very large logits',
    inputs: [tensor([2, 3], (at) => [1, 1, 0.5][at % 3]!)],
    compute(b, [x]) {
      const difference = b.subtract(x!, b.max(x!, along));
      const exponentials = b.exp(b.multiply(difference, b.scalar(3e38)));
      return [
        exponentials,
        b.divide(exponentials, b.sum(exponentials, along)),
        logSoftmax(b, b.multiply(x!, b.scalar(3e38))),
      ];
    },
  },
];

/** Rows of weight 0 beside sums of rows that are chosen by one number for all. */
const weightPrograms: readonly NumberProgram[] = [0, 2].map((chosen) => ({
  title: `rows of weight 0, and sums that count where a number of all rows is not 0: ${chosen}`,
  inputs: [wave([4, 40]), everyOther([4, 1]), tensor([1], () => chosen)],
  compute(b, [x, w, all]) {
    const zero = b.scalar(0);
    const sum = b.sum(x!, along);
    return [b.where(w!, b.exp(x!), zero), b.where(all!, sum, zero), b.where(b.scalar(chosen + 0.5), sum, zero)];
  },
}));

/** A choice that is 0 whatever its condition is, over 0: NaN, which optimisers would take for 0. */
const nothingPrograms: readonly NumberProgram[] = [
  {
    title: 'a choice between 0 and what has come out as 0, over 0',
    inputs: [tensor([3, 4], (at) => at % 2), tensor([3], (at) => at), tensor([3, 1], (at) => at % 2)],
    compute(b, [mask, labels, divisor]) {
      const zero = b.scalar(0);
      const nothing = b.where(mask!, zero, zero);
      const oneHot = b.oneHot(labels!, 4);
      return [
        b.divide(b.where(oneHot, nothing, zero), divisor!),
        b.sum(b.divide(b.where(oneHot, zero, nothing), divisor!), { axis: -1 }),
        b.multiply(b.where(oneHot, nothing, zero), b.divide(b.scalar(1), divisor!)),
        b.divide(b.sum(b.where(oneHot, nothing, zero), along), divisor!),
      ];
    },
  },
];

/** Programs for every backend that generates kernels. */
export const numberPrograms: readonly NumberProgram[] = [
  ...maskPrograms(5),
  ...maskPrograms(33),
  ...targetPrograms(2, 4),
  ...targetPrograms(4, 40),
  ...targetPrograms(7, 7),
  ...maximumPrograms,
  ...selectedPrograms,
  ...twoLabelPrograms,
  ...labelPrograms,
  ...factorPrograms,
  ...weightPrograms,
  ...nothingPrograms,
];

/** What a program gives on a backend, recorded in one scope. */
export function resultsOf<T>(backend: Backend<T>, { inputs, compute }: NumberProgram): readonly T[] {
  return backend.scope(() =>
    compute(
      backend,
      inputs.map((input) => backend.fromHost(input)),
    ),
  );
}

/** What it gives in float64. */
export function expectedOf(program: NumberProgram): readonly HostTensor[] {
  const oracle = cpuBackend({ precision: 'float64' });
  return resultsOf(oracle, program).map((tensor) => oracle.readSync!(tensor));
}
