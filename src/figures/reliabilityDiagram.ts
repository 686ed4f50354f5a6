import type { CalibrationBin } from '../metrics/calibration/binTable.ts';
import type { CalibrationErrorResult } from '../metrics/calibration/calibrationError.ts';
import { framed, frameOf, gridOf, heading, type ModelFigureOptions } from './frame.ts';
import { finite, finiteOrNull, listOf, namedResults, outOfRange, whole } from './refusals.ts';
import type { Column, Figure, Layer, Row } from './specification.ts';
import { muted, type SeriesScales, seriesScales } from './theme.ts';
import { wilsonInterval } from './wilsonInterval.ts';
import { count, decimal, listed, percent, sampleSize } from './words.ts';

/** What a reliability diagram shows of `calibrationError`'s result. */
export type Reliability = Pick<CalibrationErrorResult, 'bins' | 'expected' | 'confidence' | 'accuracy'>;

/** Bars narrower than this share of the axis are pooled. */
const mostBins = 50;

/**
 * Reliability diagrams, a panel for each model: in every bin of confidence the accuracy, with Wilson's 95 % interval, at the
 * bin's mean confidence; under it the share of rows in each bin. On the dashed diagonal a confidence of 80 % is right 8
 * times in 10; points below it are overconfident.
 *
 * Empty bins stay empty. More than 50 bins are pooled with their neighbours, which is exact.
 *
 * @param models What `calibrationError` returned, by the model's name.
 * @throws RangeError for NaN, by its place, and for no model; TypeError for what is no result.
 * @example
 * const figure = reliabilityDiagram({
 *   teacher: measure(calibrationError(), { logits: teacherLogits, labels }),
 *   student: measure(calibrationError(), { logits: studentLogits, labels }),
 * });
 * @see Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (2017), figure 1
 */
export function reliabilityDiagram(
  models: Readonly<Record<string, Reliability>>,
  options: ModelFigureOptions = {},
): Figure {
  const where = 'reliabilityDiagram';
  const frame = frameOf(where, options, ['models']);
  const entries = namedResults(where, 'models', models);
  const scales = seriesScales(
    entries.map(([name]) => name),
    options.models,
  );
  const tables = entries.map(([name, result]) => {
    for (const field of ['expected', 'accuracy', 'confidence'] as const) {
      finite(where, `models.${name}.${field}`, result[field]);
    }
    return checkedBins(where, `models.${name}`, result.bins);
  });
  const grid = gridOf(frame, entries.length, { margin: 56, least: 138, most: 300 });
  const highest = Math.max(...tables.flatMap((bins) => shares(bins)));
  const views = entries.map(([name, result], index): Column => {
    const total = tables[index]!.reduce((sum, bin) => sum + bin.count, 0);
    const { accuracy, confidence, expected } = result;
    const notes = [
      `accurate ${percent(accuracy)}`,
      `confident ${percent(confidence)}`,
      `ECE ${decimal(expected)}, ${sampleSize(total)}`,
    ];
    return {
      title: heading(name, notes, grid.heading),
      spacing: 6,
      vconcat: [
        { width: grid.plot, height: grid.plot, layer: reliabilityLayers(name, tables[index]!, scales) },
        { width: grid.plot, height: 48, layer: [histogram(name, tables[index]!, highest, scales)] },
      ],
    };
  });
  const given = Math.max(...entries.map(([, { bins }]) => bins.length));
  return framed(frame, {
    title: 'Reliability: how often each confidence is right',
    notes: [
      'Points: accuracy at the mean confidence of a bin, with its 95% interval. Dashed line: perfectly calibrated; ' +
        'below it, overconfident. ECE: mean distance from it. Lower bars: share of rows in each bin.',
      given > mostBins ? `Neighbours of ${count(given)} bins are pooled.` : '',
    ],
    description:
      `Reliability diagram of ${listed(entries.map(([name]) => name))}. ` +
      entries.map(([name, result]) => `${name}: ${summary(result)}`).join('. ') +
      '.',
    views,
    columns: grid.columns,
  });
}

function summary({ expected, accuracy, confidence }: Reliability): string {
  return `accuracy ${percent(accuracy)}, mean confidence ${percent(confidence)}, calibration error ${decimal(expected)}`;
}

function checkedBins(where: string, model: string, bins: readonly CalibrationBin[]): readonly CalibrationBin[] {
  if (listOf(where, `${model}.bins`, bins).length === 0) {
    throw outOfRange(where, `${model}.bins`, 'a list of at least one bin', bins);
  }
  bins.forEach((bin, index) => {
    const at = (field: string) => `${model}.bins[${index}].${field}`;
    for (const field of ['lower', 'upper'] as const) finite(where, at(field), bin[field]);
    for (const field of ['confidence', 'accuracy'] as const) finiteOrNull(where, at(field), bin[field]);
    whole(where, at('count'), bin.count);
  });
  return pooled(bins);
}

