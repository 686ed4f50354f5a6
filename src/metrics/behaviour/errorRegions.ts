/** From the region of each wrong row to the result of an error overlap. */

/** The errors of one model. */
export interface ModelErrors<Model extends string = string> {
  readonly model: Model;
  readonly count: number;
  /** Errors / rows, in [0, 1]. */
  readonly rate: number;
}

/** Rows that the same models get wrong, and no other model. */
export interface ErrorRegion<Model extends string = string> {
  /** The models that are wrong. */
  readonly models: readonly Model[];
  readonly count: number;
  /** Numbers of the rows, rising, counted from the first row of the stream. */
  readonly indices: readonly number[];
}

/** The errors of two models beside each other. */
export interface ErrorPair<Model extends string = string> {
  readonly models: readonly [Model, Model];
  /** Rows that both get wrong. */
  readonly both: number;
  /** Rows that at least one gets wrong. */
  readonly either: number;
  /** Jaccard's index both / either, in [0, 1]; 1 where neither errs. */
  readonly jaccard: number;
  /** Cohen's κ on right or wrong, in [−1, 1]; 1 where both are always right, or both always wrong. */
  readonly kappa: number;
}

/** What `errorOverlap` returns. */
export interface ErrorOverlapResult<Model extends string = string> {
  /** The share of the union of all errors that every model makes, in [0, 1]: Jaccard's index for two; 1 without errors. */
  readonly value: number;
  /** The number of rows. */
  readonly count: number;
  readonly errors: readonly ModelErrors<Model>[];
  /** Every region of the Venn diagram that is not empty, in the order of the models. */
  readonly regions: readonly ErrorRegion<Model>[];
  readonly pairs: readonly ErrorPair<Model>[];
  /** The rows that at least one model gets wrong. */
  readonly union: { readonly count: number; readonly indices: readonly number[] };
}

/** The rows that some model gets wrong. */
export interface WrongRows {
  /** For each row a number with bit m set where model m is wrong. */
  readonly region: readonly number[];
  /** The numbers of the rows, rising. */
  readonly index: readonly number[];
  /** What each counts for: 1 where there are no row weights. */
  readonly weight: readonly number[];
}

/** Counts and lists, of `count` rows in all. */
export function overlapOf<Model extends string>(
  models: readonly Model[],
  count: number,
  { region, index, weight }: WrongRows,
): ErrorOverlapResult<Model> {
  const byCode = new Map<number, { readonly rows: number[]; weight: number }>();
  region.forEach((code, position) => {
    const entry = byCode.get(code) ?? { rows: [], weight: 0 };
    entry.rows.push(index[position]!);
    entry.weight += weight[position]!;
    byCode.set(code, entry);
  });
  const wrong = (code: number, model: number): boolean => ((code >> model) & 1) === 1;
  const regions = [...byCode.entries()]
    .sort(([first], [second]) => first - second)
    .map(([code, entry]) => ({
      models: models.filter((_, model) => wrong(code, model)),
      count: entry.weight,
      indices: entry.rows,
    }));
  const countWhere = (test: (code: number) => boolean): number =>
    [...byCode.entries()].reduce((total, [code, entry]) => total + (test(code) ? entry.weight : 0), 0);
  const errors = models.map((model, bit) => {
    const errorCount = countWhere((code) => wrong(code, bit));
    return { model, count: errorCount, rate: errorCount / count };
  });
  const pairs = models.flatMap((first, firstBit) =>
    models.slice(firstBit + 1).map((second, offset): ErrorPair<Model> => {
      const secondBit = firstBit + 1 + offset;
      const both = countWhere((code) => wrong(code, firstBit) && wrong(code, secondBit));
      const either = countWhere((code) => wrong(code, firstBit) || wrong(code, secondBit));
      return {
        models: [first, second],
        both,
        either,
        jaccard: either === 0 ? 1 : both / either,
        kappa: correctnessKappa(count, errors[firstBit]!.count, errors[secondBit]!.count, both, either),
      };
    }),
  );
  const union = countWhere(() => true);
  const all = countWhere((code) => models.every((_, model) => wrong(code, model)));
  return {
    value: union === 0 ? 1 : all / union,
    count,
    errors,
    regions,
    pairs,
    union: { count: union, indices: [...index] },
  };
}

function correctnessKappa(count: number, first: number, second: number, both: number, either: number): number {
  // Of the disagreements, so that κ near 1 keeps its digits; shares, since products of counts pass 2⁵³ at 10⁸ rows.
  const unlike = (either - both) / count;
  const unlikeByChance = (first / count) * ((count - second) / count) + (second / count) * ((count - first) / count);
  return unlike === 0 ? 1 : 1 - unlike / unlikeByChance;
}
