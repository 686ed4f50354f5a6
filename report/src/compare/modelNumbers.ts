/** A model's numbers with their resamples, and the estimates that come of them. */
import { deriveSeed } from 'dark-knowledge';
import type { Progress, Rows } from './allRows.ts';
import type { Estimate, Likeness, Scores } from './comparison.ts';
import { centredInterval, differenceOf, meanOfTrials, percentileInterval, type Resampled } from './estimates.ts';
import { binnedGaps } from './reliability.ts';
import { type BinnedColumn, resampledSums } from './resampledSums.ts';
import type { CheckedOptions } from './setup.ts';

/** What is resampled of a model: means over its trials. */
export interface DrawnModel {
  readonly trials: number;
  readonly accuracies: readonly number[];
  readonly numbers: Readonly<Partial<Record<DrawnNumber, Resampled>>>;
}

type ScoreName = keyof Scores;
type DrawnNumber = ScoreName | 'agreement' | 'klDivergence';

/** Where the sums of a number of a run are found: in a column, in a flag, or in a column beside a flag of its infinities. */
interface Sums {
  readonly name: DrawnNumber;
  readonly run: number;
  readonly column: number | undefined;
  readonly flag: number | undefined;
}

/** Draws rows once for all models: what is hard for two of them is then hard for both in every resample. */
export function* drawnModels(
  rows: Rows,
  models: readonly (readonly number[])[],
  options: CheckedOptions,
): Generator<Progress, readonly DrawnModel[], void> {
  const columns: Float64Array[] = [];
  const flags: Uint8Array[] = [];
  const means: Sums[] = [];
  const binned: BinnedColumn[] = [];
  const binsOf = new Map<number, number>();
  const addShare = (name: DrawnNumber, run: number, one: Int32Array, other: Int32Array) => {
    means.push({ name, run, column: undefined, flag: flags.length });
    flags.push(Uint8Array.from(one, (value, row) => (other[row] === value ? 1 : 0)));
  };
  const addMean = (name: DrawnNumber, run: number, values: Float64Array | undefined) => {
    if (values === undefined) return;
    const infinite = values.includes(Infinity);
    means.push({ name, run, column: columns.length, flag: infinite ? flags.length : undefined });
    // 0 times infinity would be NaN: infinities are counted apart.
    columns.push(infinite ? values.map((value) => (value === Infinity ? 0 : value)) : values);
    if (infinite) flags.push(Uint8Array.from(values, (value) => (value === Infinity ? 1 : 0)));
  };
  const teacher = rows.runs[0]!.predictions;
  for (const [run, own] of rows.runs.entries()) {
    addShare('accuracy', run, own.predictions, rows.labels);
    addMean('negativeLogLikelihood', run, own.scores?.negativeLogLikelihoods);
    addMean('brierScore', run, own.scores?.brierScores);
    if (run > 0) addShare('agreement', run, own.predictions, teacher);
    addMean('klDivergence', run, own.klDivergences);
    const gaps = binnedGaps(own, rows.labels);
    if (gaps === undefined) continue;
    binsOf.set(run, binned.length);
    binned.push(gaps);
  }

  const { resamples, seed } = options;
  const drawing = resampledSums({ rows: rows.rows, columns, flags, binned }, { resamples, seed });
  let step = drawing.next();
  for (; !step.done; step = drawing.next()) yield { done: step.value, of: resamples };
  const { sums, flagSums, binSums } = step.value;
  const isSum = (at: number | undefined): at is number => at !== undefined;

  const numbersOf = (run: number): Partial<Record<DrawnNumber, Resampled>> => {
    const numbers: Partial<Record<DrawnNumber, Resampled>> = {};
    for (const { name, column, flag } of means.filter((sum) => sum.run === run)) {
      const mean = (sum: number | undefined, flagged: number | undefined) => {
        if (sum === undefined) return flagged! / rows.rows;
        return flagged === undefined || flagged === 0 ? sum / rows.rows : Infinity;
      };
      numbers[name] = {
        value: mean(isSum(column) ? total(columns[column]!) : undefined, isSum(flag) ? total(flags[flag]!) : undefined),
        resamples: Float64Array.from({ length: resamples }, (_, at) =>
          mean(isSum(column) ? sums[column]![at] : undefined, isSum(flag) ? flagSums[flag]![at] : undefined),
        ),
      };
    }
    const place = binsOf.get(run);
    if (place !== undefined) Object.assign(numbers, calibrationOf(binned[place]!, binSums[place]!, resamples));
    return numbers;
  };
  return models.map((runs, index): DrawnModel => {
    const trials = runs.map(numbersOf);
    const own = deriveSeed(deriveSeed(seed, 3), index);
    const numbers: Partial<Record<DrawnNumber, Resampled>> = {};
    for (const name of Object.keys(trials[0]!) as DrawnNumber[]) {
      const each = trials.map((trial) => trial[name]);
      if (each.every((value) => value !== undefined)) numbers[name] = meanOfTrials(each, own);
    }
    return { trials: runs.length, accuracies: trials.map(({ accuracy }) => accuracy!.value), numbers };
  });
}

