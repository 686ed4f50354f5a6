import { filled, framed, frameOf, legendBelow, type ModelFigureOptions } from './frame.ts';
import {
  type MapPoint,
  type MapView,
  type ModelPaths,
  type ModelPoints,
  pathPoints,
  standingPoints,
  viewOf,
} from './mapPoints.ts';
import { type LabelPlace, placeLabels } from './placeLabels.ts';
import { finite, outOfRange, record } from './refusals.ts';
import type { Encoding, FieldChannel, Figure, Layer, Row } from './specification.ts';
import { ink, seriesScales } from './theme.ts';
import { count, counted, decimal, listed } from './words.ts';

/** Names are written beside up to this many points: more, where groups do not tell them apart. */
const mostNames = { grouped: 8, alone: 24 };

/**
 * A map of models, on which distance stands for the dissimilarity of representations: points of
 * `multidimensionalScaling`, or the paths of models in training, from a ring at the first checkpoint to a large mark at the
 * last. Both axes have one scale, so that distances compare in every direction. Turning or mirroring the map changes
 * nothing; Stress-1 says how far it bends the dissimilarities.
 *
 * Of more than two dimensions the first two are drawn. Paths of more than 200 checkpoints are thinned to every k-th.
 *
 * @param result What `trainingPath` returned, or `{ ...multidimensionalScaling(…), names }`.
 * @throws RangeError for NaN, by its place, and for no point; TypeError for names that do not fit the points.
 * @example
 * const figure = modelMap(measure(trainingPath({ models, similarity: representationalSimilarity() }), activations));
 * const still = modelMap({ ...multidimensionalScaling([[0, 3, 4], [3, 0, 5], [4, 5, 0]]), names: ['a', 'b', 'c'] });
 * @see Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation", 2020, figures 1, 6 and 7.
 */
export function modelMap(result: ModelPaths | ModelPoints, options: ModelFigureOptions = {}): Figure {
  const where = 'modelMap';
  const frame = frameOf(where, options, ['models']);
  record(where, 'result', result);
  const moves = 'paths' in result;
  const all = moves ? pathPoints(where, result) : standingPoints(where, result);
  if (all.length === 0) throw outOfRange(where, 'coordinates', 'a list of at least one point', 'none');
  finite(where, 'stress1', result.stress1);
  const points = all.filter(({ isDrawn }) => isDrawn);
  const series = [...new Set(points.map((point) => point.series))];
  const view = viewOf(points, Math.min(frame.inside - 16, 440));
  const names = moves ? [] : namesOf(points, view, series.length < points.length);
  // A colour without a name beside its points needs a legend.
  const needsLegend = moves ? series.length > 1 : names.length < points.length || series.length < points.length;
  const legend = needsLegend ? legendBelow(series, view.width, { symbolSize: 70 }) : null;
  const scales = seriesScales(series, options.models);
  const bare = { title: null, labels: false, ticks: false, domain: false, tickCount: 6 };
  const channel = (field: 'x' | 'y') => ({
    field,
    type: 'quantitative' as const,
    scale: { domain: view[field], nice: false, zero: false },
    axis: bare,
  });
  const color: FieldChannel = { field: 'series', type: 'nominal', scale: scales.color, legend };
  const places: Encoding = { x: channel('x'), y: channel('y'), color };
  const encoding: Encoding = {
    ...places,
    shape: { field: 'series', type: 'nominal', scale: scales.shape, legend },
    description: { field: 'told', type: 'nominal' },
    tooltip: [
      { field: 'series', type: 'nominal', title: moves ? 'model' : 'group' },
      { field: 'name', type: 'nominal', title: moves ? 'checkpoint' : 'model' },
    ],
  };
  const layer = moves
    ? pathLayers(points, places, encoding)
    : [...standingLayers(points, encoding), ...nameLayers(names, view)];
  const dimensions = dimensionsOf(result);
  return framed(frame, {
    title: moves ? 'Training paths on a map of representations' : 'A map of models by their representations',
    notes: [
      `Distance stands for dissimilarity. Stress-1: ${decimal(result.stress1)}.`,
      moves ? 'Ring: first checkpoint. Large mark: last.' : '',
      points.length < all.length ? `Drawn: ${count(points.length)} of ${count(all.length)} checkpoints.` : '',
      dimensions > 2 ? `The first two of ${dimensions} axes.` : '',
    ],
    description:
      (moves
        ? `Map of the training paths of ${listed(series)}, ${counted(all.length, 'checkpoint')} in all, `
        : `Map of ${counted(all.length, 'model')}, ${listed(all.map(({ name }) => name))}, `) +
      `by the dissimilarity of their representations. Stress-1 is ${decimal(result.stress1)}.`,
    views: [{ width: view.width, height: view.height, layer }],
  });
}

