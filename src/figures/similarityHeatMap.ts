import { type FigureOptions, framed, frameOf, shadesBelow } from './frame.ts';
import { type Cell, drawnLines, drawnNote, heatMapPanel, namesNote } from './heatMap.ts';
import { type LayerSimilarity, type ModelSimilarity, type PairNumbers, pairNumbers } from './pairNumbers.ts';
import { record, text } from './refusals.ts';
import type { Figure } from './specification.ts';
import { count, decimal, sampleSize } from './words.ts';

/** Options of `similarityHeatMap`. */
export interface SimilarityHeatMapOptions extends FigureOptions {
  /** What the rows are, such as `'layer of the student'`. */
  readonly rows?: string;
  /** What the columns are, such as `'layer of the teacher'`. */
  readonly columns?: string;
  /** What is measured. Default `'CKA'` for layers, `'similarity'` for models. */
  readonly measure?: string;
}

/**
 * A heat map of similarities, of every layer of one model with every layer of another or of every model with every other,
 * with the numbers in the cells; and beside each what chance gives, because a CKA of .9 may mean nothing:
 *
 * - with `expected` (and `z`) in the result, the value that unrelated activations have on average, and a mark on cells
 *   less than 3 standard deviations above it;
 * - else, where the value is biased, the debiased one, for which chance gives 0.
 *
 * Cells without a value (constant activations) are grey and say why. Of more than 60 rows or columns every k-th is drawn.
 *
 * @param result What `ckaMatrix` or `similarityMatrix` returned.
 * @throws RangeError for NaN, by its place; TypeError for matrices whose sizes do not fit.
 * @example
 * const figure = similarityHeatMap(measure(ckaMatrix({ x: studentLayers, y: teacherLayers }), features), {
 *   rows: 'layer of the student', columns: 'layer of the teacher',
 * });
 */
export function similarityHeatMap(
  result: LayerSimilarity | ModelSimilarity,
  options: SimilarityHeatMapOptions = {},
): Figure {
  const where = 'similarityHeatMap';
  const frame = frameOf(where, options, ['rows', 'columns', 'measure']);
  record(where, 'result', result);
  const ofLayers = 'x' in result;
  const rowNames = ofLayers ? result.x : result.models;
  const columnNames = ofLayers ? result.y : result.models;
  const { rows = ofLayers ? 'first model' : 'model', columns = ofLayers ? 'second model' : 'model' } = options;
  const { measure = ofLayers ? 'CKA' : 'similarity' } = options;
  for (const [name, title] of Object.entries({ rows, columns, measure })) text(where, name, title);
  const numbers = pairNumbers(where, result, rowNames, columnNames);
  const [rowsDrawn, columnsDrawn] = [drawnLines(rowNames.length), drawnLines(columnNames.length)];
  const drawn = rowsDrawn.flatMap((row) => columnsDrawn.map((column) => numbers[row]![column]!));
  const values = drawn.map(({ value }) => value).filter((value) => value !== null);
  const least = Math.min(0, ...values);
  // A little below 0 is noise of a debiased value; further down the scale needs the room.
  const domain: [number, number] = [least < -0.2 ? least : 0, Math.max(1, ...values)];
  const cells = rowsDrawn.flatMap((row, rowIndex) =>
    columnsDrawn.map((column, columnIndex) =>
      cellOf(numbers[row]![column]!, { row: rowIndex, column: columnIndex, measure, domain }),
    ),
  );
  const unrelated = drawn.filter(isChance).length;
  const highest = drawn.reduce((best, next) => ((next.value ?? -Infinity) > (best.value ?? -Infinity) ? next : best));
  return framed(frame, {
    title: `${measure[0]!.toUpperCase()}${measure.slice(1)} of ${ofLayers ? 'layers' : 'models'}`,
    notes: [
      `${sampleSize(result.samples)} samples. ${chanceNote(drawn)}`,
      drawn.some(({ z }) => z !== null)
        ? `≈: less than 3 standard deviations above chance (${count(unrelated)} of ${count(drawn.length)} cells).`
        : '',
      drawn.some(({ value }) => value === null) ? 'Grey: not defined (constant features or too few samples).' : '',
      namesNote(rowNames, columnNames),
      drawnNote(rowNames.length, columnNames.length),
    ],
    description:
      `Heat map of ${measure} for ${count(rowNames.length)} × ${count(columnNames.length)} pairs of ` +
      `${rows} and ${columns}, on ${count(result.samples)} samples. ` +
      (values.length === 0
        ? 'No pair has a value.'
        : `Values run from ${decimal(Math.min(...values))} to ${decimal(highest.value!)}, the largest for ${highest.row} and ${highest.column}.`),
    views: [
      heatMapPanel(frame, {
        rows: rowsDrawn.map((row) => rowNames[row]!),
        columns: columnsDrawn.map((column) => columnNames[column]!),
        rowTitle: rows,
        columnTitle: columns,
        cells,
        scale: { domain, range: ['#f2f6fb', '#6aaed6', '#08306b'], clamp: true },
        legend: shadesBelow(measure),
      }),
    ],
  });
}

function isChance({ value, z }: PairNumbers): boolean {
  return value !== null && z !== null && z < 3;
}

function chanceNote(drawn: readonly PairNumbers[]): string {
  if (drawn.some(({ expected }) => expected !== null)) return 'In brackets: what chance gives.';
  if (drawn.some(({ isBiased }) => isBiased)) {
    return 'Biased: unrelated features give more than 0. In brackets: debiased, where they give about 0.';
  }
  return drawn.some(({ debiased }) => debiased !== null) ? 'Debiased: unrelated features give about 0.' : '';
}

interface CellPlace {
  readonly row: number;
  readonly column: number;
  readonly measure: string;
  readonly domain: readonly [number, number];
}

function cellOf(numbers: PairNumbers, { row, column, measure, domain }: CellPlace): Cell {
  const { value, status, expected, debiased, isBiased, z } = numbers;
  const second = expected ?? (isBiased ? debiased : null);
  return {
    row,
    column,
    value,
    text: value === null ? '–' : `${isChance(numbers) ? '≈ ' : ''}${short(value)}`,
    note: value === null ? reasonOf(status) : second === null ? '' : `(${short(second)})`,
    dark: value !== null && (value - domain[0]) / (domain[1] - domain[0]) > 0.55,
    more: {
      [measure]: value === null ? `not defined (${status})` : decimal(value),
      ...(debiased !== null && { debiased: decimal(debiased) }),
      ...(expected !== null && { 'chance gives': decimal(expected) }),
      ...(z !== null && { 'standard deviations above chance': decimal(z) }),
    },
  };
}

function reasonOf(status: string): string {
  return status.startsWith('constant') ? 'constant' : status === 'tooFewSamples' ? 'too few' : 'undefined';
}

/** `.63`, as tables of similarities write it. */
function short(value: number): string {
  return value
    .toFixed(2)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');
}
