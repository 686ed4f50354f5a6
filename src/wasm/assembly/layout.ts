import { offset0, offset1, resetOffsets, step } from './odometer';
import { transpose4 } from './transpose4';

// Moving elements: permuted axes (runs where the last axis stays, planes in 4×4 blocks where it moves), rows by index,
// one-hot rows.

/** Copies whole floats; engines leave WebAssembly for `memory.copy`, which takes longer than a short run does. */
@inline
function copyRun(out: usize, x: usize, bytes: usize): void {
  if (bytes > 1024) {
    memory.copy(out, x, bytes);
    return;
  }
  const end = out + bytes;
  for (; out + 16 <= end; out += 16, x += 16) v128.store(out, v128.load(x));
  for (; out < end; out += 4, x += 4) store<u32>(out, load<u32>(x));
}

/** Copies runs of `bytes` bytes from a walk over the input to a walk over the output. */
export function copyRuns(x: usize, out: usize, bytes: usize, plan: usize, axes: usize): void {
  resetOffsets();
  do {
    copyRun(out + offset1, x + offset0, bytes);
  } while (step(plan, axes));
}

/** Transposes planes of [rows, columns] along a walk over the remaining axes of input and output. */
export function transposePlanes(
  x: usize,
  rowBytes: usize,
  out: usize,
  outRowBytes: usize,
  rows: usize,
  columns: usize,
  plan: usize,
  axes: usize,
): void {
  resetOffsets();
  do {
    transposeMatrix(x + offset0, rowBytes, out + offset1, outRowBytes, rows, columns);
  } while (step(plan, axes));
}

/** Transposes [rows, columns] to [columns, rows]; strides in bytes between successive rows on either side. */
function transposeMatrix(
  x: usize,
  rowBytes: usize,
  out: usize,
  outRowBytes: usize,
  rows: usize,
  columns: usize,
): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  // Strips of 16 columns: 64 bytes of each input row are used while their cache line is there.
  for (let strip: usize = 0; strip < wholeColumns; strip += 16) {
    const stripEnd = min(strip + 16, wholeColumns);
    for (let row: usize = 0; row < wholeRows; row += 4) {
      for (let column = strip; column < stripEnd; column += 4) {
        transpose4(x + row * rowBytes + (column << 2), rowBytes, out + column * outRowBytes + (row << 2), outRowBytes);
      }
    }
  }
  copyTransposed(x, rowBytes, out, outRowBytes, wholeRows, rows, 0, wholeColumns);
  copyTransposed(x, rowBytes, out, outRowBytes, 0, rows, wholeColumns, columns);
}

function copyTransposed(
  x: usize,
  rowBytes: usize,
  out: usize,
  outRowBytes: usize,
  rowStart: usize,
  rowEnd: usize,
  columnStart: usize,
  columnEnd: usize,
): void {
  for (let column = columnStart; column < columnEnd; column++) {
    for (let row = rowStart; row < rowEnd; row++) {
      store<f32>(out + column * outRowBytes + (row << 2), load<f32>(x + row * rowBytes + (column << 2)));
    }
  }
}

/** Copies rows of `rowBytes` bytes by index; the host has checked the indices. */
export function gather(x: usize, indices: usize, out: usize, count: usize, rowBytes: usize): void {
  for (let index: usize = 0; index < count; index++, out += rowBytes) {
    copyRun(out, x + <usize>load<f32>(indices + (index << 2)) * rowBytes, rowBytes);
  }
}

/** Rows of zeros with a 1 at each index; an index outside [0, depth), or between whole numbers, leaves its row at 0. */
export function oneHot(indices: usize, out: usize, count: usize, depth: usize): void {
  memory.fill(out, 0, (count * depth) << 2);
  for (let row: usize = 0; row < count; row++, out += depth << 2) {
    const index = load<f32>(indices + (row << 2));
    if (index >= 0 && index < <f32>depth && index == floor(index)) store<f32>(out + (<usize>index << 2), 1);
  }
}
