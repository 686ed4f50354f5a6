import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { nearZero, smallExponentialRemainder } from '../../ops/exponentialRemainder.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import {
  logOf,
  plainTemperature,
  type SoftenedPair,
  softenedPair,
  type Temperatures,
  temperaturesOption,
} from '../../ops/softenedPair.ts';
import { finite, flag, type OptionReader, readOptions } from '../../options.ts';

/** Options of `alphaDivergence`. */
export interface AlphaDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** α: near 1 as `klDivergence`, near 0 as its reverse; neither of them. Default 0.5. */
  readonly alpha?: number;
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Amari's α-divergence between the predictions of teacher and student: a family from the reverse Kullback–Leibler divergence (α → 0)
 * over four times the squared Hellinger distance (α = ½) to the forward one (α → 1) and beyond.
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T) and S = Σ p^α·q^(1 − α), a row's loss is
 *
 *     T²·(S − 1)/(α·(α − 1))        gradient in studentLogits   T·(q·S − p^α·q^(1 − α))/α
 *
 * Between 0 and 1 it is bounded by T²/(α·(1 − α)) and finite for all logits. For α > 1 it is +Infinity where the student alone
 * masks a class with −Infinity, for α < 0 where the teacher alone does; the gradient is 0 there.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: ≥ 0,
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for an α of 0 or 1, a temperature that is not greater than 0, numbers of classes that differ,
 * logits of one class, or an unknown option.
 * @example
 * const { value } = evaluate(alphaDivergence(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Amari: Information geometry and its applications (2016), chapter 4
 */
// @__NO_SIDE_EFFECTS__
export function alphaDivergence<R extends Reduction = 'mean'>(options: AlphaDivergenceOptions<R> = {}): PairLoss<R> {
  const { alpha, temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = readOptions(
    'alphaDivergence',
    options,
    {
      alpha: neitherEnd,
      temperature: temperaturesOption(),
      scaleByTemperatureSquared: flag(true),
      ...logitPairOptions(),
      ...rowOptions<R>(),
    },
  );
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;
  // The divergence is that of the sides exchanged at 1 − α: of the two exponents the one below ½ loses fewer digits.
  const exchanged = alpha > 0.5;
  const exponent = exchanged ? 1 - alpha : alpha;

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'alphaDivergence',
      reference: alphaDivergence,
      options: { alpha, temperature: plainTemperature(temperature), scaleByTemperatureSquared },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = exchanged
          ? softenedPair(backend, teacherLogits, studentLogits, {
              student: temperature.teacher,
              teacher: temperature.student,
            })
          : softenedPair(backend, studentLogits, teacherLogits, temperature);
        const power = geometricMean(backend, pair, exponent);
        const excess = backend.sum(excessTerms(backend, pair, power, exponent), { axis: -1 });
        const student = exchanged ? pair.teacher : pair.student;
        // α·(log p − log q), by which q grows to p^α·q^(1 − α).
        const growth = scale(backend, pair.logRatio, exchanged ? alpha : -alpha);
        const small = backend.multiply(student, backend.add(growth, smallExponentialRemainder(backend, growth)));
        const difference = backend.subtract(power, student);
        const exact = backend.where(nearZero(backend, growth), small, difference);
        const grown = backend.where(pair.near, exact, difference);
        const losses = backend.maximum(scale(backend, excess, factor / (alpha * (alpha - 1))), backend.scalar(0));
        return { losses, student, grown, excess };
      },

      gradient(backend, { student, grown, excess }) {
        const column = asColumn(backend, excess);
        const slope = backend.subtract(backend.multiply(student, column), grown);
        const infinite = isMinusInfinity(backend, scale(backend, column, -1));
        const rowGradients = backend.where(infinite, backend.scalar(0), slope);
        return scale(backend, rowGradients, factor / (temperature.student * alpha));
      },
    },
  );
}

const neitherEnd: OptionReader<number> = (where, name, given) => {
  const alpha = finite(0.5)(where, name, given);
  if (alpha !== 0 && alpha !== 1) return alpha;
  const direction = alpha === 1 ? 'forward' : 'reverse';
  const hint = `In the limit it is klDivergence({ direction: '${direction}' }).`;
  throw rangeError(where, name, 'neither 0 nor 1', alpha, hint);
};

/** m^(1 − a)·o^a of the pair's two sides, m and o; 0 where m is masked. At ½ two roots are less than a third exponential. */
function geometricMean<T>(backend: Backend<T>, pair: SoftenedPair<T>, a: number): T {
  if (a === 0.5) return backend.multiply(backend.sqrt(pair.student), backend.sqrt(pair.teacher));
  const mainLog = logOf(backend, pair, 'student');
  const power = backend.exp(backend.subtract(mainLog, scale(backend, pair.logRatio, a)));
  return backend.where(isMinusInfinity(backend, mainLog), backend.scalar(0), power);
}

/**
 * Terms m^(1 − a)·o^a − m − a·(o − m), whose sum over the classes is S − 1: with y = log(o/m) they are m·(h(a·y) − a·h(y)),
 * h(x) = e^x − 1 − x, of second order where the sides are alike, and of one sign.
 */
function excessTerms<T>(
  backend: Backend<T>,
  { student: m, teacher: o, logRatio, near }: SoftenedPair<T>,
  power: T,
  a: number,
): T {
  const y = scale(backend, logRatio, -1);
  const ofPower = smallExponentialRemainder(backend, scale(backend, y, a));
  const ofSide = scale(backend, smallExponentialRemainder(backend, y), a);
  const small = backend.multiply(m, backend.subtract(ofPower, ofSide));
  const large = backend.subtract(backend.subtract(power, m), scale(backend, backend.subtract(o, m), a));
  const terms = backend.where(nearZero(backend, scale(backend, y, Math.max(1, Math.abs(a)))), small, large);
  return backend.where(near, terms, large);
}
