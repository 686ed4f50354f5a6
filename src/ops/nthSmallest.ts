/** The places that a search still has to look at, both included. */
interface Places {
  low: number;
  high: number;
}

/**
 * The number that would stand at `rank` if they were sorted, by Hoare's selection: a few passes over ever fewer of them.
 * Reorders them: no number before the rank is larger afterwards, none after it smaller. NaN has no order: with one among
 * them the search ends all the same, at any number.
 */
export function nthSmallest(numbers: Float32Array | Float64Array, rank: number): number {
  const places = { low: 0, high: numbers.length - 1 };
  while (places.low < places.high) narrow(numbers, rank, places);
  return numbers[rank]!;
}

/** Parts the numbers at these places by one of them, and keeps those on the rank's side. */
function narrow(numbers: Float32Array | Float64Array, rank: number, places: Places): void {
  const { low, high } = places;
  const pivot = middleOf(numbers[low]!, numbers[(low + high) >> 1]!, numbers[high]!);
  let left = low;
  let right = high;
  while (left <= right) {
    while (numbers[left]! < pivot) left++;
    while (numbers[right]! > pivot) right--;
    if (left > right) break;
    const moved = numbers[left]!;
    numbers[left++] = numbers[right]!;
    numbers[right--] = moved;
  }
  // Between the two, if anything, stands one number that equals the pivot.
  if (rank <= right) places.high = right;
  else if (rank >= left) places.low = left;
  else places.low = places.high = rank;
}

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
