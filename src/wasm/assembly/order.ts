// Order and positions along the last axis. Sorting is by digits (11, 11 and 10 bits of the key), which keeps equal keys in
// their order and takes the same time whatever the numbers are.

const BUCKETS: usize = 2048;

/** Bytes of scratch for rows of `count` elements: keys and positions twice, and the sizes of the buckets. */
export function orderScratchBytes(count: usize): usize {
  return (count << 4) + (BUCKETS << 2);
}

/** A key that rises as the number falls; −0 is 0, and NaN is Infinity. */
@inline
function fallingKey(value: f32): u32 {
  const number: f32 = value != value ? Infinity : value + 0;
  const bits = reinterpret<u32>(number);
  // Numbers below 0 rise with their bits turned round; with the sign on top of the others, all rise together.
  return ~(bits & 0x80000000 ? ~bits : bits | 0x80000000);
}

/** Moves keys and positions into the order of one digit of the keys. */
function sortByDigit(
  keys: usize,
  positions: usize,
  newKeys: usize,
  newPositions: usize,
  count: usize,
  shift: u32,
  starts: usize,
): void {
  memory.fill(starts, 0, BUCKETS << 2);
  const end = count << 2;
  for (let at: usize = 0; at < end; at += 4) {
    const bucket = starts + (<usize>((load<u32>(keys + at) >> shift) & 2047) << 2);
    store<u32>(bucket, load<u32>(bucket) + 1);
  }
  let start: u32 = 0;
  for (let bucket = starts; bucket < starts + (BUCKETS << 2); bucket += 4) {
    const size = load<u32>(bucket);
    store<u32>(bucket, start);
    start += size;
  }
  for (let at: usize = 0; at < end; at += 4) {
    const key = load<u32>(keys + at);
    const bucket = starts + (<usize>((key >> shift) & 2047) << 2);
    const place = load<u32>(bucket);
    store<u32>(bucket, place + 1);
    store<u32>(newKeys + (<usize>place << 2), key);
    store<u32>(newPositions + (<usize>place << 2), load<u32>(positions + at));
  }
}

/** out = the positions of each row's elements in falling order. */
export function argSort(x: usize, out: usize, rows: usize, count: usize, scratch: usize): void {
  const bytes = count << 2;
  const keys = scratch;
  const positions = keys + bytes;
  const otherKeys = positions + bytes;
  const otherPositions = otherKeys + bytes;
  const starts = otherPositions + bytes;
  for (let row: usize = 0; row < rows; row++, x += bytes, out += bytes) {
    for (let index: usize = 0; index < count; index++) {
      store<u32>(keys + (index << 2), fallingKey(load<f32>(x + (index << 2))));
      store<u32>(positions + (index << 2), <u32>index);
    }
    sortByDigit(keys, positions, otherKeys, otherPositions, count, 0, starts);
    sortByDigit(otherKeys, otherPositions, keys, positions, count, 11, starts);
    sortByDigit(keys, positions, otherKeys, otherPositions, count, 22, starts);
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(out + at, <f32>load<u32>(otherPositions + at));
  }
}

/** Whether an index names one of `count` places. */
@inline
function isPlace(index: f32, count: usize): bool {
  return index >= 0 && index < <f32>count && index == floor(index);
}

/** out = the elements of each row at its indices; 0 where an index names no place. */
export function takeAlong(x: usize, indices: usize, out: usize, rows: usize, count: usize, picks: usize): void {
  for (let row: usize = 0; row < rows; row++, x += count << 2) {
    for (let pick: usize = 0; pick < picks; pick++, indices += 4, out += 4) {
      const index = load<f32>(indices);
      store<f32>(out, isPlace(index, count) ? load<f32>(x + (<usize>index << 2)) : 0);
    }
  }
}

/** out = for each row zeros, with its updates added at its indices. */
export function scatterAlong(indices: usize, updates: usize, out: usize, rows: usize, size: usize, picks: usize): void {
  memory.fill(out, 0, (rows * size) << 2);
  for (let row: usize = 0; row < rows; row++, out += size << 2) {
    for (let pick: usize = 0; pick < picks; pick++, indices += 4, updates += 4) {
      const index = load<f32>(indices);
      if (!isPlace(index, size)) continue;
      const place = out + (<usize>index << 2);
      store<f32>(place, load<f32>(place) + load<f32>(updates));
    }
  }
}
