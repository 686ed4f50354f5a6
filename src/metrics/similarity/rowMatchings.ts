/** Representational similarity where the samples are matched in other ways: the normalised rows of each set, made once. */
import { checkMatrixSamples, matchedProduct } from './matchedProduct.ts';
import { type RepresentationalSettings, rowsOfPart } from './normalisedGram.ts';
import type { PairForm, Rematching } from './pairSimilarity.ts';

/** The form that keeps those rows, for orders of the samples. */
const keptGram: PairForm<RepresentationalSettings> = {
  name: 'keptRows',
  sets: {
    rows: { shape: ['samples', 'samples'], degree: 0 },
    counted: { shape: ['samples', 1], degree: 0, kind: 'count' },
  },
  pairs: {},
  represent: (backend, activations, { preset }) => ({
    statistics: { ...rowsOfPart(backend, activations, preset) },
    working: {},
  }),
  relate: () => ({}),
  ofItself: () => ({}),
};

/** How the similarity serves a permutation test, where the samples of a batch are all related with each other. */
export function rematchedRows({
  batchSize,
}: RepresentationalSettings): Rematching<RepresentationalSettings> | undefined {
  if (batchSize !== undefined) return undefined;
  return {
    form: keptGram,
    check: checkMatrixSamples,
    matchingsOf: ({ x, y }) => ({
      valueFor(order) {
        const [own, other] = [x.statistics.counted!.data, y.statistics.counted!.data];
        const rows = own.reduce((sum, counts, row) => sum + counts * other[order[row]!]!, 0);
        return rows === 0 ? 0 : matchedProduct(x.statistics.rows!.data, y.statistics.rows!.data, order) / rows;
      },
    }),
  };
}
