import type { ErrorOverlapResult } from '../metrics/behaviour/errorRegions.ts';
import { type FigureOptions, framed, frameOf } from './frame.ts';
import { nameAxis } from './nameAxis.ts';
import { finite, listOf, outOfRange, record, whole, wholeOf, wrongKind } from './refusals.ts';
import type { Axis, FieldChannel, Figure, Layer, Row } from './specification.ts';
import { colourOf, faint, ink } from './theme.ts';
import { count, counted, listed, percent, sampleSize } from './words.ts';

/** What error overlap bars show of `errorOverlap`'s result. */
export interface ErrorOverlap extends Pick<ErrorOverlapResult, 'value' | 'count' | 'errors'> {
  readonly regions: readonly { readonly models: readonly string[]; readonly count: number }[];
  readonly union: { readonly count: number };
}

/** Pixels that a region needs for its number. */
const leastColumn = 24;

/**
 * Which rows which models get wrong together: a bar for each region of the Venn diagram, the largest first, over a matrix
 * whose filled dots say which models are wrong there, and no other. Beside each name stand its errors in all.
 *
 * As many regions are drawn as are readable at the width; the text says how many rows the others hold.
 *
 * @param result What `errorOverlap` returned.
 * @throws RangeError for counts that are no whole numbers; TypeError for a region of a model without a name.
 * @example
 * const figure = errorOverlapBars(measure(errorOverlap({ models: ['teacher', 'student'] }), { labels, teacher, student }));
 * @see Lex, Gehlenborg, Strobelt, Vuillemot, Pfister: UpSet: visualization of intersecting sets (2014)
 */
export function errorOverlapBars(result: ErrorOverlap, options: FigureOptions = {}): Figure {
  const where = 'errorOverlapBars';
  const frame = frameOf(where, options);
  check(where, result);
  const { errors, regions, count: rows, union } = result;
  const names = nameAxis(
    errors.map(({ model, count: wrong }) => ({ name: model, beside: count(wrong) })),
    Math.max(90, 0.36 * frame.inside),
    false,
  );
  const width = Math.floor(frame.inside - Math.max(52, names.width) - 12);
  const bars = [...regions]
    .sort((first, second) => second.count - first.count)
    .slice(0, Math.floor(width / leastColumn));
  const others = regions.length - bars.length;
  const otherRows = sum(regions) - sum(bars);
  const step = Math.min(64, width / Math.max(1, bars.length));
  const plot = bars.length === 0 ? width : Math.floor(step * bars.length);
  const largest = bars[0];
  const share = result.value;
  const x = {
    field: 'bar',
    type: 'ordinal' as const,
    scale: { domain: bars.map((_, index) => index), paddingInner: 0.25, paddingOuter: 0.15 },
  };
  const hidden: Axis = { title: null, labels: false, ticks: false, domain: false, grid: false };
  const values = bars.map(
    (bar, index): Row => ({
      bar: index,
      rows: bar.count,
      label: count(bar.count),
      models: listed(bar.models, 24),
      share: rows === 0 ? 0 : bar.count / rows,
      told: `wrong by ${listed(bar.models, 24)}: ${counted(bar.count, 'row')}`,
    }),
  );
  return framed(frame, {
    title: 'Rows that models get wrong together',
    notes: [
      `${sampleSize(rows)}; wrong by at least one model: ${counted(union.count, 'row')}` +
        (rows > 0 ? ` (${percent(union.count / rows)}).` : '.'),
      'Filled dots: the models that are wrong on the rows of a bar. Beside a name: its errors.',
      others > 0 ? `Not drawn: ${counted(others, 'smaller region')}, ${counted(otherRows, 'row')} together.` : '',
    ],
    description:
      `Bar chart of the rows that ${listed(errors.map(({ model }) => model))} get wrong, of ${count(rows)}. ` +
      `${errors.map(({ model, count: wrong }) => `${model}: ${count(wrong)}`).join(', ')}. ` +
      (largest === undefined
        ? 'No model is wrong on any row.'
        : `Largest region: ${count(largest.count)} rows, wrong by ${listed(largest.models)}. ` +
          `All models are wrong on ${percent(share)} of the rows that any gets wrong.`),
    views: [
      {
        spacing: 4,
        resolve: { scale: { x: 'shared' } },
        vconcat: [
          {
            width: plot,
            height: 150,
            layer: bars.length === 0 ? [nothing()] : barLayers(values, { ...x, axis: hidden }),
          },
          {
            width: plot,
            height: (names.lines > 1 ? 16 * names.lines : 22) * errors.length,
            layer: matrixLayers(
              errors.map(({ model }) => model),
              bars,
              { ...x, axis: hidden },
              names.channel,
            ),
          },
        ],
      },
    ],
  });
}

