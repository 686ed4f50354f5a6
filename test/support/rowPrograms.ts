/** Programs in which numbers of rows meet those of columns, or of all, and factors that float32 does not hold together. */
import type { Backend } from 'dark-knowledge';
import { along, everyOther, logSoftmax, type NumberProgram, tensor, wave } from './numberProgram.ts';

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

/** All of them. */
export const rowPrograms: readonly NumberProgram[] = [
  ...maskPrograms(5),
  ...maskPrograms(33),
  ...targetPrograms(2, 4),
  ...targetPrograms(4, 40),
  ...targetPrograms(7, 7),
  ...maximumPrograms,
  ...factorPrograms,
  ...weightPrograms,
];
