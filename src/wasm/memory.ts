/**
 * Linear memory as an arena. Small blocks (to 2 KiB) come from lists by size and go back there; large ones from the best
 * fitting gap, and neighbouring gaps are joined. Memory grows when nothing fits and never shrinks: WebAssembly cannot.
 *
 * Growing replaces the ArrayBuffer and empties every view of the old one, so nobody keeps a view: `floats()` and its
 * siblings make them anew after each growth.
 */
import type { Pointer } from './assemblyExports.ts';

const pageBytes = 65536;
const smallStep = 64;
const smallest = 2048;
const largeStep = 1024;
const chunkBytes = 32768;

/** Memory that is handed out in blocks aligned to 64 bytes. */
export interface Arena {
  /** A block of at least `bytes` bytes, holding whatever was there. */
  allocate(bytes: number): Pointer;
  free(pointer: Pointer): void;
  /** All of memory as float32. Valid until the next `allocate`. */
  floats(): Float32Array;
  /** All of memory as float64. Valid until the next `allocate`. */
  doubles(): Float64Array;
  /** All of memory as unsigned 32-bit numbers. Valid until the next `allocate`. */
  words(): Uint32Array;
  /** Blocks handed out and not freed: 0 when nothing leaks. */
  blocks(): number;
  /** Bytes in those blocks. */
  bytes(): number;
}

interface Gap {
  start: number;
  size: number;
}

/** Manages a memory from `firstFree` on. */
export function makeArena(memory: WebAssembly.Memory, firstFree: Pointer): Arena {
  const start = Math.ceil(firstFree / smallStep) * smallStep;
  /** Gaps in order of address; the last one ends where memory ends. */
  const gaps: Gap[] = [{ start, size: memory.buffer.byteLength - start }];
  const smallLists: Pointer[][] = Array.from({ length: smallest / smallStep + 1 }, () => []);
  const sizes = new Map<Pointer, number>();
  let used = 0;
  let buffer: ArrayBuffer | undefined;
  let floats = new Float32Array();
  let doubles = new Float64Array();
  let words = new Uint32Array();

  function renewViews(): void {
    if (buffer === memory.buffer) return;
    buffer = memory.buffer;
    floats = new Float32Array(buffer);
    doubles = new Float64Array(buffer);
    words = new Uint32Array(buffer);
  }

  function tryGrow(pages: number): boolean {
    try {
      memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  function grow(bytes: number): void {
    const before = memory.buffer.byteLength;
    const last = gaps.at(-1);
    const atEnd = last !== undefined && last.start + last.size === before ? last.size : 0;
    // By a quarter at least, so that a loop of rising sizes does not grow memory at every step.
    const missing = Math.ceil((bytes - atEnd) / pageBytes);
    const generous = Math.max(missing, Math.ceil(before / pageBytes / 4));
    if (!tryGrow(generous) && !tryGrow(missing)) {
      throw new RangeError(
        `wasmBackend: memory must fit in 4 GiB, got a request for ${bytes} bytes beside ${used} in use. ` +
          'Dispose tensors, wrap steps in scope(), or use smaller batches.',
      );
    }
    release(before, memory.buffer.byteLength - before);
  }

  /** Puts a block among the gaps and joins it with its neighbours. */
  function release(from: number, size: number): void {
    let low = 0;
    let high = gaps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (gaps[middle]!.start < from) low = middle + 1;
      else high = middle;
    }
    const before = gaps[low - 1];
    const after = gaps[low];
    const joinsBefore = before !== undefined && before.start + before.size === from;
    const joinsAfter = after !== undefined && from + size === after.start;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      gaps.splice(low, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.start = from;
      after.size += size;
    } else gaps.splice(low, 0, { start: from, size });
  }

  function takeLarge(size: number): Pointer {
    let best = -1;
    for (let index = 0; index < gaps.length; index++) {
      const fits = gaps[index]!.size >= size;
      if (fits && (best < 0 || gaps[index]!.size < gaps[best]!.size)) best = index;
    }
    if (best < 0) {
      grow(size);
      best = gaps.length - 1;
    }
    const gap = gaps[best]!;
    const pointer = gap.start;
    if (gap.size === size) gaps.splice(best, 1);
    else {
      gap.start += size;
      gap.size -= size;
    }
    return pointer;
  }

  function takeSmall(size: number): Pointer {
    const list = smallLists[size / smallStep]!;
    const free = list.pop();
    if (free !== undefined) return free;
    const chunk = takeLarge(chunkBytes);
    for (let at = chunk + size; at + size <= chunk + chunkBytes; at += size) list.push(at);
    return chunk;
  }

  return {
    allocate(bytes) {
      const step = bytes <= smallest ? smallStep : largeStep;
      const size = Math.max(1, Math.ceil(bytes / step)) * step;
      const pointer = size <= smallest ? takeSmall(size) : takeLarge(size);
      sizes.set(pointer, size);
      used += size;
      return pointer;
    },
    free(pointer) {
      const size = sizes.get(pointer);
      if (size === undefined) throw new RangeError(`free: pointer must be of a block in use, got ${pointer}.`);
      sizes.delete(pointer);
      used -= size;
      if (size <= smallest) smallLists[size / smallStep]!.push(pointer);
      else release(pointer, size);
    },
    floats() {
      renewViews();
      return floats;
    },
    doubles() {
      renewViews();
      return doubles;
    },
    words() {
      renewViews();
      return words;
    },
    blocks: () => sizes.size,
    bytes: () => used,
  };
}
