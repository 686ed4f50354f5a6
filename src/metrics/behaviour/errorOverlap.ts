import type { Backend } from '../../backend.ts';
import { checkOneOf, checkOptions, checkSameShape, kindError, rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { HostStatistics, Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { differentIndex } from '../../ops/sameIndex.ts';
import { scale } from '../../ops/scale.ts';
import { type ErrorOverlapResult, overlapOf } from './errorRegions.ts';

/** Options of `errorOverlap`. */
export interface ErrorOverlapOptions<Model extends string> {
  /** Names of the models, at most 24: each is an input. */
  readonly models: readonly Model[];
  /** What the models' inputs hold: `'logits'` [..., classes] (default) or `'predictions'` [...], class numbers. */
  readonly from?: 'logits' | 'predictions';
}

type OverlapStatistic = 'region' | 'index' | 'count' | 'invalid';

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
): Metric<'labels' | Model, OverlapStatistic, ErrorOverlapResult<Model>> {
  checkOptions('errorOverlap', options, ['models', 'from']);
  const { models, from = 'logits' } = options;
  if (!Array.isArray(models)) throw kindError('errorOverlap', 'models', 'a list of names', models);
  // A region is a number of one bit a model, and a device's float32 holds 24 bits.
  if (models.length < 1 || models.length > 24) {
    throw rangeError('errorOverlap', 'models', 'a list of 1 to 24 names', models);
  }
  if (new Set(models).size < models.length || (models as readonly string[]).includes('labels')) {
    throw rangeError('errorOverlap', 'models', "different names, none of them 'labels'", models);
  }
  checkOneOf('errorOverlap', 'from', from, ['logits', 'predictions']);

  return {
    name: 'errorOverlap',
    reference: errorOverlap,
    options: { models: [...models], from },
    inputs: ['labels', ...models],
    optionalInputs: [],

    check<T>(backend: Backend<T>, inputs: Inputs<'labels' | Model, never, T>) {
      const values = inputs as Readonly<Record<string, T>>;
      const shape = backend.shapeOf(values[models[0]!]!);
      for (const model of models.slice(1)) {
        checkSameShape('errorOverlap', model, backend.shapeOf(values[model]!), models[0]!, shape);
      }
      if (from === 'logits') {
        const rows = checkLogits(backend, 'errorOverlap', models[0]!, values[models[0]!]!);
        checkLabels(backend, 'errorOverlap', 'labels', values.labels!, rows, shape.at(-1)!);
      } else {
        checkLabels(backend, 'errorOverlap', 'labels', values.labels!, shape, Infinity);
      }
    },

    statistics<T>(backend: Backend<T>, inputs: Inputs<'labels' | Model, never, T>) {
      const values = inputs as Readonly<Record<string, T>>;
      const labels = flatten(backend, values.labels!);
      const rows = backend.shapeOf(labels)[0]!;
      let region = backend.multiply(labels, backend.scalar(0));
      let invalid = backend.scalar(0);
      models.forEach((model, bit) => {
        const given = values[model]!;
        const predictions = from === 'logits' ? backend.argMax(flattenRows(backend, given)) : flatten(backend, given);
        const wrong = differentIndex(backend, predictions, labels);
        region = backend.add(region, scale(backend, wrong, 2 ** bit));
        invalid = backend.add(invalid, countNaN(backend, given));
      });
      const index = backend.fromHost({ data: Int32Array.from({ length: rows }, (_, row) => row), shape: [rows] });
      return { region, index, count: backend.scalar(rows), invalid };
    },

    merge(first, second) {
      const kept = [onlyErrors(first, 0), onlyErrors(second, first.count.data[0]!)];
      const joined = (name: 'region' | 'index') => {
        const data = Float64Array.from(kept.flatMap((part) => part[name]));
        return { data, shape: [data.length] };
      };
      const sum = (name: 'count' | 'invalid') => ({
        data: Float64Array.of(first[name].data[0]! + second[name].data[0]!),
        shape: [],
      });
      return { region: joined('region'), index: joined('index'), count: sum('count'), invalid: sum('invalid') };
    },

    finish(statistics) {
      if (statistics.invalid.data[0]! > 0) {
        throw rangeError('errorOverlap', "models' inputs", 'free of NaN', `${statistics.invalid.data[0]} NaN`);
      }
      const { region, index } = onlyErrors(statistics, 0);
      return overlapOf(models, statistics.count.data[0]!, region, index);
    },
  };
}

/** The rows that at least one model gets wrong: their regions and their indices, shifted. */
function onlyErrors({ region, index }: HostStatistics<OverlapStatistic>, offset: number) {
  const kept: { readonly region: number[]; readonly index: number[] } = { region: [], index: [] };
  region.data.forEach((code, position) => {
    if (code === 0) return;
    kept.region.push(code);
    kept.index.push(index.data[position]! + offset);
  });
  return kept;
}
