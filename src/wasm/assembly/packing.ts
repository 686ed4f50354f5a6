import { TILE_COLUMNS, TILE_ROWS } from './matrixTile';
import { transpose4 } from './transpose4';

// Packing: a block of a matrix is copied into panels that the tile kernel reads straight through. Strides in bytes
// between rows and between columns describe the source, so a transposed matrix costs little extra.

/**
 * Bytes of a panel. Its numbers are followed by a line of the cache that nobody uses: else all panels of 256 steps would
 * begin at the same place of the first-level cache, and a step that is copied to all of them would put out its own lines.
 */
@inline
export function panelBytes(depth: usize, width: usize): usize {
  return ((depth * width) << 2) + 64;
}

/** [count][depth] with the given strides to panels of `width` columns: [count/width][depth][width], zeros at the edge. */
@inline
function packPanels(
  from: usize,
  alongBytes: usize,
  acrossBytes: usize,
  depth: usize,
  count: usize,
  width: usize,
  into: usize,
): void {
  const whole = count - (count % width);
  const stride = panelBytes(depth, width);
  if (acrossBytes == 4) {
    for (let step: usize = 0; step < depth; step++) {
      copyStep(from + step * alongBytes, from + step * alongBytes + (whole << 2), width, into + ((step * width) << 2), stride);
    }
    into += (whole / width) * stride;
  } else {
    for (let start: usize = 0; start < whole; start += width, into += stride) {
      turnRows(from + start * acrossBytes, alongBytes, acrossBytes, depth, width, into);
    }
  }
  if (whole == count) return;
  const source = from + whole * acrossBytes;
  for (let step: usize = 0; step < depth; step++, into += width << 2) {
    for (let lane: usize = 0; lane < width; lane++) {
      const value = lane < count - whole ? load<f32>(source + step * alongBytes + lane * acrossBytes) : 0;
      store<f32>(into + (lane << 2), value);
    }
  }
}

/** The numbers of one step, which lie side by side, to all panels: the source is read straight through. */
@inline
function copyStep(source: usize, end: usize, width: usize, into: usize, stride: usize): void {
  for (; source < end; source += width << 2, into += stride) {
    v128.store(into, v128.load(source));
    if (width == 8) v128.store(into, v128.load(source, 16), 16);
    if (width == 5) store<u32>(into, load<u32>(source, 16), 16);
  }
}

/** Steps whose numbers lie far apart, four at a time where those of one row lie side by side. */
@inline
function turnRows(
  source: usize,
  alongBytes: usize,
  acrossBytes: usize,
  depth: usize,
  width: usize,
  into: usize,
): void {
  let step: usize = 0;
  if (alongBytes == 4) {
    for (; step + 4 <= depth; step += 4, source += 16, into += width << 4) {
      transpose4(source, acrossBytes, into, width << 2);
      const rest = source + (acrossBytes << 2);
      if (width == 8) transpose4(rest, acrossBytes, into + 16, width << 2);
      if (width == 5) {
        const last = v128.load(rest);
        v128.store32_lane(into, last, 0, 16);
        v128.store32_lane(into, last, 1, 36);
        v128.store32_lane(into, last, 2, 56);
        v128.store32_lane(into, last, 3, 76);
      }
    }
  }
  for (; step < depth; step++, source += alongBytes, into += width << 2) {
    for (let lane: usize = 0; lane < width; lane++) {
      store<f32>(into + (lane << 2), load<f32>(source + lane * acrossBytes));
    }
  }
}

/** A block of A, [rows][depth], to panels of a tile's rows. */
export function packRows(a: usize, rowBytes: usize, columnBytes: usize, depth: usize, rows: usize, into: usize): void {
  packPanels(a, columnBytes, rowBytes, depth, rows, TILE_ROWS, into);
}

/** A block of B, [depth][columns], to panels of a tile's columns. */
export function packColumns(
  b: usize,
  rowBytes: usize,
  columnBytes: usize,
  depth: usize,
  columns: usize,
  into: usize,
): void {
  packPanels(b, rowBytes, columnBytes, depth, columns, TILE_COLUMNS, into);
}
