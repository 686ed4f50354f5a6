/**
 * What centred kernel alignment is of samples that are matched at random: mean and standard deviation over all n!
 * permutations of one set's samples, in closed form.
 */

/** Mean and standard deviation over all permutations. */
export interface ChanceMoments {
  readonly expected: number;
  readonly standardDeviation: number;
}

/** What is needed of a Gram matrix that is centred whole. */
export interface CentredMatrix {
  readonly trace: number;
  /** The sum of squares of all its elements. */
  readonly square: number;
  /** The sum of squares of its diagonal. */
  readonly diagonalSquares: number;
}

/**
 * Moments of the biased alignment ⟨K, L⟩/(|K||L|) of n ≥ 4 samples. A permutation average keeps of each matrix what is the
 * same in every order: its trace, and how much of its square lies on the diagonal.
 */
export function permutationMoments(n: number, x: CentredMatrix, y: CentredMatrix): ChanceMoments {
  // Each matrix over its norm: products of four numbers stay numbers.
  const [own, other] = [normalised(x), normalised(y)];
  const spreadOf = ({ trace }: typeof own) => n - 1 - trace * trace;
  const expected = (own.trace * other.trace) / (n - 1);
  // Samples that all lie equally far from each other are the same in every order: what is left is float32's rounding.
  if ([own, other].some((matrix) => spreadOf(matrix) <= 1e-6 * (n - 1))) return { expected, standardDeviation: 0 };
  const diagonalOf = ({ trace, diagonalSquares }: typeof own) =>
    n * (n + 1) * diagonalSquares - (n - 1) * (trace * trace + 2);
  const spread = (2 * spreadOf(own) * spreadOf(other)) / ((n - 1) ** 2 * (n + 1) * (n - 2));
  const diagonal = (diagonalOf(own) * diagonalOf(other)) / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3));
  return { expected, standardDeviation: Math.sqrt(Math.max(0, spread + diagonal)) };
}

function normalised({ trace, square, diagonalSquares }: CentredMatrix) {
  return { trace: trace / Math.sqrt(square), diagonalSquares: diagonalSquares / square };
}

/** Moments of the debiased alignment of n ≥ 4 samples, whatever they are. */
export function debiasedChance(n: number): ChanceMoments {
  return { expected: 0, standardDeviation: Math.sqrt(2 / (n * (n - 3))) };
}