/** Runs of neighbouring bins as one: sums of counts, and of means times counts. */
function pooled(bins: readonly CalibrationBin[]): readonly CalibrationBin[] {
  const run = Math.ceil(bins.length / mostBins);
  if (run === 1) return bins;
  return Array.from({ length: Math.ceil(bins.length / run) }, (_, index) => {
    const part = bins.slice(index * run, (index + 1) * run);
    const total = part.reduce((sum, bin) => sum + bin.count, 0);
    const mean = (field: 'confidence' | 'accuracy') =>
      total === 0 ? null : part.reduce((sum, bin) => sum + bin.count * (bin[field] ?? 0), 0) / total;
    const [confidence, accuracy] = [mean('confidence'), mean('accuracy')];
    const gap = confidence === null || accuracy === null ? null : confidence - accuracy;
    return { lower: part[0]!.lower, upper: part.at(-1)!.upper, count: total, confidence, accuracy, gap };
  });
}

function shares(bins: readonly CalibrationBin[]): number[] {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  return bins.map((bin) => (total === 0 ? 0 : bin.count / total));
}

function reliabilityLayers(name: string, bins: readonly CalibrationBin[], scales: SeriesScales): Layer[] {
  const values = bins.flatMap(({ lower, upper, count: rows, confidence, accuracy }): Row[] => {
    if (confidence === null || accuracy === null) return [];
    const [low, high] = wilsonInterval(accuracy * rows, rows);
    return [{ model: name, lower, upper, rows, confidence, accuracy, low, high }];
  });
  const x = { domain: [0, 1] };
  const axisX = { title: null, labels: false, ticks: false, values: [0, 0.25, 0.5, 0.75, 1] };
  const axisY = { title: 'accuracy', format: '.0%', values: [0, 0.25, 0.5, 0.75, 1], minExtent: 34, maxExtent: 34 };
  const colour = scales.colour(name);
  const places = { x: { field: 'confidence', type: 'quantitative' as const, scale: x, axis: axisX } };
  const diagonal = [
    { confidence: 0, accuracy: 0 },
    { confidence: 1, accuracy: 1 },
  ];
  return [
    {
      data: { values: diagonal },
      mark: { type: 'line', strokeDash: [5, 4], stroke: muted, strokeWidth: 1.5, aria: false },
      encoding: { ...places, y: { field: 'accuracy', type: 'quantitative', scale: { domain: [0, 1] }, axis: axisY } },
    },
    {
      data: { values },
      mark: { type: 'rect', fill: colour, fillOpacity: 0.22, xOffset: 0.5, x2Offset: -0.5, aria: false },
      encoding: {
        x: { field: 'lower', type: 'quantitative' },
        x2: { field: 'upper' },
        y: { field: 'accuracy', type: 'quantitative' },
        y2: { datum: 0 },
      },
    },
    {
      data: { values },
      mark: { type: 'rule', stroke: colour, strokeWidth: 1.5, aria: false },
      encoding: { ...places, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
    },
    {
      data: { values },
      mark: { type: 'point', filled: true, opacity: 1, size: 42 },
      encoding: {
        ...places,
        y: { field: 'accuracy', type: 'quantitative' },
        color: { field: 'model', type: 'nominal', scale: scales.color, legend: null },
        shape: { field: 'model', type: 'nominal', scale: scales.shape, legend: null },
        tooltip: [
          { field: 'lower', type: 'quantitative', title: 'confidence from', format: '.3f' },
          { field: 'upper', type: 'quantitative', title: 'to', format: '.3f' },
          { field: 'confidence', type: 'quantitative', title: 'mean confidence', format: '.1%' },
          { field: 'accuracy', type: 'quantitative', title: 'accuracy', format: '.1%' },
          { field: 'low', type: 'quantitative', title: '95% interval from', format: '.1%' },
          { field: 'high', type: 'quantitative', title: 'to', format: '.1%' },
          { field: 'rows', type: 'quantitative', title: 'rows', format: ',' },
        ],
      },
    },
  ];
}

function histogram(name: string, bins: readonly CalibrationBin[], highest: number, scales: SeriesScales): Layer {
  const parts = shares(bins);
  const top = highest === 0 ? 1 : highest;
  return {
    data: {
      values: bins.map(({ lower, upper, count: rows }, index) => ({ lower, upper, rows, share: parts[index]! })),
    },
    mark: { type: 'rect', fill: scales.colour(name), fillOpacity: 0.75, xOffset: 0.5, x2Offset: -0.5 },
    encoding: {
      x: {
        field: 'lower',
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { title: 'confidence', format: '.0%', values: [0, 0.25, 0.5, 0.75, 1] },
      },
      x2: { field: 'upper' },
      y: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, top] },
        axis: { title: 'rows', format: '.0%', tickCount: 2, minExtent: 34, maxExtent: 34 },
      },
      y2: { datum: 0 },
      tooltip: [
        { field: 'lower', type: 'quantitative', title: 'confidence from', format: '.3f' },
        { field: 'upper', type: 'quantitative', title: 'to', format: '.3f' },
        { field: 'rows', type: 'quantitative', title: 'rows', format: ',' },
        { field: 'share', type: 'quantitative', title: 'share of rows', format: '.1%' },
      ],
    },
  };
}
