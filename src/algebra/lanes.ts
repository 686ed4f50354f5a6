/** The loops in WebAssembly, where the engine has it. */
import { bytesOfText, toBytes } from '../moduleText.ts';
import { laneLoops } from './generated/loops.ts';
import type { Loops, Room } from './loops.ts';

type Exports = { readonly [Name in keyof Loops]: (...values: readonly number[]) => void } & {
  firstFreeByte(): number;
};

let compiled: WebAssembly.Module | null | undefined;

/** The module, compiled at first use; null where the engine lacks lanes, or may not compile. */
function moduleOfLanes(): WebAssembly.Module | null {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(toBytes(bytesOfText(laneLoops)));
    } catch {
      compiled = null;
    }
  }
  return compiled;
}

const pageBytes = 65536;

/** Memory of so many pages; undefined where there is not enough. */
function memoryOf(pages: number): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: pages });
  } catch {
    return undefined;
  }
}

/**
 * A room for so many doubles in a memory of its own, which goes when the room does; undefined where there can be none.
 */
export function laneRoom(doubles: number): Room | undefined {
  const module = moduleOfLanes();
  const memory = module === null ? undefined : memoryOf(1 + Math.ceil((doubles * 8) / pageBytes));
  if (module === null || memory === undefined) return undefined;
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  let free = Math.ceil(exports.firstFreeByte() / 16) * 16;
  const at = (array: Float64Array): number => array.byteOffset;
  const call =
    (name: keyof Loops) =>
    (...values: readonly (Float64Array | number)[]): void =>
      exports[name](...values.map((value) => (typeof value === 'number' ? value : at(value))));
  return {
    loops: {
      multiplyUpdated: call('multiplyUpdated'),
      gatherUpdated: call('gatherUpdated'),
      multiplyRows: call('multiplyRows'),
      reflectRows: call('reflectRows'),
      rotateDown: call('rotateDown'),
      rotateUp: call('rotateUp'),
      multiplyTiles: call('multiplyTiles'),
    },
    array(size) {
      const array = new Float64Array(memory.buffer, free, size);
      free += Math.ceil(size / 2) * 16;
      return array;
    },
  };
}
