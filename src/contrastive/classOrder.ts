/** Rows sorted by class, so that a class is an interval. */

/** All rows, class by class. */
export interface ClassOrder {
  readonly order: Int32Array;
  /** Where the class of a row begins and ends in `order`. */
  interval(row: number): readonly [start: number, end: number];
}

/** Sorts rows by class, in linear time; within a class they keep their order. A row of a negative label is a class alone. */
export function orderByClass(labels: ArrayLike<number>): ClassOrder {
  const numbers = new Map<number, number>();
  let classes = 0;
  const classOf = Int32Array.from(labels, (label) => {
    const known = label < 0 ? undefined : numbers.get(label);
    if (known !== undefined) return known;
    if (label >= 0) numbers.set(label, classes);
    return classes++;
  });
  const starts = new Int32Array(classes + 1);
  for (const number of classOf) starts[number + 1]! += 1;
  for (let number = 0; number < classes; number++) starts[number + 1]! += starts[number]!;
  const next = starts.slice();
  const order = new Int32Array(labels.length);
  classOf.forEach((number, row) => {
    order[next[number]!++] = row;
  });
  return {
    order,
    interval: (row) => {
      const number = classOf[row]!;
      return [starts[number]!, starts[number + 1]!];
    },
  };
}
