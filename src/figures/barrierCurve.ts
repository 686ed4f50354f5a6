import type { InterpolationResult } from '../metrics/landscape/interpolation.ts';
import { everyKth, type FigureOptions, filled, framed, frameOf, gridOf, heading, legendBelow } from './frame.ts';
import { allFinite, finite, namedResults, outOfRange, sameLength, text } from './refusals.ts';
import type { Figure, Layer, Panel, Row } from './specification.ts';
import { colourOf, ink, muted } from './theme.ts';
import { valueAxisWidth, valueChannel, verticalAxis } from './valueAxis.ts';
import { count, decimal, listed } from './words.ts';

/** What a barrier curve shows of `linearInterpolation`'s result. */
export type Barrier = Pick<InterpolationResult, 'lambdas' | 'losses' | 'barrier'>;

/** Options of `barrierCurve`. */
export interface BarrierCurveOptions extends FigureOptions {
  /** The vertical axis's title, with its unit. Default `'loss'`. */
  readonly lossTitle?: string;
}

const baselines = [
  { name: 'linear', dash: [6, 3] },
  { name: 'mean', dash: [2, 2] },
  { name: 'endpoint', dash: [9, 3, 2, 3] },
] as const;
type Baseline = (typeof baselines)[number]['name'];

/** Points of a path beyond this number are thinned to every k-th. */
const mostPoints = 300;

/**
 * The loss along the straight line between two models, a panel for each pair, over the three baselines from which a barrier
 * is measured: the line between the two ends, their mean, and the higher of them. The upright line is the barrier over the
 * linear baseline, where the curve is furthest above it.
 *
 * Points whose loss is not a finite number leave a gap, and the text counts them. Of more than 300 points every k-th is
 * drawn.
 *
 * @param pairs What `linearInterpolation` returned, by the name of the pair (`'teacher → student'`).
 * @throws RangeError for a λ or a barrier that is not finite, and for no pair; TypeError for lists of different lengths.
 * @example
 * const figure = barrierCurve({ 'independent → distilled': await linearInterpolation({ from, to, evaluate: lossOf }) });
 * @see Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation", 2020, figures 8 and 9.
 */
export function barrierCurve(pairs: Readonly<Record<string, Barrier>>, options: BarrierCurveOptions = {}): Figure {
  const where = 'barrierCurve';
  const frame = frameOf(where, options, ['lossTitle']);
  const { lossTitle = 'loss' } = options;
  text(where, 'lossTitle', lossTitle);
  const entries = namedResults(where, 'pairs', pairs);
  for (const [name, pair] of entries) check(where, `pairs.${name}`, pair);
  const grid = gridOf(frame, entries.length, { margin: valueAxisWidth, least: 200, most: 540 });
  const views = entries.map(([name, pair]): Panel => {
    const missing = pair.losses.filter((loss) => !Number.isFinite(loss)).length;
    const points = pair.losses.length;
    const drawn = everyKth(points, mostPoints).length;
    const thinned = drawn < points ? `drawn: ${count(drawn)} of ${count(points)} points` : '';
    const gaps = missing === 0 ? '' : `no finite loss at ${count(missing)} of ${count(pair.losses.length)} points`;
    return {
      title: heading(name, [heights(pair), gaps, thinned], grid.heading),
      width: grid.plot,
      height: Math.min(220, Math.max(170, Math.round(0.6 * grid.plot))),
      layer: layersOf(pair, lossTitle, grid.plot),
    };
  });
  return framed(frame, {
    title: 'Loss between two models, and its barrier',
    notes: [
      'Solid: loss at λ · second model + (1 − λ) · first. Baselines: linear (dashed), mean of the ends (dotted), ' +
        'higher end (dash-dotted). Barrier: how far the curve rises above each.',
    ],
    description:
      `Loss along the straight line between the parameters of ${listed(entries.map(([name]) => name))}. ` +
      entries.map(([name, pair]) => `${name}: ${heights(pair)}`).join('. ') +
      '.',
    views,
    columns: grid.columns,
    shared: ['strokeDash'],
  });
}