type Region = ErrorOverlap['regions'][number];

function sum(regions: readonly Region[]): number {
  return regions.reduce((total, region) => total + region.count, 0);
}

function check(where: string, result: ErrorOverlap): void {
  record(where, 'result', result);
  const { value, errors, regions, count: rows, union } = result;
  if (listOf(where, 'errors', errors).length === 0) {
    throw outOfRange(where, 'errors', 'a list of at least one model', errors);
  }
  whole(where, 'count', rows);
  finite(where, 'value', value);
  record(where, 'union', union);
  const all = wholeOf(where, 'union.count', union.count, rows, 'count');
  for (const [index, { count: wrong }] of errors.entries()) {
    wholeOf(where, `errors[${index}].count`, wrong, all, 'union.count');
  }
  const names = errors.map(({ model }) => model);
  regions.forEach((region, index) => {
    wholeOf(where, `regions[${index}].count`, region.count, all, 'union.count');
    const stranger = region.models.find((model) => !names.includes(model));
    if (stranger !== undefined) throw wrongKind(where, `regions[${index}].models`, "the errors' models", stranger);
  });
}

function nothing(): Layer {
  return {
    data: { values: [{ text: 'No model is wrong on any row.' }] },
    mark: { type: 'text', color: ink, fontSize: 12 },
    encoding: { text: { field: 'text', type: 'nominal' } },
  };
}

function barLayers(values: Row[], x: FieldChannel): Layer[] {
  const y = {
    field: 'rows',
    type: 'quantitative' as const,
    axis: { title: 'rows', tickCount: 4, tickMinStep: 1, minExtent: 34, maxExtent: 34, format: '~s' },
  };
  const tooltip = [
    { field: 'models', type: 'nominal' as const, title: 'wrong' },
    { field: 'rows', type: 'quantitative' as const, title: 'rows', format: ',' },
    { field: 'share', type: 'quantitative' as const, title: 'of all rows', format: '.2%' },
  ];
  return [
    {
      data: { values },
      mark: { type: 'bar', fill: colourOf(0) },
      encoding: { x, y, description: { field: 'told', type: 'nominal' }, tooltip },
    },
    {
      data: { values },
      mark: { type: 'text', baseline: 'bottom', dy: -2, fontSize: 10, color: ink, aria: false },
      encoding: { x, y, text: { field: 'label', type: 'nominal' } },
    },
  ];
}

function matrixLayers(
  models: readonly string[],
  regions: readonly Region[],
  x: FieldChannel,
  y: FieldChannel,
): Layer[] {
  const wrong = (region: Region, model: number): boolean => region.models.includes(models[model]!);
  const dots = (filled: boolean): Row[] =>
    regions.flatMap((region, bar) =>
      models.flatMap((model, index): Row[] =>
        wrong(region, index) === filled ? [{ bar, index, model, wrong: filled }] : [],
      ),
    );
  const spans = regions.flatMap((region, bar): Row[] => {
    const those = models.flatMap((_, index) => (wrong(region, index) ? [index] : []));
    return those.length < 2 ? [] : [{ bar, index: those[0]!, last: those.at(-1)! }];
  });
  const point = (filled: boolean): Layer => ({
    data: { values: dots(filled) },
    // The bar above says it to a screen reader.
    mark: { type: 'point', filled: true, opacity: 1, size: 70, color: filled ? ink : faint, aria: false },
    encoding: { x, y },
  });
  return [
    {
      // Every model keeps its line, wherever the dots are.
      data: { values: models.map((_, index) => ({ index })) },
      mark: { type: 'rule', stroke: faint, strokeWidth: 1, aria: false },
      encoding: { y },
    },
    point(false),
    {
      data: { values: spans },
      mark: { type: 'rule', stroke: ink, strokeWidth: 2.5, aria: false },
      encoding: { x, y, y2: { field: 'last' } },
    },
    point(true),
  ];
}
