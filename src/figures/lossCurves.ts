import { filled, framed, frameOf, legendBelow, type ModelFigureOptions } from './frame.ts';
import { finite, finiteOrNull, listOf, outOfRange, record, text, wrongKind } from './refusals.ts';
import type { Figure, Layer, Row } from './specification.ts';
import { ink, muted, seriesScales } from './theme.ts';
import { valueAxisWidth, valueChannel, verticalAxis } from './valueAxis.ts';
import { count, counted, decimal, listed } from './words.ts';

/** Terms of a loss (or other numbers) at one step. */
export interface StepRecord {
  readonly step: number;
  /** By name; null, or a name left out, where a term has no value at this step. */
  readonly terms: Readonly<Record<string, number | null>>;
}

/** Options of `lossCurves`. */
export interface LossCurvesOptions extends ModelFigureOptions {
  /** The vertical axis's title, with its unit. Default `'loss (nats)'`. */
  readonly valueTitle?: string;
  /** The horizontal axis's title. Default `'step'`. */
  readonly stepTitle?: string;
  /** `'log'` for terms that fall over orders of magnitude; all values must then be above 0. Default `'linear'`. */
  readonly scale?: 'linear' | 'log';
  /** Values that are reached or not, by name, such as the teacher's accuracy: dotted lines from side to side. */
  readonly references?: Readonly<Record<string, number>>;
}

/** Points of a line; more steps are joined in blocks. */
const mostPoints = 200;
const others = ['models', 'valueTitle', 'stepTitle', 'scale', 'references'];

/**
 * Numbers over the steps of training: the terms of a loss, or a student's accuracy beside the line that its teacher
 * reaches. Each term has its colour and its dash; up to 40 steps are marked by points too.
 *
 * Of more than 200 steps, a run of neighbours becomes one point at their mean, in a band from their lowest to their highest
 * value, so that the figure stays small and hides no spike.
 *
 * @param records One for each step, in any order, as a training loop collects them from `evaluate`'s `terms`.
 * @throws RangeError for NaN, by its place, for no record, and for a value of at most 0 on a log scale.
 * @example
 * const figure = lossCurves([
 *   { step: 100, terms: { task: 0.61, distillation: 1.2 } },
 *   { step: 200, terms: { task: 0.42, distillation: 0.8 } },
 * ]);
 */
export function lossCurves(records: readonly StepRecord[], options: LossCurvesOptions = {}): Figure {
  const where = 'lossCurves';
  const frame = frameOf(where, options, others);
  const { valueTitle = 'loss (nats)', stepTitle = 'step', scale = 'linear', references = {} } = options;
  for (const [name, title] of Object.entries({ valueTitle, stepTitle })) text(where, name, title);
  if (scale !== 'linear' && scale !== 'log') throw outOfRange(where, 'scale', "'linear' or 'log'", scale);
  for (const [name, value] of Object.entries(references)) finite(where, `references.${name}`, value);
  const names = check(where, records, scale);
  const sorted = [...records].sort((first, second) => first.step - second.step);
  const [first, last] = [sorted[0]!.step, sorted.at(-1)!.step];
  const run = Math.ceil(sorted.length / mostPoints);
  const rows = names.flatMap((name) => blocks(name, sorted, run));
  const scales = seriesScales(names, options.models);
  const width = frame.inside - valueAxisWidth;
  const x = {
    field: 'step',
    type: 'quantitative' as const,
    scale: { domain: first === last ? [first - 1, last + 1] : [first, last], nice: false },
    axis: { title: stepTitle, tickCount: 5 },
  };
  const bounds = rows.flatMap(({ low, high }) => [low, high]).filter((bound) => bound !== null);
  const reached = [...bounds.map(Number), ...Object.values(references)];
  const y = valueChannel('value', reached, { ...verticalAxis, title: valueTitle }, scale === 'log');
  const legend = legendBelow(names, width, { symbolType: 'stroke', symbolSize: 500 });
  const color = { field: 'term', type: 'nominal' as const, scale: scales.color, legend };
  const dash = { field: 'term', type: 'nominal' as const, scale: scales.strokeDash, legend };
  const tooltip = [
    { field: 'term', type: 'nominal' as const, title: 'term' },
    { field: 'step', type: 'quantitative' as const, title: stepTitle },
    { field: 'value', type: 'quantitative' as const, title: valueTitle, format: '.4~g' },
  ];
  // Marks of a term apart from its line carry its colour as it is, so that the legend shows lines alone.
  const ownRows = (name: string): Row[] => rows.filter(({ term, value }) => term === name && value !== null);
  const band = (name: string): Layer => ({
    data: { values: ownRows(name) },
    mark: { type: 'area', fill: scales.colour(name), fillOpacity: 0.18, aria: false },
    encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
  });
  const points = (name: string): Layer => ({
    data: { values: ownRows(name) },
    mark: { type: 'point', filled: true, opacity: 1, size: 22, color: scales.colour(name) },
    encoding: { x, y, tooltip },
  });
  const layer = filled([
    ...(run === 1 ? [] : names.map(band)),
    ...referenceLayers(references, x, y, sorted),
    {
      data: { values: rows },
      mark: { type: 'line', strokeWidth: 2, invalid: 'break-paths-show-path-domains' },
      encoding: { x, y, color, strokeDash: dash },
    },
    ...(sorted.length <= 40 ? names.map(points) : []),
  ]);
  const ends = names.map((name) => {
    const own = ownRows(name);
    return own.length === 0
      ? `${name} has no value`
      : `${name} from ${decimal(Number(own[0]!.value))} to ${decimal(Number(own.at(-1)!.value))}`;
  });
  const lines = Object.entries(references).map(([name, value]) => `${name} ${decimal(value)}`);
  return framed(frame, {
    title: 'Loss terms over the steps of training',
    notes: [
      run === 1
        ? `${counted(sorted.length, 'record')}.`
        : `${count(sorted.length)} records: a point is the mean of ${count(run)}, the band their lowest to highest.`,
      lines.length > 0 ? `Dotted: ${listed(lines)}.` : '',
    ],
    description:
      `Line chart of ${valueTitle} from ${stepTitle} ${count(first)} to ${count(last)}: ${listed(ends)}.` +
      (lines.length > 0 ? ` For comparison: ${listed(lines)}.` : ''),
    views: [{ width, height: 200, layer }],
  });
}

