/** What the students took: every measurement of the example, by the library alone. */
import {
  accuracy,
  bootstrapMetricDifference,
  calibrationError,
  cka,
  dissimilarity,
  type HostTensor,
  measure,
  multidimensionalScaling,
  nearestNeighborAgreement,
  negativeLogLikelihood,
  samplesPerSecond,
  selectRows,
  similarityMatrix,
  subsamplingInterval,
} from 'dark-knowledge';
import { embed, ngramsOf, type StudentWeights } from './student.ts';

/** A model's embeddings of the test sentences, and the logits of its probe. */
export interface Studied {
  readonly embeddings: HostTensor;
  readonly logits: HostTensor;
}

/** A model in numbers. */
export interface Figures {
  readonly model: string;
  readonly cka: number;
  /** The mean share of the teacher's ten nearest neighbours that are the model's too. */
  readonly neighbors: number;
  readonly probeAccuracy: number;
  readonly probeCalibrationError: number;
  readonly probeLoss: number;
}

/** A difference of two students with its interval. */
export interface Gap {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

const similarity = cka({ debiased: true });
const neighbors = nearestNeighborAgreement({ k: 10 });
const error = calibrationError({ bins: 10 });

export function figuresOf(model: string, studied: Studied, teacher: Studied, labels: Int32Array): Figures {
  const { embeddings: x, logits } = studied;
  const pair = { x, y: teacher.embeddings };
  return {
    model,
    cka: measure(similarity, pair).value,
    neighbors: measure(neighbors, pair).mutual,
    probeAccuracy: measure(accuracy(), { logits, labels }).value,
    probeCalibrationError: measure(error, { logits, labels }).value,
    probeLoss: measure(negativeLogLikelihood(), { logits, labels }).value,
  };
}

/** How two students differ on the same sentences. */
export interface Gaps {
  readonly cka: Gap;
  readonly neighbors: Gap;
  readonly probeAccuracy: Gap;
  readonly probeCalibrationError: Gap;
}

/**
 * Intervals of first − second, each in the way that its number allows: an accuracy adds up over rows and is bootstrapped; a
 * similarity relates rows with each other, and noise raises a calibration error, so both are taken on parts of the rows.
 */
export function gapsBetween(
  first: Studied,
  second: Studied,
  teacher: Studied,
  labels: Int32Array,
  resamples: number,
): Gaps {
  const rows = labels.length;
  const options = { rows, resamples, seed: 1 };
  const similarityGap = (metric: typeof similarity | typeof neighbors): Gap =>
    subsamplingInterval((chosen) => {
      const part = { first: first.embeddings, second: second.embeddings, y: teacher.embeddings };
      const { first: x, second: other, y } = selectRows(part, chosen);
      return (
        measure(metric as typeof neighbors, { x, y }).value - measure(metric as typeof neighbors, { x: other, y }).value
      );
    }, options);
  const errorOf = ({ logits }: Studied, chosen: Int32Array): number =>
    measure(error, selectRows({ logits, labels }, chosen)).value;
  return {
    cka: similarityGap(similarity),
    neighbors: similarityGap(neighbors),
    probeAccuracy: bootstrapMetricDifference(
      accuracy(),
      { logits: first.logits, labels },
      { logits: second.logits, labels },
      { seed: 1 },
    ),
    probeCalibrationError: subsamplingInterval((chosen) => errorOf(first, chosen) - errorOf(second, chosen), options),
  };
}

/** The models as points whose distances stand for 1 − CKA. */
export function mapOf(models: Readonly<Record<string, Studied>>) {
  const names = Object.keys(models);
  const embeddings = Object.fromEntries(names.map((name) => [name, models[name]!.embeddings]));
  const similarities = measure(similarityMatrix({ models: names, similarity }), embeddings);
  return { ...multidimensionalScaling(dissimilarity(similarities)), names };
}

/** Sentences a second, from text to embedding. */
export function speedOf(student: StudentWeights, texts: readonly string[], rounds: number): number {
  const timer = samplesPerSecond();
  for (let round = 0; round <= rounds; round++) timer.run(texts.length, () => embed(student, texts.map(ngramsOf)));
  return timer.result().value ?? Number.NaN;
}
