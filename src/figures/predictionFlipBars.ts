import { type FigureOptions, framed, frameOf } from './frame.ts';
import { nameAxis } from './nameAxis.ts';
import { namedResults, outOfRange, whole } from './refusals.ts';
import type { Figure, Row } from './specification.ts';
import { ink, muted } from './theme.ts';
import { count, counted, percent, sampleSize } from './words.ts';

/** The table of right and wrong before and after, in rows: what `predictionFlips` counts. */
export interface PredictionFlips {
  readonly bothRight: number;
  /** Right before, wrong after. */
  readonly harmful: number;
  /** Wrong before, right after. */
  readonly beneficial: number;
  readonly bothWrong: number;
  /** Of those wrong before and after, the ones with another answer; left out, they are not told. */
  readonly bothWrongDifferently?: number;
}

/** Colours of loss and gain as in the degradation heat map; the side tells them apart too. */
const [harm, gain] = ['#b35806', '#542788'] as const;

/**
 * What a change of models did to single rows: to the left the share that was right and became wrong, to the right the share
 * that was wrong and became right; the diamond is their difference, the change of accuracy, with its 95 % interval
 * (±1.96·√(b + c − (b − c)²/n)/n). Two models of equal accuracy may differ on many rows, which only this shows.
 *
 * @param comparisons What `predictionFlips` returned, by the name of the comparison (`'teacher → student'`).
 * @throws RangeError for counts that are no whole numbers, for a table without rows, and for no comparison.
 * @example
 * const figure = predictionFlipBars({
 *   'teacher → student': { bothRight: 46, harmful: 4, beneficial: 0, bothWrong: 10, bothWrongDifferently: 1 },
 * });
 */
export function predictionFlipBars(
  comparisons: Readonly<Record<string, PredictionFlips>>,
  options: FigureOptions = {},
): Figure {
  const where = 'predictionFlipBars';
  const frame = frameOf(where, options);
  const tables = namedResults(where, 'comparisons', comparisons).map(([name, flips]) => tableOf(where, name, flips));
  const names = nameAxis(
    tables.map(({ name, rows }) => ({ name, beside: sampleSize(rows) })),
    Math.max(90, 0.3 * frame.inside),
  );
  const width = Math.floor(frame.inside - names.width - 12);
  const reach =
    1.1 * Math.max(0.005, ...tables.flatMap(({ harmful, beneficial, low, high }) => [harmful, beneficial, -low, high]));
  const values = tables.map(
    (table, index): Row => ({ ...table, index, left: 0 - table.harmful, told: sentence(table) }),
  );
  const x = {
    field: 'change',
    type: 'quantitative' as const,
    scale: { domain: [-reach, reach], nice: false },
    axis: {
      title: ['← lost | won →', 'share of rows'],
      labelExpr: "format(abs(datum.value), '.1~%')",
      tickCount: 5,
    },
  };
  const y = names.channel;
  const tooltip = [
    { field: 'name', type: 'nominal' as const, title: 'comparison' },
    { field: 'harmful', type: 'quantitative' as const, title: 'became wrong', format: '.2%' },
    { field: 'beneficial', type: 'quantitative' as const, title: 'became right', format: '.2%' },
    { field: 'change', type: 'quantitative' as const, title: 'change of accuracy', format: '+.2%' },
    { field: 'rows', type: 'quantitative' as const, title: 'rows', format: ',' },
  ];
  const bar = (field: 'left' | 'beneficial', fill: string) => ({
    data: { values },
    mark: { type: 'bar' as const, height: 14, yOffset: 6, fill, fillOpacity: 0.75, aria: false },
    encoding: { x: { ...x, field }, x2: { datum: 0 }, y, tooltip },
  });
  const text = (field: 'lost' | 'won', align: 'right' | 'left') => ({
    data: { values },
    mark: {
      type: 'text' as const,
      align,
      dx: align === 'left' ? 5 : -5,
      dy: -11,
      fontSize: 11,
      color: ink,
      aria: false,
    },
    encoding: { x: { datum: 0 }, y, text: { field, type: 'nominal' as const } },
  });
  return framed(frame, {
    title: 'Predictions that flipped',
    notes: [
      'Lost: rows that were right and became wrong. Won: the reverse. Diamond: change of accuracy, with its 95% interval.',
    ],
    description: `Bar chart of rows whose prediction became wrong or right. ${tables.map(sentence).join(' ')}`,
    views: [
      {
        width,
        height: 44 * tables.length,
        layer: [
          bar('left', harm),
          bar('beneficial', gain),
          {
            data: { values: [{ zero: 0 }] },
            mark: { type: 'rule', stroke: muted, aria: false },
            encoding: { x: { ...x, field: 'zero' } },
          },
          {
            data: { values },
            mark: { type: 'rule', stroke: ink, strokeWidth: 1.5, yOffset: 6, aria: false },
            encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
          },
          {
            data: { values },
            mark: {
              type: 'point',
              shape: 'diamond',
              filled: true,
              opacity: 1,
              size: 60,
              yOffset: 6,
              fill: '#ffffff',
              stroke: ink,
              strokeWidth: 1.5,
            },
            encoding: { x, y, description: { field: 'told', type: 'nominal' }, tooltip },
          },
          text('lost', 'right'),
          text('won', 'left'),
        ],
      },
    ],
  });
}

interface Table {
  readonly name: string;
  readonly rows: number;
  readonly harmful: number;
  readonly beneficial: number;
  readonly change: number;
  readonly low: number;
  readonly high: number;
  readonly lost: string;
  readonly won: string;
}

function tableOf(where: string, name: string, flips: PredictionFlips): Table {
  const { bothRight, harmful, beneficial, bothWrong, bothWrongDifferently } = flips;
  for (const [field, rows] of Object.entries({ bothRight, harmful, beneficial, bothWrong })) {
    whole(where, `comparisons.${name}.${field}`, rows);
  }
  if (bothWrongDifferently !== undefined) {
    whole(where, `comparisons.${name}.bothWrongDifferently`, bothWrongDifferently);
  }
  const rows = bothRight + harmful + beneficial + bothWrong;
  if (rows === 0) throw outOfRange(where, `comparisons.${name}`, 'a table of at least one row', 'none');
  const change = (beneficial - harmful) / rows;
  const error = Math.sqrt(Math.max(0, harmful + beneficial - (harmful - beneficial) ** 2 / rows)) / rows;
  const half = 1.959963984540054 * error;
  return {
    name,
    rows,
    harmful: harmful / rows,
    beneficial: beneficial / rows,
    change,
    low: change - half,
    high: change + half,
    lost: `${count(harmful)} lost`,
    won: `${count(beneficial)} won`,
  };
}

function sentence({ name, rows, harmful, beneficial, change, low, high }: Table): string {
  return (
    `${name}: of ${counted(rows, 'row')} ${percent(harmful)} became wrong and ${percent(beneficial)} right; ` +
    `accuracy changed by ${percent(change)} [${percent(low)}, ${percent(high)}].`
  );
}