/** ECE = Σ|Σ_b gap|/n and mean confidence − accuracy = Σ gap/n, of the rows and of each resample. */
function calibrationOf(
  { bin, bins, values }: BinnedColumn,
  sums: Float64Array,
  resamples: number,
): Readonly<Record<'expectedCalibrationError' | 'overconfidence', Resampled>> {
  const rows = values.length;
  const own = new Float64Array(bins);
  for (let row = 0; row < rows; row++) own[bin[row]!]! += values[row]!;
  const of = (fold: (sum: number) => number): Resampled => {
    const folded = (table: Float64Array) => table.reduce((sum, each) => sum + fold(each), 0) / rows;
    return {
      value: folded(own),
      resamples: Float64Array.from({ length: resamples }, (_, at) => folded(sums.subarray(at * bins, (at + 1) * bins))),
    };
  };
  return { expectedCalibrationError: of(Math.abs), overconfidence: of((sum) => sum) };
}

const scoreNames = [
  'accuracy',
  'expectedCalibrationError',
  'overconfidence',
  'negativeLogLikelihood',
  'brierScore',
] as const satisfies readonly ScoreName[];

/** Estimates of a model's scores. */
export function scoresOf(model: DrawnModel, options: CheckedOptions): Scores {
  return estimated(scoreNames, (name) => model.numbers[name], options, [0, 1]) as Scores;
}

/** Estimates of first less second. */
export function changeOf(first: DrawnModel, second: DrawnModel, options: CheckedOptions): Scores {
  return estimated(scoreNames, difference(first, second), options, [-1, 1]) as Scores;
}

/** Estimates of how a student compares with its teacher, or of how two students differ in that. */
export function likenessOf(model: DrawnModel, options: CheckedOptions, other?: DrawnModel): Likeness {
  const names = ['agreement', 'klDivergence'] as const;
  return estimated(names, other ? difference(model, other) : (name) => model.numbers[name], options, [-1, 1]);
}

function difference(first: DrawnModel, second: DrawnModel) {
  return (name: DrawnNumber): Resampled | undefined => {
    const [one, two] = [first.numbers[name], second.numbers[name]];
    return one && two && differenceOf(one, two);
  };
}

function estimated<Name extends DrawnNumber>(
  names: readonly Name[],
  numberOf: (name: Name) => Resampled | undefined,
  { confidence }: CheckedOptions,
  bounds: readonly [number, number],
): Partial<Record<Name, Estimate>> {
  const estimates: Partial<Record<Name, Estimate>> = {};
  for (const name of names) {
    const drawn = numberOf(name);
    if (drawn === undefined) continue;
    estimates[name] =
      name === 'expectedCalibrationError'
        ? centredInterval(drawn, confidence, bounds)
        : percentileInterval(drawn, confidence);
  }
  return estimates;
}

function total(values: Float64Array | Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < values.length; row++) sum += values[row]!;
  return sum;
}
