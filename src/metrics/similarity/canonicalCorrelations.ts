import { singularValues } from '../../algebra/singularValues.ts';
import { type ActivationStatus, activationStatus, withStatusExchanged } from './activationStatus.ts';
import type { PairSimilarity, PairStatistics } from './pairSimilarity.ts';
import {
  directionCosines,
  type KeptDirections,
  type PrincipalDirections,
  principalDirections,
} from './principalDirections.ts';
import { type PrincipalFormOptions, principalForms, rematchedDirections } from './principalForms.ts';

/** Whether canonical correlations say anything, and why not. */
export type CorrelationStatus = ActivationStatus | 'tooFewSamples';

/** What the measures by canonical correlation return. */
export interface CanonicalCorrelationResult {
  /** The mean of `correlations`, in [0, 1]; 0 where a set is constant. */
  readonly value: number;
  /** One for each direction of the set that has fewer, descending. */
  readonly correlations: readonly number[];
  /** Directions of x that took part. */
  readonly directionsX: number;
  readonly directionsY: number;
  readonly samples: number;
  /**
   * `'tooFewSamples'`: the directions of both sets together outnumber samples − 1, so that some correlations are 1
   * whatever the activations are. `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal.
   */
  readonly status: CorrelationStatus;
}

/** Settings of a measure by canonical correlation. */
export interface CanonicalSettings extends KeptDirections {
  readonly form: NonNullable<PrincipalFormOptions['form']>;
}

/** Whether correlations of so many directions say anything. */
export function correlationStatus(directionsX: number, directionsY: number, samples: number): CorrelationStatus {
  const constant = activationStatus(directionsX === 0, directionsY === 0);
  if (constant !== 'ok') return constant;
  return directionsX + directionsY > samples - 1 ? 'tooFewSamples' : 'ok';
}

/** Canonical correlations: the singular values of the dot products of both sets' principal directions. */
function correlationsOf(pair: PairStatistics<PrincipalDirections>): CanonicalCorrelationResult {
  const { samples } = pair;
  const [directionsX, directionsY] = [pair.x.summary.variances.length, pair.y.summary.variances.length];
  const status = correlationStatus(directionsX, directionsY, samples);
  if (directionsX === 0 || directionsY === 0) {
    return { value: 0, correlations: [], directionsX, directionsY, samples, status };
  }
  const values = singularValues(directionCosines(pair), directionsX, directionsY);
  const correlations = Array.from(values, (value) => Math.min(1, value));
  return {
    value: correlations.reduce((sum, value) => sum + value, 0) / correlations.length,
    correlations,
    directionsX,
    directionsY,
    samples,
    status,
  };
}

/** The similarity: the mean canonical correlation of the directions that are kept. */
export function canonicalSimilarity(
  where: string,
  settings: CanonicalSettings,
): PairSimilarity<CanonicalCorrelationResult, object, PrincipalDirections> {
  return {
    name: where,
    kind: 'similarity',
    settings,
    ...principalForms(where, settings.form),
    summarize: (set, form) => principalDirections(set, form, settings),
    finish: correlationsOf,
    mirror: mirroredCorrelations,
    rematch: rematchedDirections(where, correlationsOf),
  };
}

function mirroredCorrelations(result: CanonicalCorrelationResult): CanonicalCorrelationResult {
  const { directionsX, directionsY } = result;
  return withStatusExchanged({ ...result, directionsX: directionsY, directionsY: directionsX });
}
