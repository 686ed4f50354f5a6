import { rangeError } from '../../check.ts';
import { readOptions, whole } from '../../options.ts';
import { checkExtentsKept } from './keptRows.ts';
import {
  type NeighborLists,
  type NeighborSettings,
  neighborForm,
  neighborsOf,
  reorderedNeighbors,
} from './neighborLists.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairSimilarity, SimilarityMetric } from './pairSimilarity.ts';

/** Options of `cknna`. */
export interface CknnaOptions {
  /** How many neighbours of each sample take part. Default 10. */
  readonly k?: number;
}

/** What `cknna` returns. */
export interface CknnaResult {
  /** At most about 1, which it is for a set with itself; 0 where it is not defined. */
  readonly value: number;
  /** The pairs (sample, neighbour) that both sets have, of n·k. */
  readonly pairs: number;
  /** Samples of x whose k-th neighbour and next one are equally near. */
  readonly tiedX: number;
  readonly tiedY: number;
  readonly samples: number;
  /**
   * `'undefined'`: the alignment of a set with itself is not above 0, as where all its samples are equal. `'tied'`: some samples
   * have two candidates for their last neighbour, and the value depends on the order of the samples.
   */
  readonly status: 'ok' | 'tied' | 'undefined';
}

/** A sparse matrix by rows: in each row the neighbours that count, with their numbers. */
interface Masked {
  readonly lists: NeighborLists;
  /** For each entry of the lists whether it counts. */
  readonly counts: Uint8Array;
}

/** Both sets' lists, of which only the neighbours that they share count. */
function shared(x: NeighborLists, y: NeighborLists): readonly [Masked, Masked, pairs: number] {
  const { samples, k } = x;
  const seen = new Int32Array(samples).fill(-1);
  const [own, other] = [new Uint8Array(samples * k), new Uint8Array(samples * k)];
  let pairs = 0;
  for (let row = 0; row < samples; row++) {
    const [start, end] = [row * k, (row + 1) * k];
    for (let at = start; at < end; at++) seen[x.places[at]!] = at;
    for (let at = start; at < end; at++) {
      const found = seen[y.places[at]!]!;
      if (found < start) continue;
      own[found] = 1;
      other[at] = 1;
      pairs++;
    }
  }
  return [{ lists: x, counts: own }, { lists: y, counts: other }, pairs];
}

/** The sums of a sparse matrix's rows and of its columns. */
function sumsOf({ lists: { samples, k, places, nearness }, counts }: Masked) {
  const [rows, columns] = [new Float64Array(samples), new Float64Array(samples)];
  let total = 0;
  counts.forEach((count, at) => {
    if (count === 0) return;
    rows[Math.floor(at / k)]! += nearness[at]!;
    columns[places[at]!]! += nearness[at]!;
    total += nearness[at]!;
  });
  return { rows, columns, total };
}

/** Σ Kᵢⱼ·Lⱼᵢ of two sparse matrices. */
function crossSum(x: Masked, y: Masked): number {
  const { samples, k } = x.lists;
  // The rows of y by their columns: where row j holds i, it waits at i.
  const starts = new Int32Array(samples + 1);
  y.counts.forEach((count, at) => {
    if (count === 1) starts[y.lists.places[at]! + 1]!++;
  });
  for (let row = 0; row < samples; row++) starts[row + 1]! += starts[row]!;
  const entries = new Int32Array(starts[samples]!);
  const next = starts.slice();
  y.counts.forEach((count, at) => {
    if (count === 1) entries[next[y.lists.places[at]!]!++] = at;
  });
  const waiting = new Int32Array(samples).fill(-1);
  let sum = 0;
  for (let row = 0; row < samples; row++) {
    const [from, to] = [starts[row]!, starts[row + 1]!];
    for (let index = from; index < to; index++) waiting[Math.floor(entries[index]! / k)] = index;
    for (let at = row * k; at < (row + 1) * k; at++) {
      const index = x.counts[at] === 1 ? waiting[x.lists.places[at]!]! : -1;
      if (index >= from && index < to) sum += x.lists.nearness[at]! * y.lists.nearness[entries[index]!]!;
    }
  }
  return sum;
}

