/**
 * Steps of random programs in which numbers of rows, of columns and of labels meet: masks, targets by class, labels that are
 * computed, and numbers of rows that a square reads as those of its columns.
 */
import type { Backend, HostTensor } from 'dark-knowledge';

/** The tensors that such steps take, beside what a program has computed so far. */
export interface ChoiceTensors<T> {
  /** [rows, columns] */
  readonly matrix: T;
  /** 0 and 1, in a square the same for both. */
  readonly rowMask: T;
  readonly columnMask: T;
  readonly otherRowMask: T;
  readonly rowNumbers: T;
  readonly columnNumbers: T;
  /** 0, 1, 2, … */
  readonly columnIndices: T;
  readonly labels: T;
  readonly otherLabels: T;
}

/** Their numbers on the host, from draws in [0, 1). */
export function choiceTensors(rows: number, columns: number, draw: () => number): ChoiceTensors<HostTensor> {
  const tensor = (shape: readonly number[], numberAt: (at: number) => number): HostTensor => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, at) => numberAt(at)),
  });
  const mask = (length: number): HostTensor => tensor([length], () => (draw() < 0.6 ? 1 : 0));
  const number = (): number => Math.round(draw() * 32) / 16;
  const label = (): number => Math.floor(draw() * (columns + 2)) - 1;
  const rowMask = mask(rows);
  return {
    matrix: tensor([rows, columns], () => 4 * number() - 4),
    rowMask,
    columnMask: rows === columns ? rowMask : mask(columns),
    otherRowMask: mask(rows),
    rowNumbers: tensor([rows, 1], number),
    columnNumbers: tensor([columns], number),
    columnIndices: tensor([columns], (at) => at),
    labels: tensor([rows], label),
    otherLabels: tensor([rows], label),
  };
}

/** The same on a backend. What is one tensor here is one there: a square's masks. */
export function placeChoices<T>(data: ChoiceTensors<HostTensor>, place: (tensor: HostTensor) => T): ChoiceTensors<T> {
  const rowMask = place(data.rowMask);
  return {
    matrix: place(data.matrix),
    rowMask,
    columnMask: data.columnMask === data.rowMask ? rowMask : place(data.columnMask),
    otherRowMask: place(data.otherRowMask),
    rowNumbers: place(data.rowNumbers),
    columnNumbers: place(data.columnNumbers),
    columnIndices: place(data.columnIndices),
    labels: place(data.labels),
    otherLabels: place(data.otherLabels),
  };
}

/** How many kinds of steps there are. */
export const choiceKinds = 7;

/**
 * A step's result, of a value [rows, columns]; `isLast` where a next step would meet what is allowed to differ: an infinity that
 * float64 does not have, or an infinite factor of a gradient, with which it is NaN.
 */
export function choiceStep<T>(
  b: Backend<T>,
  inputs: ChoiceTensors<T>,
  kind: number,
  x: T,
  [first, second, third]: readonly [number, number, number],
): { readonly made: T; readonly isLast: boolean } {
  const [rows, columns] = b.shapeOf(x) as readonly [number, number];
  const along = { axis: -1, keepDims: true };
  const zero = b.scalar(0);
  const bounded = b.exp(b.subtract(zero, b.abs(x)));
  const byRow = (mask: T): T => b.reshape(mask, [rows, 1]);
  const made = (): T => {
    switch (kind) {
      case 0: {
        // Masks of rows around masks of columns, or the other way round.
        const masks = [byRow(inputs.rowMask), inputs.columnMask];
        const [outer, inner] = first < 0.5 ? masks : masks.toReversed();
        const inside = b.where(
          inner!,
          second < 0.5 ? bounded : x,
          third < 0.5 ? zero : b.log(b.add(b.abs(x), b.scalar(1))),
        );
        const both = b.where(outer!, inside, second < 0.3 ? x : zero);
        return third < 0.3 ? b.sum(both) : both;
      }
      case 1: {
        const choice = b.where(first < 0.5 ? inputs.columnMask : byRow(inputs.rowMask), bounded, zero);
        return second < 0.5 ? b.sum(choice) : choice;
      }
      case 2: {
        const target = b.where(
          b.oneHot(inputs.labels, columns),
          first < 0.4 ? b.scalar(0.9) : first < 0.7 ? inputs.columnNumbers : inputs.rowNumbers,
          second < 0.4 ? b.scalar(0.1) : second < 0.7 ? inputs.columnNumbers : inputs.rowNumbers,
        );
        const shifted = b.subtract(x, b.max(x, along));
        const exponentials = b.exp(shifted);
        const share = b.divide(exponentials, b.sum(exponentials, along));
        return b.multiply(b.subtract(share, target), third < 0.8 ? inputs.rowNumbers : b.scalar(0.5));
      }
      case 3: {
        // Labels of their one-hot rows, in a batch of one row single numbers, or those of all rows.
        const oneHot = b.oneHot(inputs.labels, columns);
        const label = first < 0.8 ? b.sum(b.multiply(oneHot, inputs.columnIndices), { axis: -1 }) : b.scalar(1);
        const again = b.oneHot(label, second < 0.5 ? columns : columns + 1);
        if (third < 0.3) return b.sum(again, { axis: -1 });
        return third < 0.7 && second < 0.5 ? b.sum(b.where(again, x, zero), along) : again;
      }
      case 4: {
        const one = b.where(byRow(inputs.rowMask), b.subtract(bounded, b.oneHot(inputs.labels, columns)), zero);
        const dear = b.log(b.add(b.abs(x), b.scalar(2)));
        const other = b.where(
          byRow(inputs.otherRowMask),
          b.subtract(dear, b.oneHot(inputs.otherLabels, columns)),
          zero,
        );
        return first < 0.5 ? b.subtract(one, other) : b.add(b.sum(one, along), b.sum(other, along));
      }
      case 5: {
        const oneHot = b.oneHot(inputs.labels, columns);
        const depth = first < 0.5 ? columns : Math.max(1, columns - 1);
        const labelled = b.sum(b.oneHot(inputs.labels, depth), {
          axis: -1,
          keepDims: rows !== columns || second < 0.5,
        });
        return b.sum(b.divide(b.where(oneHot, x, zero), labelled), { axis: -1 });
      }
      default: {
        // So far above the maxima of other rows that it overflows in float32.
        const { matrix } = inputs;
        const most = b.max(matrix, { axis: -1, keepDims: rows !== columns || first < 0.3 });
        return b.exp(b.multiply(b.subtract(matrix, most), b.scalar(second < 0.5 ? 16 : 48)));
      }
    }
  };
  return { made: made(), isLast: kind === 2 || kind >= 5 };
}
