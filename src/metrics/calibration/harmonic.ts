/** Σ 1/(start + j) over j = 1 … size, and what continues it between whole numbers: ψ(start + size + 1) − ψ(start + 1). */
export function harmonicDifference(start: number, size: number): number {
  if (Number.isInteger(size) && size <= 16) {
    let sum = 0;
    for (let step = 1; step <= size; step++) sum += 1 / (start + step);
    return sum;
  }
  return digamma(start + size + 1) - digamma(start + 1);
}

/** ψ(x) for x ≥ 1: moved to x ≥ 16 by ψ(x + 1) = ψ(x) + 1/x, where the asymptotic series is exact to the last digit. */
function digamma(x: number): number {
  let moved = x;
  let sum = 0;
  while (moved < 16) sum -= 1 / moved++;
  const square = 1 / (moved * moved);
  const series =
    1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square * (1 / 132 - (square * 691) / 32760))));
  return sum + Math.log(moved) - 0.5 / moved - square * series;
}
