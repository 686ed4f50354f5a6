import type { ConfidenceLine } from '../metrics/deviation/confidenceLine.ts';
import { type FigureOptions, filled, framed, frameOf, gridOf, heading } from './frame.ts';
import { allFinite, finiteOrNull, listOf, namedResults, record, sameLength } from './refusals.ts';
import { cellLayer, cellsAcross, cellsOf } from './scatterCells.ts';
import type { Encoding, Figure, Layer, Panel, Row } from './specification.ts';
import { colourOf, ink, muted } from './theme.ts';
import { count, counted, decimal, listed, percent, sampleSize } from './words.ts';

/** What a confidence scatter shows: the result of `confidenceDeviation`, or of `confidenceSlope`, which has no points. */
export interface ConfidenceFit
  extends Pick<ConfidenceLine, 'value' | 'status' | 'intercept' | 'interval' | 'count' | 'infinite'> {
  readonly scatter?: {
    readonly teacher: ArrayLike<number>;
    readonly student: ArrayLike<number>;
    readonly fitted: ArrayLike<number>;
  };
  /** Of `confidenceDeviation` with a share of the rows: where the fitted rows begin or end. */
  readonly threshold?: number | null;
  /** Of `confidenceSlope`: between which of the teacher's values the line is fitted. */
  readonly teacherRange?: readonly [lowest: number, highest: number] | null;
}

/** Points beyond this number are counted in cells. */
const mostPoints = 1500;

/**
 * The student's confidence over the teacher's, row by row, a panel for each set of rows (training and test): log-odds of
 * the teacher's top class. The solid line is fitted to the rows; on the dashed diagonal the student is as confident as the
 * teacher, and a line steeper than it exaggerates.
 *
 * Up to 1500 rows are points, filled where the line is fitted to them and rings where not. More are counted in 40 × 40
 * cells, so that no row is left out and the size of the figure does not grow with their number.
 *
 * @param sets What `confidenceDeviation` (or `confidenceSlope`, without points) returned, by the name of the set.
 * @throws RangeError for NaN, by its place, and for no set; TypeError for lists of different lengths.
 * @example
 * const figure = confidenceScatter({
 *   training: confidenceDeviation(onTraining, { bottom: 0.25 }),
 *   test: confidenceDeviation(onTest, { bottom: 0.25 }),
 * });
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 3
 */
export function confidenceScatter(sets: Readonly<Record<string, ConfidenceFit>>, options: FigureOptions = {}): Figure {
  const where = 'confidenceScatter';
  const frame = frameOf(where, options);
  const entries = namedResults(where, 'sets', sets);
  for (const [name, fit] of entries) check(where, `sets.${name}`, fit);
  const domain = extent(entries.map(([, fit]) => fit));
  const cells = entries.map(([, fit]) =>
    isInCells(fit) ? cellsOf(fit.scatter!.teacher, fit.scatter!.student, domain) : [],
  );
  const densest = Math.max(1, ...cells.flat().map(({ rows }) => Number(rows)));
  const grid = gridOf(frame, entries.length, { margin: 58, least: 180, most: 300 });
  const asCells = entries.some(([, fit]) => isInCells(fit));
  const asRings = entries.some(([, fit]) => !isInCells(fit) && pointsOf(fit).some(({ fitted }) => !fitted));
  const views = entries.map(([name, fit], index): Panel => {
    const title = heading(name, [summary(fit), remark(fit)], grid.heading);
    const places = placesOf(domain);
    const rows = isInCells(fit) ? [cellLayer(cells[index]!, densest, places)] : pointLayers(fit, places);
    return { title, width: grid.plot, height: grid.plot, layer: layersOf(fit, domain, places, rows) };
  });
  return framed(frame, {
    title: "The student's confidence over its teacher's",
    notes: [
      "Log-odds of the teacher's top class. Solid: fitted line. Dashed: as confident as the teacher.",
      asRings ? 'Discs: rows that the line is fitted to. Rings: the others.' : '',
      asCells
        ? `Sets of more than ${count(mostPoints)} rows are counted in ${cellsAcross} × ${cellsAcross} cells.`
        : '',
    ],
    description:
      `Scatter of the student's confidence over the teacher's, in log-odds, for ${listed(entries.map(([name]) => name))}. ` +
      entries.map(([name, fit]) => `${name}: ${summary(fit)}`).join('. ') +
      '.',
    views,
    columns: grid.columns,
    shared: asCells ? ['color'] : [],
  });
}

function check(where: string, name: string, fit: ConfidenceFit): void {
  record(where, name, fit);
  const { scatter, intercept, value, interval, threshold, teacherRange } = fit;
  for (const [field, number] of Object.entries({ value, intercept, threshold })) {
    finiteOrNull(where, `${name}.${field}`, number);
  }
  if (interval !== null) record(where, `${name}.interval`, interval);
  if (interval !== null) allFinite(where, `${name}.interval`, [interval.low, interval.high, interval.level]);
  if (teacherRange) allFinite(where, `${name}.teacherRange`, teacherRange);
  if (scatter === undefined) return;
  record(where, `${name}.scatter`, scatter);
  listOf(where, `${name}.scatter.teacher`, scatter.teacher);
  for (const field of ['teacher', 'student', 'fitted'] as const) {
    sameLength(where, `${name}.scatter.${field}`, scatter[field], 'scatter.teacher', scatter.teacher.length);
    allFinite(where, `${name}.scatter.${field}`, scatter[field]);
  }
}

