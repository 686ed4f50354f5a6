/** Rows by label and prediction: what confusion matrices and Cohen's κ are made of. */
import { rangeError } from '../../check.ts';
import { type ColumnMetric, columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics } from '../../metricState.ts';
import type { RowMetricOptions } from '../../rowMetric.ts';
import {
  checkDecided,
  checkDecision,
  type Decision,
  type DecisionOptions,
  decidedClass,
} from '../decisionThreshold.ts';
import { type PredictionOptions, type PredictionSource, sourceInputs } from '../predictionSource.ts';

/** Options of metrics of a table of labels and predictions. */
export interface ConfusionOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {}

const mostClasses = 4096;

/** A metric of the table; the option objects are checked and complete. */
export function confusionCounts<Result>(
  own: Pick<ColumnMetric<string, never, 'label' | 'prediction', 'matrix', Result>, 'name' | 'reference' | 'finish'> & {
    readonly options: Decision & { readonly classes: number | undefined; readonly ignoreIndex: number | null };
  },
): Metric<string, string, Result, 'rowWeights'> {
  const { name: where, options } = own;
  const { from, classes, threshold } = options;
  checkDecision(where, { from, threshold });
  return columnMetric<string, 'label' | 'prediction', 'matrix', Result>({
    ...own,
    options: { ...options },
    inputs: sourceInputs<string, string>(from, [from], ['labels']),

    check(backend, batch) {
      const width = from === 'predictions' ? classes : backend.shapeOf(batch[from]!).at(-1);
      if (width !== undefined && width > mostClasses) throw tooMany(where, width);
      checkDecided(backend, where, batch[from]!, { from, threshold });
    },

    // The number of classes of scores travels as a column of its own: a batch of zero weight has it too.
    columns: (backend, batch) => ({
      label: batch.labels!,
      prediction: decidedClass(backend, batch[from]!, { from, threshold }),
      ...(from !== 'predictions' && { classes: backend.scalar(backend.shapeOf(batch[from]!)[1]!) }),
    }),

    condense({ label, prediction, classes: width }, weights) {
      const size = width?.[0] ?? classes ?? largestOf(label, prediction) + 1;
      if (size > mostClasses) throw tooMany(where, size);
      const matrix = new Float64Array(size * size);
      for (let row = 0; row < label.length; row++) {
        if (label[row]! >= size || prediction[row]! >= size) {
          const other = Math.max(label[row]!, prediction[row]!);
          throw rangeError(where, 'labels and predictions', `whole numbers in [0, ${size})`, other);
        }
        matrix[label[row]! * size + prediction[row]!]! += weights === undefined ? 1 : weights[row]!;
      }
      return { matrix: { data: matrix, shape: [size, size] } };
    },

    state: { matrix: countOf(from === 'predictions' ? [classes ?? null, classes ?? null] : ['classes', 'classes']) },
    merge: addMatrices,
  }) as Metric<string, string, Result, 'rowWeights'>;
}

function tooMany(where: string, classes: number): RangeError {
  return rangeError(where, 'number of classes', `at most ${mostClasses}`, classes);
}

function largestOf(...columns: readonly Float64Array[]): number {
  return columns.reduce((most, column) => column.reduce((found, value) => Math.max(found, value), most), 0);
}

/** Matrices of which one part may have seen fewer classes. */
function addMatrices(first: HostStatistics<'matrix'>, second: HostStatistics<'matrix'>): HostStatistics<'matrix'> {
  const size = Math.max(first.matrix.shape[0]!, second.matrix.shape[0]!);
  const data = new Float64Array(size * size);
  for (const { matrix } of [first, second]) {
    const width = matrix.shape[0]!;
    for (let line = 0; line < width; line++) {
      for (let column = 0; column < width; column++) {
        data[line * size + column]! += matrix.data[line * width + column]!;
      }
    }
  }
  return { matrix: { data, shape: [size, size] } };
}
