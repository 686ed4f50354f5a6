import { kindError } from '../../check.ts';
import type { OptionReader } from '../../options.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';

/** The reader of a similarity that a matrix is to be made of. */
export function similarityOption<Result>(): OptionReader<SimilarityMetric<Result>> {
  return (where, name, given) => {
    if (isSimilarity<Result>(given)) return given;
    const hint = typeof given === 'function' ? 'Call the factory: cka().' : undefined;
    throw kindError(where, name, 'a similarity such as representationalSimilarity() or cka()', given, hint);
  };
}

function isSimilarity<Result>(given: unknown): given is SimilarityMetric<Result> {
  return Array.isArray((given as Partial<SimilarityMetric<Result>> | undefined | null)?.pairs?.forms);
}

/** What a state keeps of a similarity: nothing merges with one of another name or of other options. */
export function namedSimilarity({ name, options }: SimilarityMetric<unknown>): Readonly<Record<string, unknown>> {
  return { name, ...options };
}