/** The unbiased HSIC, times n(n − 3), of two matrices without diagonal that need not be symmetric. */
function alignment(x: Masked, y: Masked): number {
  const n = x.lists.samples;
  const [own, other] = [sumsOf(x), sumsOf(y)];
  const through = own.columns.reduce((sum, column, index) => sum + column * other.rows[index]!, 0);
  return crossSum(x, y) + (own.total * other.total) / ((n - 1) * (n - 2)) - (2 * through) / (n - 2);
}

/** The alignment of a set with itself, where all its neighbours count. */
function ownAlignment(lists: NeighborLists): number {
  const whole = { lists, counts: new Uint8Array(lists.places.length).fill(1) };
  return alignment(whole, whole);
}

/** What is needed of one set. */
interface Neighborhood {
  readonly lists: NeighborLists;
  readonly own: number;
}

function cknnaOf(x: Neighborhood, y: Neighborhood): CknnaResult {
  const { samples } = x.lists;
  const [own, other, pairs] = shared(x.lists, y.lists);
  const [tiedX, tiedY] = [x.lists.tied, y.lists.tied];
  const isDefined = x.own > 0 && y.own > 0;
  return {
    value: isDefined ? alignment(own, other) / Math.sqrt(x.own) / Math.sqrt(y.own) : 0,
    pairs,
    tiedX,
    tiedY,
    samples,
    status: !isDefined ? 'undefined' : tiedX + tiedY > 0 ? 'tied' : 'ok',
  };
}

/**
 * CKNNA, kernel alignment of nearest neighbours: the debiased alignment of both Gram matrices of dot products, of which only
 * the entries count that lead from a sample to one of its k nearest others (of largest dot product) in both sets, over the
 * root of the same for each set with itself,
 *
 *     HSIC(K∘M, L∘M)/√(HSIC(K∘Mₖ, K∘Mₖ)·HSIC(L∘Mₗ, L∘Mₗ)),   M = Mₖ∘Mₗ, unbiased HSICs
 *
 * Between what `cka` sees, the whole, and what `nearestNeighborAgreement` sees, who is near. Masks lead from a sample to its
 * neighbours and not back, as the paper's code has them; what it adds to the denominator, 1e-6, is left out here. Dot products
 * are of the activations as they are: centre or normalise them first where that is meant.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. Neighbours are found by tiles, in memory
 * that grows with n alone; time grows as n². Of equally near samples the one of the lower row comes first, and the status
 * says that there were such. It streams and merges exactly, with a state that keeps the activations of both sets, at most 2²⁶
 * numbers each.
 *
 * @returns `{ value, pairs, tiedX, tiedY, samples, status }`.
 * @throws RangeError for NaN or infinite activations, and for fewer than k + 1 samples, or 4.
 * @example
 * const { value } = measure(cknna({ k: 10 }), { x: studentFeatures, y: teacherFeatures });
 * @see Huh et al., "The platonic representation hypothesis", 2024, appendix A.
 */
// @__NO_SIDE_EFFECTS__
export function cknna(options: CknnaOptions = {}): SimilarityMetric<CknnaResult> {
  const name = 'cknna';
  const { k } = readOptions(name, options, { k: whole(1, 10) });
  const form = neighborForm(name, { k, metric: 'innerProduct' });
  const similarity: PairSimilarity<CknnaResult, NeighborSettings, Neighborhood> = {
    name,
    kind: 'similarity',
    leastSamples: 1,
    settings: { k, metric: 'innerProduct' },
    forms: [form],
    choose(extents) {
      checkExtentsKept(name, extents);
      return form;
    },
    summarize(set) {
      if (set.samples < 4) throw rangeError(name, 'number of samples', 'at least 4', set.samples);
      const lists = neighborsOf(name, set, { k, metric: 'innerProduct' });
      return { lists, own: ownAlignment(lists) };
    },
    finish: ({ x, y }) => cknnaOf(x.summary, y.summary),
    mirror: (result) => ({ ...result, tiedX: result.tiedY, tiedY: result.tiedX }),
    rematch: {
      form,
      matchingsOf: ({ x, y }) => ({
        valueFor: (order) =>
          cknnaOf(x.summary, { ...y.summary, lists: reorderedNeighbors(y.summary.lists, order) }).value,
      }),
    },
  };
  return { name, reference: cknna, options: { k }, ...twoSetMethods(similarity) };
}