function check(where: string, pair: string, { lambdas, losses, barrier }: Barrier): void {
  allFinite(where, `${pair}.lambdas`, lambdas);
  if (lambdas.length < 2) throw outOfRange(where, `${pair}.lambdas`, 'a list of at least 2 points', lambdas);
  sameLength(where, `${pair}.losses`, losses, 'lambdas', lambdas.length);
  for (const { name } of baselines) {
    finite(where, `${pair}.barrier.${name}`, barrier?.[name]);
  }
}

function heights({ barrier }: Barrier): string {
  return `barrier: linear ${decimal(barrier.linear)}, mean ${decimal(barrier.mean)}, endpoint ${decimal(barrier.endpoint)}`;
}

/** A baseline's height at λ. */
function baselineAt({ losses }: Barrier, baseline: Baseline, lambda: number): number {
  const [first, last] = [losses[0]!, losses.at(-1)!];
  if (baseline === 'linear') return lambda * last + (1 - lambda) * first;
  return baseline === 'mean' ? (first + last) / 2 : Math.max(first, last);
}

/** Where the curve is furthest above the line between its ends; nothing where it never is. */
function barrierPlace(pair: Barrier): Row[] {
  let place: Row[] = [];
  // A rise of a rounding is none.
  let highest = 1e-9 * Math.abs(pair.losses[0]!);
  pair.losses.forEach((loss, index) => {
    const lambda = pair.lambdas[index]!;
    const foot = baselineAt(pair, 'linear', lambda);
    if (!(loss - foot > highest)) return;
    highest = loss - foot;
    place = [{ lambda, loss, foot, height: highest }];
  });
  return place;
}

function layersOf(pair: Barrier, lossTitle: string, width: number): Layer[] {
  const rows = everyKth(pair.lambdas.length, mostPoints).map((index): Row => {
    const loss = pair.losses[index]!;
    return { lambda: pair.lambdas[index]!, loss: Number.isFinite(loss) ? loss : null };
  });
  const endsAreKnown = Number.isFinite(pair.losses[0]!) && Number.isFinite(pair.losses.at(-1)!);
  const lines = baselines.flatMap(({ name }) =>
    [0, 1].map((lambda): Row => ({ lambda, loss: baselineAt(pair, name, lambda), baseline: name })),
  );
  const x = {
    field: 'lambda',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { title: 'λ (0: first, 1: second)', tickCount: 5 },
  };
  const finiteLosses = pair.losses.filter(Number.isFinite);
  const y = valueChannel('loss', finiteLosses, { ...verticalAxis, title: lossTitle });
  const labels = baselines.map(({ name }) => name);
  return filled([
    {
      data: { values: endsAreKnown ? lines : [] },
      mark: { type: 'line', stroke: muted, strokeWidth: 1.5 },
      encoding: {
        x,
        y,
        strokeDash: {
          field: 'baseline',
          type: 'nominal',
          scale: { domain: labels, range: baselines.map(({ dash }) => [...dash]) },
          legend: legendBelow(labels, width, { symbolType: 'stroke', symbolSize: 400 }),
        },
      },
    },
    {
      data: { values: endsAreKnown ? barrierPlace(pair) : [] },
      mark: { type: 'rule', stroke: ink, strokeWidth: 1.5 },
      encoding: {
        x,
        y: { ...y, field: 'foot' },
        y2: { field: 'loss' },
        tooltip: [{ field: 'height', type: 'quantitative', title: 'linear barrier', format: '.4~g' }],
      },
    },
    {
      data: { values: rows },
      mark: { type: 'line', stroke: colourOf(0), strokeWidth: 2, invalid: 'break-paths-show-path-domains' },
      encoding: { x, y },
    },
    {
      data: { values: rows.filter(({ loss }) => loss !== null) },
      mark: { type: 'point', filled: true, opacity: 1, size: 22, color: colourOf(0) },
      encoding: {
        x,
        y,
        tooltip: [
          { field: 'lambda', type: 'quantitative', title: 'λ', format: '.3f' },
          { field: 'loss', type: 'quantitative', title: lossTitle, format: '.4~g' },
        ],
      },
    },
  ]);
}
