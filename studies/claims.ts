/** A paper's claims, judged by intervals: `holds`, `does not hold`, or `undecided` where the interval decides nothing. */
import { meanAndStandardDeviation } from 'dark-knowledge';
import jstat from 'jstat';

export type Verdict = 'holds' | 'does not hold' | 'undecided';

export interface Claim {
  /** In words, such as 'KL: above alone on Color'. */
  readonly claim: string;
  /** What the number is, with its unit. */
  readonly measure: string;
  readonly number: number;
  /** 95 % interval; null where one trial gives none. */
  readonly interval: readonly [low: number, high: number] | null;
  /** The paper's number, or its words where it gives none. */
  readonly paper: string;
  /** Where the paper says it. */
  readonly source: string;
  readonly verdict: Verdict;
}

export interface ClaimWords extends Pick<Claim, 'claim' | 'measure' | 'paper' | 'source'> {}

const confidence = 0.95;

/**
 * A claim that a number is above 0: differences of trials, one each, with Student's interval of their mean. It holds where the
 * whole interval is above 0, and does not where all of it is below.
 */
export function claimAbove(words: ClaimWords, differences: readonly number[]): Claim {
  // What is not defined in every trial decides nothing.
  if (!differences.every(Number.isFinite)) return claimFrom(words, Number.NaN, null);
  const { mean, standardError } = meanAndStandardDeviation(differences);
  // Shares of few samples may be equal in every trial by chance.
  const interval =
    standardError === null || standardError === 0
      ? null
      : intervalOf(mean, standardError * jstat.studentt.inv((1 + confidence) / 2, differences.length - 1));
  return claimFrom(words, mean, interval);
}

/**
 * A claim that one kind of run spreads more than another: the logarithm of the ratio of their standard deviations, with the
 * interval of Fisher's F, over as many trials each. A spread of 0, where shares of few samples happen to be equal, tells nothing.
 * Where trials are paired, and go up and down together, the interval is wider than it need be.
 */
export function claimMoreSpread(words: ClaimWords, wide: readonly number[], narrow: readonly number[]): Claim {
  const spread = [wide, narrow].map((values) => meanAndStandardDeviation(values).standardDeviation ?? 0);
  const [wider, narrower] = spread as [number, number];
  if (wider === 0 || narrower === 0) return claimFrom(words, Number.NaN, null);
  const logarithm = Math.log(wider / narrower);
  const half = Math.log(ratioToldApart(wide.length));
  return claimFrom(words, logarithm, [logarithm - half, logarithm + half]);
}

/** The ratio of two standard deviations, over as many trials each, that Fisher's F tells from 1. */
export function ratioToldApart(trials: number): number {
  return Math.sqrt(jstat.centralF.inv((1 + confidence) / 2, trials - 1, trials - 1));
}

/** The same with an interval that is known already, such as a bootstrap's. */
export function claimFrom(words: ClaimWords, number: number, interval: Claim['interval']): Claim {
  return { ...words, number, interval, verdict: interval === null ? 'undecided' : verdictOf(interval) };
}

function intervalOf(middle: number, half: number): readonly [number, number] {
  return [middle - half, middle + half];
}

function verdictOf([low, high]: readonly [number, number]): Verdict {
  return low > 0 ? 'holds' : high < 0 ? 'does not hold' : 'undecided';
}

const marks: Readonly<Record<Verdict, string>> = { holds: '✓', 'does not hold': '✗', undecided: '?' };

/** The claims as lines, and how many hold. */
export function claimLines(claims: readonly Claim[]): readonly string[] {
  const held = claims.filter(({ verdict }) => verdict === 'holds').length;
  return [...claims.map(lineOf), `claims: ${held} of ${claims.length} hold`];
}

function lineOf({ claim, measure, paper, source, verdict, ...measured }: Claim): string {
  const { number, interval } = inDigits(measured);
  const range = interval === null ? '' : ` [${interval.join(', ')}]`;
  return `${marks[verdict]} ${verdict}: ${claim}; ${measure} ${number}${range}, paper ${paper} (${source})`;
}

/**
 * A claim's number and interval with their signs, as claims are differences: in three digits, or as many as show how wide the
 * interval is.
 */
export function inDigits({ number, interval }: Pick<Claim, 'number' | 'interval'>): {
  readonly number: string;
  readonly interval: readonly string[] | null;
} {
  if (interval === null) return { number: signed(number), interval };
  const half = (interval[1] - interval[0]) / 2;
  const digits = half > 0 ? Math.min(6, Math.max(3, Math.ceil(-Math.log10(half)))) : 3;
  return { number: signed(number, digits), interval: interval.map((end) => signed(end, digits)) };
}

/** A number with its sign. What is not defined, null in JSON, is a dash. */
export function signed(number: number | null, digits = 3): string {
  if (number === null || Number.isNaN(number)) return '–';
  return `${number < 0 ? '−' : '+'}${Math.abs(number).toFixed(digits)}`;
}