function dimensionsOf(result: ModelPaths | ModelPoints): number {
  const coordinates = 'paths' in result ? Object.values(result.paths)[0]?.coordinates : result.coordinates;
  return coordinates?.[0]?.length ?? 0;
}

function rowOf({ x, y, series, name, step }: MapPoint): Row {
  return { x, y, series, name, step, told: name === series ? name : `${series}, ${name}` };
}

function pathLayers(points: readonly MapPoint[], places: Encoding, encoding: Encoding): Layer[] {
  const marks = (chosen: (point: MapPoint) => boolean, mark: Omit<Layer['mark'], 'type'>): Layer => ({
    data: { values: points.filter(chosen).map(rowOf) },
    mark: { type: 'point', ...mark },
    encoding,
  });
  return filled([
    {
      data: { values: points.map(rowOf) },
      mark: { type: 'line', strokeWidth: 1.5, strokeOpacity: 0.7 },
      encoding: { ...places, order: { field: 'step', type: 'quantitative' } },
    },
    marks(({ isFirst, isLast }) => !isFirst && !isLast, { filled: true, opacity: 0.8, size: 16, aria: false }),
    marks(({ isFirst, isLast }) => isFirst && !isLast, {
      filled: false,
      fill: '#ffffff',
      opacity: 1,
      size: 55,
      strokeWidth: 1.5,
    }),
    marks(({ isLast }) => isLast, { filled: true, opacity: 0.9, size: 110 }),
  ]);
}

function standingLayers(points: readonly MapPoint[], encoding: Encoding): Layer[] {
  const mark: Layer['mark'] = { type: 'point', filled: true, opacity: 0.9, size: 70 };
  return [{ data: { values: points.map(rowOf) }, mark, encoding }];
}

/** Names beside points; none where groups tell many points apart. */
function namesOf(points: readonly MapPoint[], view: MapView, grouped: boolean): LabelPlace[] {
  if (points.length > (grouped ? mostNames.grouped : mostNames.alone)) return [];
  const { x, y, width, height } = view;
  return placeLabels(
    points.map((point) => ({
      x: ((point.x - x[0]) / (x[1] - x[0])) * width,
      y: ((y[1] - point.y) / (y[1] - y[0])) * height,
      text: point.name,
    })),
    view,
  );
}

function nameLayers(names: readonly LabelPlace[], { x, y, width, height }: MapView): Layer[] {
  const axis = (domain: [number, number]) => ({
    type: 'quantitative' as const,
    scale: { domain, nice: false, zero: false },
  });
  return (['left', 'right', 'center'] as const)
    .map((align) => ({ align, chosen: names.filter((name) => name.align === align) }))
    .filter(({ chosen }) => chosen.length > 0)
    .map(
      ({ align, chosen }): Layer => ({
        data: {
          values: chosen.map((name) => ({
            x: x[0] + (name.x / width) * (x[1] - x[0]),
            y: y[1] - (name.y / height) * (y[1] - y[0]),
            text: name.text,
          })),
        },
        mark: { type: 'text', align, baseline: 'middle', fontSize: 11, color: ink, aria: false },
        encoding: {
          x: { field: 'x', ...axis(x) },
          y: { field: 'y', ...axis(y) },
          text: { field: 'text', type: 'nominal' },
        },
      }),
    );
}
