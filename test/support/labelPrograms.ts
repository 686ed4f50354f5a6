/** Programs of labels: of what they select, of two sets of them, of labels that are computed. */
import type { Backend } from 'dark-knowledge';
import { along, everyOther, logSoftmax, type NumberProgram, tensor, wave } from './numberProgram.ts';

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
const computedPrograms: readonly NumberProgram[] = [1, 2, 6].flatMap((count): readonly NumberProgram[] => {
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

/** All of them. */
export const labelPrograms: readonly NumberProgram[] = [
  ...selectedPrograms,
  ...twoLabelPrograms,
  ...computedPrograms,
  ...nothingPrograms,
];
