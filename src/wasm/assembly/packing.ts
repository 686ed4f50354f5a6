import { TILE_COLUMNS, TILE_ROWS } from './matrixTile';

// Packing: a block of a matrix is copied into panels that the tile kernel reads straight through. Strides in bytes
// between rows and between columns describe the source, so a transposed matrix costs nothing extra.

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
  for (let start: usize = 0; start < count; start += width) {
    const used = min(width, count - start);
    const panel = from + start * acrossBytes;
    if (used == width && acrossBytes == 4) {
      packContiguous(panel, alongBytes, depth, width, into);
      into += (depth * width) << 2;
    } else {
      for (let index: usize = 0; index < depth; index++) {
        const source = panel + index * alongBytes;
        for (let lane: usize = 0; lane < used; lane++) {
          store<f32>(into + (lane << 2), load<f32>(source + lane * acrossBytes));
        }
        for (let lane = used; lane < width; lane++) store<f32>(into + (lane << 2), 0);
        into += width << 2;
      }
    }
  }
}

@inline
function packContiguous(panel: usize, alongBytes: usize, depth: usize, width: usize, into: usize): void {
  for (let index: usize = 0; index < depth; index++) {
    v128.store(into, v128.load(panel));
    if (width == TILE_COLUMNS) v128.store(into, v128.load(panel, 16), 16);
    else store<u32>(into, load<u32>(panel, 16), 16);
    panel += alongBytes;
    into += width << 2;
  }
}

/** A block of A, [rows][depth], to panels of 5 rows. */
export function packRows(a: usize, rowBytes: usize, columnBytes: usize, depth: usize, rows: usize, into: usize): void {
  packPanels(a, columnBytes, rowBytes, depth, rows, TILE_ROWS, into);
}

/** A block of B, [depth][columns], to panels of 8 columns. */
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
