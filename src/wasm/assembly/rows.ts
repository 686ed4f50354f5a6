/** Partial sums are moved to float64 after this many elements, which keeps float32's error at that of a short sum. */
export const BLOCK: usize = 512;

/** 1 where `weights` is null, otherwise the row's weight. */
@inline
export function rowWeight(weights: usize, row: usize): f64 {
  return weights == 0 ? 1 : <f64>load<f32>(weights + (row << 2));
}