function summary({ value, status, interval, count: rows, scatter }: ConfidenceFit): string {
  if (status === 'tooFewRows') return `no slope: ${counted(rows, 'row')}`;
  if (value === null) return `no slope: the teacher's values are all equal, ${sampleSize(rows)}`;
  const bounds =
    interval === null ? '' : ` [${decimal(interval.low)}, ${decimal(interval.high)}] at ${percent(interval.level, 0)}`;
  const all = scatter?.teacher.length ?? rows;
  return `slope ${decimal(value)}${bounds}, ${sampleSize(rows)}${all > rows ? ` of ${count(all)}` : ''}`;
}

function remark({ infinite }: ConfidenceFit): string {
  return infinite > 0 ? `${counted(infinite, 'row')} of infinite log-odds left out` : '';
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly fitted: boolean;
}

function pointsOf({ scatter }: ConfidenceFit): Point[] {
  if (scatter === undefined) return [];
  const { teacher, student, fitted } = scatter;
  return Array.from(teacher, (x, row) => ({ x, y: student[row]!, fitted: fitted[row] === 1 }));
}

function isInCells({ scatter }: ConfidenceFit): boolean {
  return (scatter?.teacher.length ?? 0) > mostPoints;
}

/** The ends of both axes: the same in every panel, so that slopes compare by eye. */
function extent(fits: readonly ConfidenceFit[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  const take = (value: number): void => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { scatter, teacherRange } of fits) {
    if (scatter !== undefined) {
      for (let row = 0; row < scatter.teacher.length; row++) {
        take(scatter.teacher[row]!);
        take(scatter.student[row]!);
      }
    }
    teacherRange?.forEach(take);
  }
  if (low > high) return [0, 1];
  const margin = high > low ? 0.03 * (high - low) : 1;
  return [low - margin, high + margin];
}

/** Where the line is drawn: over the teacher's values that it is fitted to. */
function lineOf(fit: ConfidenceFit): Row[] {
  const { value, intercept } = fit;
  if (value === null || intercept === null) return [];
  let [low, high] = fit.teacherRange ?? [Infinity, -Infinity];
  const { teacher = [], fitted = [] } = fit.scatter ?? {};
  for (let row = 0; row < teacher.length; row++) {
    if (fitted[row] !== 1) continue;
    low = Math.min(low, teacher[row]!);
    high = Math.max(high, teacher[row]!);
  }
  return low > high ? [] : [low, high].map((x) => ({ x, y: intercept + value * x }));
}

/** Both axes, of one scale. */
function placesOf(domain: [number, number]): Encoding {
  const scale = { domain, nice: false, zero: false };
  const channel = { type: 'quantitative' as const, scale };
  return {
    x: { ...channel, field: 'x', axis: { tickCount: 5, title: "teacher's log-odds (nats)" } },
    y: {
      ...channel,
      field: 'y',
      axis: { tickCount: 5, minExtent: 32, maxExtent: 32, title: "student's log-odds (nats)" },
    },
  };
}

function pointLayers(fit: ConfidenceFit, places: Encoding): Layer[] {
  const points = pointsOf(fit);
  return [false, true].map(
    (fitted): Layer => ({
      data: { values: points.filter((point) => point.fitted === fitted).map(({ x, y }) => ({ x, y })) },
      mark: {
        type: 'point',
        size: fitted ? 14 : 12,
        opacity: fitted ? 0.6 : 0.45,
        strokeWidth: 1,
        aria: false,
        ...(fitted ? { filled: true, color: colourOf(0) } : { filled: false, color: muted }),
      },
      encoding: {
        ...places,
        tooltip: [
          { field: 'x', type: 'quantitative', title: 'teacher', format: '.3f' },
          { field: 'y', type: 'quantitative', title: 'student', format: '.3f' },
        ],
      },
    }),
  );
}

function layersOf(fit: ConfidenceFit, domain: readonly number[], places: Encoding, rows: readonly Layer[]): Layer[] {
  const line = (stroke: string, strokeWidth: number): Layer => ({
    data: { values: lineOf(fit) },
    mark: { type: 'line', stroke, strokeWidth, clip: true, aria: stroke === ink },
    encoding: places,
  });
  const threshold = fit.threshold ?? null;
  return filled([
    {
      data: { values: domain.map((end) => ({ x: end, y: end })) },
      mark: { type: 'line', stroke: muted, strokeDash: [5, 4], strokeWidth: 1.5, aria: false },
      encoding: places,
    },
    {
      data: { values: threshold === null ? [] : [{ x: threshold }] },
      mark: { type: 'rule', stroke: muted, strokeDash: [1, 3], aria: false },
      encoding: { x: places.x! },
    },
    ...rows,
    // A rim of white keeps the line apart from dense rows.
    line('#ffffff', 5),
    line(ink, 2),
  ]);
}
