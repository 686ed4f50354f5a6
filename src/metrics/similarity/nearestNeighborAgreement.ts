import { readOptions, whole, word } from '../../options.ts';
import { checkExtentsKept } from './keptRows.ts';
import {
  type NeighborLists,
  type NeighborMetric,
  type NeighborSettings,
  neighborForm,
  neighborsOf,
  reorderedNeighbors,
} from './neighborLists.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairSimilarity, SimilarityMetric } from './pairSimilarity.ts';

/** Options of `nearestNeighborAgreement`. */
export interface NearestNeighborAgreementOptions {
  /** How many neighbours of each sample are compared. Default 10. */
  readonly k?: number;
  /** What makes samples near: a large cosine (default), a small Euclidean distance, or a large dot product. */
  readonly metric?: NeighborMetric;
}

/** What `nearestNeighborAgreement` returns. */
export interface NearestNeighborAgreementResult {
  /** `mutual`. */
  readonly value: number;
  /** The mean share of a sample's k neighbours in x that are among its k neighbours in y, in [0, 1]. */
  readonly mutual: number;
  /** The mean over samples of the neighbours that both sets have over those that either has, in [0, 1]. */
  readonly jaccard: number;
  /** What `mutual` is on average where the samples are matched at random: k/(n − 1). */
  readonly chance: number;
  /** (mutual − chance)/(1 − chance): 0 for chance, 1 for the same neighbours. 0 where k is n − 1 and chance is 1. */
  readonly excess: number;
  /** Samples of x whose k-th neighbour and next one are equally near. */
  readonly tiedX: number;
  readonly tiedY: number;
  readonly samples: number;
  /**
   * `'tied'`: some samples have two candidates for their last neighbour, as duplicates make them, and the value depends on the
   * order of the samples.
   */
  readonly status: 'ok' | 'tied';
}

/** How many neighbours each sample has in both lists. */
function overlapsOf(x: NeighborLists, y: NeighborLists): Int32Array {
  const { samples, k } = x;
  const seen = new Int32Array(samples).fill(-1);
  const overlaps = new Int32Array(samples);
  for (let row = 0; row < samples; row++) {
    for (let at = row * k; at < (row + 1) * k; at++) seen[x.places[at]!] = row;
    for (let at = row * k; at < (row + 1) * k; at++) if (seen[y.places[at]!] === row) overlaps[row]!++;
  }
  return overlaps;
}

function agreementOf(x: NeighborLists, y: NeighborLists): NearestNeighborAgreementResult {
  const { samples, k } = x;
  const overlaps = overlapsOf(x, y);
  const mutual = overlaps.reduce((sum, overlap) => sum + overlap, 0) / (k * samples);
  const shares = Array.from(overlaps, (overlap) => overlap / (2 * k - overlap));
  const chance = k / (samples - 1);
  return {
    value: mutual,
    mutual,
    jaccard: shares.reduce((sum, share) => sum + share, 0) / samples,
    chance,
    excess: chance === 1 ? 0 : (mutual - chance) / (1 - chance),
    tiedX: x.tied,
    tiedY: y.tied,
    samples,
    status: x.tied + y.tied > 0 ? 'tied' : 'ok',
  };
}

/**
 * Agreement of nearest neighbours: for each sample the k others that are nearest to it in x, and those in y; the mean share
 * that both have. It asks what a sample is close to, not how far the rest is, so that it sees what alignments of whole Gram
 * matrices average away.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. Neighbours are found by tiles of the
 * n × n table, in memory that grows with n alone; time grows as n². Of equally near samples the one of the lower row comes
 * first, and the status says that there were such. A sample of zeros has no direction: its cosine with all others is 0.
 *
 * It streams and merges exactly. Samples of one batch may be neighbours of another's, so the state keeps the activations of
 * both sets, at most 2²⁶ numbers each.
 *
 * @returns `{ value, mutual, jaccard, chance, excess, tiedX, tiedY, samples, status }`.
 * @throws RangeError for NaN or infinite activations, and for fewer than k + 1 samples.
 * @example
 * const { mutual, chance } = measure(nearestNeighborAgreement({ k: 10 }), { x: studentFeatures, y: teacherFeatures });
 * @see Huh et al., "The platonic representation hypothesis", 2024.
 */
// @__NO_SIDE_EFFECTS__
export function nearestNeighborAgreement(
  options: NearestNeighborAgreementOptions = {},
): SimilarityMetric<NearestNeighborAgreementResult> {
  const name = 'nearestNeighborAgreement';
  const settings = readOptions(name, options, {
    k: whole(1, 10),
    metric: word(['cosine', 'euclidean', 'innerProduct'], 'cosine'),
  });
  const form = neighborForm(name, settings);
  const similarity: PairSimilarity<NearestNeighborAgreementResult, NeighborSettings, NeighborLists> = {
    name,
    kind: 'similarity',
    leastSamples: 1,
    settings,
    forms: [form],
    choose(extents) {
      checkExtentsKept(name, extents);
      return form;
    },
    summarize: (set) => neighborsOf(name, set, settings),
    finish: ({ x, y }) => agreementOf(x.summary, y.summary),
    mirror: (result) => ({ ...result, tiedX: result.tiedY, tiedY: result.tiedX }),
    rematch: {
      form,
      matchingsOf: ({ x, y }) => ({
        valueFor: (order) => agreementOf(x.summary, reorderedNeighbors(y.summary, order)).value,
      }),
    },
  };
  return { name, reference: nearestNeighborAgreement, options: settings, ...twoSetMethods(similarity) };
}
