import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics } from '../../metricState.ts';
import { differentIndex } from '../../ops/sameIndex.ts';
import { scale } from '../../ops/scale.ts';
import { list, type OptionReader, readOptions, text, word } from '../../options.ts';
import { type RowMetricOptions, type Rows, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { predictedClass, sourceInputs } from '../predictionSource.ts';
import { type ErrorOverlapResult, overlapOf } from './errorRegions.ts';

/** Options of `errorOverlap`. */
export interface ErrorOverlapOptions<Model extends string> extends RowMetricOptions {
  /** Names of the models, at most 24: each is an input. */
  readonly models: readonly Model[];
  /** What the models' inputs hold: `'logits'` [..., classes] (default) or `'predictions'` [...], class numbers. */
  readonly from?: 'logits' | 'predictions';
}

type OverlapStatistic = 'region' | 'index' | 'weight' | 'count' | 'rows';

/**
 * Error overlap: which rows which models get wrong, as an n-way Venn diagram.
 *
 * Inputs: `labels` [...] and one input for each model, by its name: logits [..., classes] or predictions [...]. Among equal
 * logits the first class is the prediction. The result lists every region of the diagram that is not empty, with the
 * indices of its rows; and for each pair of models Jaccard's index and Cohen's κ.
 *
 * Because the result lists rows, the state is not of fixed size: merging keeps one entry a row that some model gets wrong,
 * and numbers the second part's rows after the first part's.
 *
 * @throws RangeError for NaN, a label out of range, no model, more than 24, or a name twice.
 * @example
 * const { regions, pairs } = measure(errorOverlap({ models: ['teacher', 'student'] }), {
 *   labels: [0, 1], teacher: [[2, 1], [3, 1]], student: [[1, 2], [3, 1]],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function errorOverlap<Model extends string>(
  options: ErrorOverlapOptions<Model>,
): Metric<'labels' | Model, OverlapStatistic, ErrorOverlapResult<Model>, 'rowWeights'> {
  const { models, from, ignoreIndex } = readOptions('errorOverlap', options, {
    models: list(text() as OptionReader<Model>, { least: 1, distinct: true }),
    from: word(['logits', 'predictions'], 'logits'),
    ...rowMask(),
  });
  // A region is a number of one bit a model, and a device's float32 holds 24 bits.
  if (models.length > 24) throw rangeError('errorOverlap', 'models', 'a list of 1 to 24 names', models);
  const taken = models.find((model) => model === 'labels' || model === 'rowWeights');
  if (taken !== undefined)
    throw rangeError('errorOverlap', 'models', "names other than 'labels' and 'rowWeights'", taken);

  return rowMetric<'labels' | Model, OverlapStatistic, ErrorOverlapResult<Model>>({
    name: 'errorOverlap',
    reference: errorOverlap,
    options: { models, from, ignoreIndex },
    inputs: sourceInputs<Model, 'labels'>(from, models, ['labels']),

    statistics<T>(backend: Backend<T>, batch: Inputs<'labels' | Model, never, T>, rows: Rows<T>) {
      const regions = models.map((model, bit) =>
        scale(backend, differentIndex(backend, predictedClass(backend, batch[model]), batch.labels), 2 ** bit),
      );
      const weight =
        rows.weights ?? backend.fromHost({ data: new Float32Array(rows.size).fill(1), shape: [rows.size] });
      const index = backend.fromHost({
        data: Int32Array.from({ length: rows.size }, (_, row) => row),
        shape: [rows.size],
      });
      return {
        region: regions.reduce((sum, next) => backend.add(sum, next)),
        index,
        weight,
        count: rows.total(),
        rows: rows.size,
      };
    },

    // One entry for each row that some model gets wrong: its number differs from batch to batch.
    state: {
      region: countOf([null]),
      index: countOf([null]),
      weight: countOf([null]),
      count: countOf(),
      rows: countOf(),
    },

    merge(first, second) {
      const kept = [onlyErrors(first, 0), onlyErrors(second, first.rows.data[0]!)];
      const joined = (name: 'region' | 'index' | 'weight') => {
        const data = Float64Array.from(kept.flatMap((part) => part[name]));
        return { data, shape: [data.length] };
      };
      const sum = (name: 'count' | 'rows') => ({
        data: Float64Array.of(first[name].data[0]! + second[name].data[0]!),
        shape: [],
      });
      return {
        region: joined('region'),
        index: joined('index'),
        weight: joined('weight'),
        count: sum('count'),
        rows: sum('rows'),
      };
    },

    finish(statistics) {
      const count = requireRows('errorOverlap', statistics.count.data[0]!);
      return overlapOf(models, count, onlyErrors(statistics, 0));
    },
  });
}

/** The rows that count and that at least one model gets wrong: regions, indices (shifted) and weights. */
function onlyErrors({ region, index, weight }: HostStatistics<OverlapStatistic>, offset: number) {
  const kept: Readonly<Record<'region' | 'index' | 'weight', number[]>> = { region: [], index: [], weight: [] };
  region.data.forEach((code, position) => {
    if (code === 0 || weight.data[position] === 0) return;
    kept.region.push(code);
    kept.index.push(index.data[position]! + offset);
    kept.weight.push(weight.data[position]!);
  });
  return kept;
}
