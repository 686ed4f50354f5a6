/**
 * P-values adjusted for several tests by Holm's rule: the smallest times the number of tests, the next times one less, and
 * so on, never falling and at most 1. Whatever the tests depend on, at a level of 5 % one in twenty such tables has a
 * wrong finding.
 *
 * @param values P-values, null for a test that was not made and does not count.
 * @see Holm: A simple sequentially rejective multiple test procedure (1979)
 */
export function holmAdjusted(values: readonly (number | null)[]): readonly (number | null)[] {
  const made = values
    .flatMap((value, index) => (value === null ? [] : [{ value, index }]))
    .sort((first, second) => first.value - second.value);
  const adjusted: (number | null)[] = values.map(() => null);
  let largest = 0;
  made.forEach(({ value, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (made.length - rank) * value));
    adjusted[index] = largest;
  });
  return adjusted;
}
