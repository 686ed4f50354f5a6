/** Turns 4 × 4 floats whose rows lie `fromBytes` apart to where rows lie `intoBytes` apart. */
@inline
export function transpose4(from: usize, fromBytes: usize, into: usize, intoBytes: usize): void {
  const row0 = v128.load(from);
  const row1 = v128.load(from + fromBytes);
  const row2 = v128.load(from + (fromBytes << 1));
  const row3 = v128.load(from + fromBytes * 3);
  const left01 = v128.shuffle<i32>(row0, row1, 0, 4, 1, 5);
  const left23 = v128.shuffle<i32>(row2, row3, 0, 4, 1, 5);
  const right01 = v128.shuffle<i32>(row0, row1, 2, 6, 3, 7);
  const right23 = v128.shuffle<i32>(row2, row3, 2, 6, 3, 7);
  v128.store(into, v128.shuffle<i64>(left01, left23, 0, 2));
  v128.store(into + intoBytes, v128.shuffle<i64>(left01, left23, 1, 3));
  v128.store(into + (intoBytes << 1), v128.shuffle<i64>(right01, right23, 0, 2));
  v128.store(into + intoBytes * 3, v128.shuffle<i64>(right01, right23, 1, 3));
}
