/** What the measures by principal directions share: which of two forms serves a batch, and why one does not stream. */
import { rangeError } from '../../check.ts';
import { type OptionReader, word } from '../../options.ts';
import { gramIsSmaller } from './ckaOptions.ts';
import { crossProducts } from './crossProducts.ts';
import type { Extents, PairForm, PairSimilarity, PairStatistics, Rematching } from './pairSimilarity.ts';
import type { PrincipalDirections } from './principalDirections.ts';
import { sampleGram } from './sampleGram.ts';

/** Options of the measures that come in two forms. */
export interface PrincipalFormOptions {
  /**
   * `'features'`: from the cross-products of features, exact over a stream, for at most 4096 features; `'gram'`: from the dot
   * products of at most 4096 samples of any number of features, in one go. `'auto'` (default) takes Gram matrices where there
   * are too many features for the other, or where they are the smaller way and the state would pass 2²² numbers.
   */
  readonly form?: 'auto' | 'features' | 'gram';
}

/** The reader of the option. */
export function principalForm(): { readonly form: OptionReader<NonNullable<PrincipalFormOptions['form']>> } {
  return { form: word(['auto', 'features', 'gram'], 'auto') };
}

/** The two forms of a measure. */
export interface FormsByExtent {
  /** For few features of many samples. Default `crossProducts`. */
  readonly byFeatures?: PairForm;
  /** For few samples of many features. Default `sampleGram`. */
  readonly bySamples?: PairForm;
}

/** Matrices of this extent are decomposed on the host: beyond it, nobody would wait for it. */
const greatestExtent = 4096;

function choose(
  where: string,
  form: NonNullable<PrincipalFormOptions['form']>,
  { byFeatures = crossProducts, bySamples = sampleGram }: FormsByExtent,
  { samples, x, y }: Extents,
): PairForm {
  const width = Math.max(...x, ...y);
  const byGram =
    form === 'gram' ||
    (form === 'auto' && samples <= greatestExtent && (width > greatestExtent || gramIsSmaller(samples, x, y)));
  const [what, extent] = byGram ? (['samples', samples] as const) : (['features', width] as const);
  if (extent > greatestExtent) {
    const hint = byGram ? 'Take a part of the samples.' : 'Average over positions, or take a random projection, first.';
    throw rangeError(where, `number of ${what}`, `at most ${greatestExtent}`, extent, hint);
  }
  return byGram ? bySamples : byFeatures;
}

/**
 * The parts of a similarity that depend on the form.
 */
export function principalForms(
  where: string,
  form: NonNullable<PrincipalFormOptions['form']>,
  ways: FormsByExtent = {},
): Pick<PairSimilarity<unknown>, 'forms' | 'leastSamples'> &
  Required<Pick<PairSimilarity<unknown>, 'choose' | 'mergeError'>> {
  const { byFeatures = crossProducts, bySamples = sampleGram } = ways;
  const both = { auto: [byFeatures, bySamples], features: [byFeatures], gram: [bySamples] } as const;
  return {
    leastSamples: 1,
    forms: both[form],
    choose: (extents) => choose(where, form, ways, extents),
    mergeError(used) {
      if (used.name === byFeatures.name) return undefined;
      const hint = "Pass { form: 'features' } for at most 4096 features.";
      return rangeError(where, 'form', "'features' for a stream", 'Gram matrices of one batch', hint);
    },
  };
}

/** The same directions of samples in another order: sample i is the one that was `order[i]`. */
export function reorderedDirections<Directions extends PrincipalDirections>(
  directions: Directions,
  order: Int32Array,
): Directions {
  const { vectors, extent } = directions;
  const reordered = new Float64Array(vectors.length);
  for (let start = 0; start < vectors.length; start += extent) {
    for (let sample = 0; sample < extent; sample++) reordered[start + sample] = vectors[start + order[sample]!]!;
  }
  return { ...directions, vectors: reordered };
}

/** How a similarity of principal directions serves a permutation test: the directions of samples, found once. */
export function rematchedDirections<Directions extends PrincipalDirections>(
  where: string,
  finish: (pair: PairStatistics<Directions>) => { readonly value: number },
  bySamples: PairForm = sampleGram,
): Rematching<object, Directions> {
  return {
    form: bySamples,
    check: (extents) => void choose(where, 'gram', { bySamples }, extents),
    matchingsOf: (pair) => ({
      valueFor(order) {
        const y = { ...pair.y, summary: reorderedDirections(pair.y.summary, order) };
        return finish({ ...pair, y }).value;
      },
    }),
  };
}
