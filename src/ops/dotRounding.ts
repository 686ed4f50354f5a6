/** What a dot product of so many terms may be off by in float64, as a share of the product of both norms. */
export function dotRounding(terms: number): number {
  return (terms + 4) * 2 ** -50;
}