function check(where: string, records: readonly StepRecord[], scale: 'linear' | 'log'): string[] {
  if (listOf(where, 'records', records).length === 0) {
    throw outOfRange(where, 'records', 'a list of at least one record', records);
  }
  const names = new Set<string>();
  records.forEach((entry, index) => {
    record(where, `records[${index}]`, entry);
    const { step, terms } = entry;
    finite(where, `records[${index}].step`, step);
    if (typeof terms !== 'object' || terms === null) {
      throw wrongKind(where, `records[${index}].terms`, 'a record of numbers by name', terms);
    }
    for (const [name, given] of Object.entries(terms)) {
      const value = finiteOrNull(where, `records[${index}].terms.${name}`, given);
      if (scale === 'log' && value !== null && value <= 0) {
        throw outOfRange(where, `records[${index}].terms.${name}`, "above 0 with scale 'log'", value);
      }
      names.add(name);
    }
  });
  const hasValue = records.some(({ terms }) => Object.values(terms).some((value) => value !== null));
  if (!hasValue) throw outOfRange(where, 'records', 'records with at least one value', 'none');
  return [...names];
}

/** One row for each run of neighbouring steps: its mean, lowest and highest; null where none of them has a value. */
function blocks(name: string, sorted: readonly StepRecord[], run: number): Row[] {
  return Array.from({ length: Math.ceil(sorted.length / run) }, (_, index): Row => {
    const part = sorted.slice(index * run, (index + 1) * run);
    const values = part.map(({ terms }) => terms[name] ?? null).filter((value) => value !== null);
    const step = part.reduce((sum, record) => sum + record.step, 0) / part.length;
    if (values.length === 0) return { term: name, step, value: null, low: null, high: null };
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { term: name, step, value: mean, low: Math.min(...values), high: Math.max(...values) };
  });
}

function referenceLayers(
  references: Readonly<Record<string, number>>,
  x: NonNullable<Layer['encoding']['x']>,
  y: NonNullable<Layer['encoding']['y']>,
  sorted: readonly StepRecord[],
): Layer[] {
  const values = Object.entries(references).map(([name, value]) => ({ name, value, step: sorted[0]!.step }));
  if (values.length === 0) return [];
  return [
    {
      data: { values },
      mark: { type: 'rule', stroke: muted, strokeWidth: 1.5, strokeDash: [2, 3] },
      encoding: { y },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'bottom', dy: -3, dx: 4, fontSize: 11, color: ink, aria: false },
      encoding: { x, y, text: { field: 'name', type: 'nominal' } },
    },
  ];
}
