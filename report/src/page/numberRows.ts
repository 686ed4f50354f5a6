/** Which numbers the tables show, in which order, and what each of them says. */
import type { Comparison, Difference, Estimate, ModelNumbers, Scores } from '../compare/comparison.ts';
import type { Unit } from './words.ts';

/** A line of a table. */
export interface NumberRow {
  readonly title: string;
  /** What it is, and which way is better. */
  readonly note: string;
  readonly unit: Unit;
  of(numbers: ModelNumbers): Estimate | undefined;
  /** Of a difference, or of a student's change from its teacher. */
  ofDifference(numbers: Scores | Difference): Estimate | undefined;
}

function scoreRow(field: keyof Scores, title: string, note: string, unit: Unit): NumberRow {
  return { title, note, unit, of: (numbers) => numbers[field], ofDifference: (numbers) => numbers[field] };
}

function likenessRow(field: 'agreement' | 'klDivergence', title: string, note: string, unit: Unit): NumberRow {
  return {
    title,
    note,
    unit,
    of: (numbers) => numbers[field],
    ofDifference: (numbers) => ('first' in numbers ? numbers[field] : undefined),
  };
}

/** The lines that have a number somewhere. */
export function numberRows({ models }: Comparison): readonly NumberRow[] {
  const layers = [...new Set(Object.values(models).flatMap(({ cka }) => Object.keys(cka ?? {})))];
  const rows = [
    scoreRow('accuracy', 'Accuracy', 'rows predicted right; more is better', 'percent'),
    likenessRow('agreement', 'Agreement', 'rows with the teacher’s answer; more is closer', 'percent'),
    likenessRow('klDivergence', 'KL divergence', 'from the teacher’s distribution, nats; less is closer', 'plain'),
    scoreRow(
      'expectedCalibrationError',
      'Calibration error',
      'mean distance of confidence from accuracy; less is better',
      'percent',
    ),
    scoreRow('overconfidence', 'Overconfidence', 'mean confidence less accuracy, points; 0 is best', 'points'),
    scoreRow('negativeLogLikelihood', 'Negative log-likelihood', 'of the labels, nats; less is better', 'plain'),
    scoreRow('brierScore', 'Brier score', 'squared distance from the label; less is better', 'plain'),
    ...layers.map(
      (layer): NumberRow => ({
        title: `CKA ${layer}`,
        note: 'similarity of the layer to the teacher’s; 1 is the same up to rotation and scale',
        unit: 'plain',
        of: ({ cka }) => cka?.[layer],
        ofDifference: (numbers) => ('first' in numbers ? numbers.cka?.[layer] : undefined),
      }),
    ),
  ];
  return rows.filter((row) => Object.values(models).some((numbers) => row.of(numbers) !== undefined));
}
