/**
 * The form of similarities by nearest neighbours: of each sample its nearest others, found on the device by tiles, and the
 * samples themselves, among which those of a later batch may find theirs.
 */
import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { HostStatistic, HostStatistics } from '../../metricState.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { dotRounding } from '../../ops/dotRounding.ts';
import type { LargestInRows } from '../../ops/largestInRows.ts';
import { type NearestRows, nearestRows } from '../../ops/nearestRows.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import { unitRows } from '../../ops/unitRows.ts';
import { mergedNeighbors, nearestAmong } from './hostNeighbors.ts';
import { checkKept, joinedRows } from './keptRows.ts';
import type { PairForm, SetStatistics } from './pairSimilarity.ts';

/** What near means: a large cosine, a small Euclidean distance, or a large dot product. */
export type NeighborMetric = 'cosine' | 'euclidean' | 'innerProduct';

/** What the form is told. */
export interface NeighborSettings {
  readonly k: number;
  readonly metric: NeighborMetric;
}

/** Neighbours of each sample of one set. */
export interface NeighborLists {
  readonly samples: number;
  readonly k: number;
  /** [samples, k], nearest first. */
  readonly places: Int32Array;
  /** [samples, k]: the cosine, −‖xᵢ − xⱼ‖² or the dot product. */
  readonly nearness: Float64Array;
  /** Samples whose k-th neighbour is no nearer than the next one, to rounding, so that their order decides which one counts. */
  readonly tied: number;
}

/** What samples are compared by: directions for the cosine, and nothing else that could vanish beside a larger sample. */
function comparedRows<T>(backend: Backend<T>, activations: T, metric: NeighborMetric): T {
  if (metric === 'innerProduct') return activations;
  if (metric === 'euclidean') return backend.subtract(activations, middleSample(backend, activations));
  return unitRows(backend, activations).directions;
}

/**
 * The sample that is nearest to the mean, [1, width]: from any origin distances are the same, from there they lose the least, and
 * samples on a grid stay on it, so that equal distances stay equal.
 */
function middleSample<T>(backend: Backend<T>, activations: T): T {
  const { centred } = centredSamples(backend, activations);
  const [samples = 1] = backend.shapeOf(centred);
  const squares = squaredLengths(backend, centred);
  const place = backend.argMax(backend.subtract(backend.scalar(0), backend.reshape(squares, [1, samples])));
  return backend.gather(activations, place);
}

/** The form of a metric. One neighbour more than asked for is kept: it shows a tie for the last place. */
export function neighborForm(where: string, { k, metric }: NeighborSettings): PairForm<NeighborSettings> {
  const degree = metric === 'cosine' ? 0 : 1;
  return {
    name: 'neighbors',
    sets: {
      rows: { shape: [null, 'features'], degree },
      neighbors: { shape: [null, k + 1], degree: 0 },
      nearness: { shape: [null, k + 1], degree: 2 * degree },
    },
    pairs: {},
    represent(backend, activations) {
      const rows = comparedRows(backend, activations, metric);
      const { places, nearness } = nearestOn(backend, rows, k + 1, metric === 'euclidean');
      // A batch is centred on its own mean: a later one has another.
      const kept = metric === 'euclidean' ? activations : rows;
      return { statistics: { rows: kept, neighbors: places, nearness }, working: {} };
    },
    relate: () => ({}),
    ofItself: () => ({}),
    mergeSets: (first, second) => mergedLists(where, first, second, metric),
  };
}

/** The nearest rows: in float64, where numbers lie in host memory and are doubles, by the loops of the algebra. */
function nearestOn<T>(backend: Backend<T>, rows: T, count: number, distances: boolean): NearestRows<T> {
  const held = backend.readSync?.(rows);
  if (!(held?.data instanceof Float64Array)) return nearestRows(backend, rows, count, distances);
  const { places, values } = nearestAmong({ data: held.data, width: held.shape[1]! }, count, distances);
  const shape = [held.shape[0]!, count];
  return {
    places: backend.fromHost({ data: places, shape }),
    nearness: backend.fromHost({ data: values, shape }),
  };
}

/** Each part's samples find neighbours in the other part as well. */
function mergedLists(
  where: string,
  first: SetStatistics,
  second: SetStatistics,
  metric: NeighborMetric,
): HostStatistics<string> {
  const [a, b] = [first.statistics.rows!, second.statistics.rows!];
  const [samples, width] = [a.shape[0]! + b.shape[0]!, a.shape[1]!];
  checkKept(where, samples, width);
  // Distances from any origin are the same; from one of the samples they lose the least.
  const origin = metric === 'euclidean' ? a.data.slice(0, width) : undefined;
  const rowsFrom = ({ data }: HostStatistic) => ({
    data: origin === undefined ? data : data.map((value, index) => value - origin[index % width]!),
    width,
  });
  const [own, later] = [listsOf(first), listsOf(second)];
  const { places, values, count } = mergedNeighbors(rowsFrom(a), own, rowsFrom(b), later, metric === 'euclidean');
  const shape = [samples, count];
  return { rows: joinedRows(a, b), neighbors: { data: places, shape }, nearness: { data: values, shape } };
}

function listsOf({ statistics: { neighbors, nearness } }: SetStatistics): LargestInRows {
  return { places: neighbors!.data, values: nearness!.data, count: neighbors!.shape[1]! };
}

/** The neighbours of one set; refuses fewer samples than have k others, and places that are none. */
export function neighborsOf(
  where: string,
  set: Omit<SetStatistics, 'summary'>,
  { k, metric }: NeighborSettings,
): NeighborLists {
  const { samples, statistics } = set;
  if (k >= samples) {
    throw rangeError(where, 'number of samples', `at least k + 1, ${k + 1}`, samples, 'Every sample needs k others.');
  }
  const [given, found] = [statistics.neighbors!.data, statistics.nearness!.data];
  const places = new Int32Array(samples * k);
  const nearness = new Float64Array(samples * k);
  // Cosines of samples that lie on one line differ by their rounding in float64.
  const rounding = metric === 'cosine' ? dotRounding(statistics.rows!.shape[1]!) : 0;
  let tied = 0;
  for (let row = 0; row < samples; row++) {
    const start = row * (k + 1);
    for (let rank = 0; rank < k; rank++) {
      const place = given[start + rank]!;
      if (!(Number.isInteger(place) && place >= 0 && place < samples)) {
        throw rangeError(where, "state's neighbors", `row numbers below ${samples}`, place);
      }
      places[row * k + rank] = place;
      nearness[row * k + rank] = found[start + rank]!;
    }
    if (found[start + k - 1]! - found[start + k]! <= rounding) tied++;
  }
  return { samples, k, places, nearness, tied };
}

/** The lists of the same samples in another order: sample i is the one that was `order[i]`. */
export function reorderedNeighbors(lists: NeighborLists, order: Int32Array): NeighborLists {
  const { samples, k } = lists;
  const now = new Int32Array(samples);
  order.forEach((before, place) => {
    now[before] = place;
  });
  const places = new Int32Array(samples * k);
  const nearness = new Float64Array(samples * k);
  for (let row = 0; row < samples; row++) {
    const start = order[row]! * k;
    for (let rank = 0; rank < k; rank++) {
      places[row * k + rank] = now[lists.places[start + rank]!]!;
      nearness[row * k + rank] = lists.nearness[start + rank]!;
    }
  }
  return { ...lists, places, nearness };
}
