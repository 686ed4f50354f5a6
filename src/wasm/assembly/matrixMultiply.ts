import { differenceTile } from './differenceTile';
import { multiplyTile, placeTile, TILE_COLUMNS, TILE_ROWS } from './matrixTile';
import { packColumns, packRows, panelBytes } from './packing';
import { transpose4 } from './transpose4';

// The blocked matrix product. A panel pair of the tile kernel stays in the first-level cache (256·(5 + 8)·4 = 13 KB), a
// packed block of A in the second-level one (100 KB), a packed block of B in the third.

/** Extent of the inner dimension that is summed in float32 before anything else happens to the sum. */
const DEPTH: usize = 256;
const BLOCK_ROWS: usize = TILE_ROWS * (100 / TILE_ROWS);
const BLOCK_COLUMNS: usize = 1024;

/** Bytes of a packed block of A. */
@inline
function bytesOfA(): usize {
  return (BLOCK_ROWS / TILE_ROWS) * panelBytes(DEPTH, TILE_ROWS);
}

/** Bytes of a packed block of B. */
@inline
function bytesOfB(): usize {
  return (BLOCK_COLUMNS / TILE_COLUMNS) * panelBytes(DEPTH, TILE_COLUMNS);
}

/** Bytes of scratch that `matrixMultiply` needs: packed blocks and one tile. */
export function matrixScratchBytes(): usize {
  return bytesOfA() + bytesOfB() + ((TILE_ROWS * TILE_COLUMNS) << 2);
}

/**
 * out = A·B, row-major, with rows of `outColumns` numbers. `…RowBytes` and `…ColumnBytes` are the strides of A
 * [rows][inner] and of B [inner][columns].
 *
 * @param wide `out` holds float64: blocks of 256 products are summed in float32, blocks in float64.
 * @param symmetric The product is known to be symmetric (X·Xᵀ), and A, `out` and `rows` are its rows from `first` on; its
 * columns end with them. Tiles above the diagonal are mirrored, not computed. Several calls for one product, over rows
 * that follow each other, write nowhere that another one reads or writes.
 * @param distances Squares of differences are summed in place of products.
 */
export function matrixMultiply(
  a: usize,
  aRowBytes: usize,
  aColumnBytes: usize,
  b: usize,
  bRowBytes: usize,
  bColumnBytes: usize,
  out: usize,
  outColumns: usize,
  rows: usize,
  columns: usize,
  inner: usize,
  wide: bool,
  symmetric: bool,
  first: usize,
  distances: bool,
  scratch: usize,
): void {
  const width: usize = wide ? 8 : 4;
  const outRowBytes = outColumns * width;
  const packedA = scratch;
  const packedB = packedA + bytesOfA();
  const tile = packedB + bytesOfB();
  if (inner == 0) {
    for (let row: usize = 0; row < rows; row++) memory.fill(out + row * outRowBytes, 0, columns * width);
  }
  for (let columnStart: usize = 0; columnStart < columns; columnStart += BLOCK_COLUMNS) {
    const blockColumns = min(BLOCK_COLUMNS, columns - columnStart);
    for (let depthStart: usize = 0; depthStart < inner; depthStart += DEPTH) {
      const depth = min(DEPTH, inner - depthStart);
      const fromB = b + depthStart * bRowBytes + columnStart * bColumnBytes;
      const bytesOfPanelA = panelBytes(depth, TILE_ROWS);
      const bytesOfPanelB = panelBytes(depth, TILE_COLUMNS);
      packColumns(fromB, bRowBytes, bColumnBytes, depth, blockColumns, packedB);
      for (let rowStart: usize = 0; rowStart < rows; rowStart += BLOCK_ROWS) {
        const blockRows = min(BLOCK_ROWS, rows - rowStart);
        if (symmetric && first + rowStart + blockRows <= columnStart) continue;
        const fromA = a + rowStart * aRowBytes + depthStart * aColumnBytes;
        packRows(fromA, aRowBytes, aColumnBytes, depth, blockRows, packedA);
        let panelB = packedB;
        for (let column: usize = 0; column < blockColumns; column += TILE_COLUMNS, panelB += bytesOfPanelB) {
          let panelA = packedA;
          const tileColumns = min(TILE_COLUMNS, blockColumns - column);
          for (let row: usize = 0; row < blockRows; row += TILE_ROWS, panelA += bytesOfPanelA) {
            const tileRows = min(TILE_ROWS, blockRows - row);
            if (symmetric && first + rowStart + row + tileRows <= columnStart + column) continue;
            const into = out + (rowStart + row) * outRowBytes + (columnStart + column) * width;
            if (distances) differenceTile(panelA, panelB, depth, tile);
            else multiplyTile(panelA, panelB, depth, tile);
            placeTile(tile, tileRows, tileColumns, into, outRowBytes, depthStart != 0, wide);
          }
        }
      }
    }
  }
  if (symmetric) mirror(out - first * outRowBytes, outColumns, first, first + rows, wide);
}

/** Copies rows of the lower triangle to columns of the upper one, in blocks that keep both sides' cache lines. */
function mirror(out: usize, size: usize, first: usize, end: usize, wide: bool): void {
  for (let rowStart = first; rowStart < end; rowStart += 16) {
    const rows = min(16, end - rowStart);
    for (let columnStart: usize = 0; columnStart < rowStart + rows; columnStart += 16) {
      if (columnStart + 16 <= rowStart && rows == 16) mirrorBlock(out, size, rowStart, columnStart, wide);
      else mirrorCorner(out, size, rowStart, rowStart + rows, columnStart, wide);
    }
  }
}

/** A block of 16 × 16 that does not touch the diagonal. */
function mirrorBlock(out: usize, size: usize, rowStart: usize, columnStart: usize, wide: bool): void {
  const width: usize = wide ? 8 : 4;
  const rowBytes = size * width;
  const step: usize = wide ? 2 : 4;
  for (let row = rowStart; row < rowStart + 16; row += step) {
    for (let column = columnStart; column < columnStart + 16; column += step) {
      const from = out + row * rowBytes + column * width;
      const into = out + column * rowBytes + row * width;
      if (wide) {
        const first = v128.load(from);
        const second = v128.load(from + rowBytes);
        v128.store(into, v128.shuffle<i64>(first, second, 0, 2));
        v128.store(into + rowBytes, v128.shuffle<i64>(first, second, 1, 3));
      } else transpose4(from, rowBytes, into, rowBytes);
    }
  }
}

function mirrorCorner(
  out: usize,
  size: usize,
  rowStart: usize,
  rowEnd: usize,
  columnStart: usize,
  wide: bool,
): void {
  const shift: usize = wide ? 3 : 2;
  for (let row = rowStart; row < rowEnd; row++) {
    const columnEnd = min(columnStart + 16, row);
    for (let column = columnStart; column < columnEnd; column++) {
      const from = out + ((row * size + column) << shift);
      const into = out + ((column * size + row) << shift);
      if (wide) store<f64>(into, load<f64>(from));
      else store<f32>(into, load<f32>(from));
    }
  }
}
