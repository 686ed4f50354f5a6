/** Rows that a kernel draws: what it needs of them in the device's memory, and how long that stays there. */
import type { RowDraw } from '../backend.ts';
import type { Binding } from './dispatch.ts';
import { rowDrawProgram, rowDrawWorkgroup } from './kernels/rowDrawProgram.ts';
import type { Runtime } from './runtime.ts';
import type { Storage } from './storage.ts';

/** A draw on a device: its rows are known, and need not exist. */
export interface DeviceRowDraw {
  readonly seed: number;
  readonly count: number;
  readonly rows: number;
  readonly samples: number;
  readonly skips: Storage;
  readonly order: Storage | undefined;
}

/** The draws of one backend. */
export interface RowDraws {
  /** Brings a draw to the device: a few numbers a sample, and its order at the order's first use. */
  place(draw: RowDraw): DeviceRowDraw;
  /** Draws all rows now. */
  write(draw: DeviceRowDraw): Storage;
  /** Frees what `place` took. */
  release(draw: DeviceRowDraw): void;
  /** Forgets orders that no draw uses. */
  clear(): void;
}

/** What binds a kernel to a draw: buffers in the order of `rowDrawParts`, and uniforms. */
export function rowDrawBindings({ seed, count, rows, skips, order }: DeviceRowDraw): {
  readonly reads: readonly Binding[];
  readonly uniforms: Readonly<Record<string, number>>;
} {
  return {
    reads: [{ storage: skips, perUnit: 4 }, ...(order ? [{ storage: order, perUnit: 0 }] : [])],
    uniforms: { seed, count, population: rows },
  };
}

/** Orders stay on the device for as long as the host's array is in use, so that a step uploads none. */
export function createRowDraws(runtime: Runtime): RowDraws {
  let orders = new WeakMap<Int32Array, Storage>();
  const kept = new Set<Storage>();
  const collected = new FinalizationRegistry<Storage>((storage) => {
    if (kept.delete(storage)) runtime.release(storage);
  });

  /** The numbers' bytes as they are; the array's name for them never sees arithmetic. */
  const upload = (numbers: Int32Array): Storage =>
    runtime.upload(new Float32Array(new Int32Array(numbers).buffer), 'drawRows');

  const orderOf = (order: Int32Array): Storage => {
    const known = orders.get(order);
    if (known) return known;
    const storage = upload(order);
    orders.set(order, storage);
    kept.add(storage);
    collected.register(order, storage);
    return storage;
  };

  return {
    place({ seed, count, rows, order, skips }) {
      const onDevice = order && orderOf(order);
      const placed = { seed, count, rows, samples: skips.length / 4, skips: upload(skips), order: onDevice };
      if (onDevice) runtime.retain(onDevice);
      return placed;
    },
    write(draw) {
      const { samples, count, order } = draw;
      const storage = runtime.allocate([samples, count], 'drawRows');
      const { reads, uniforms } = rowDrawBindings(draw);
      runtime.run({
        key: `drawRows ${order !== undefined}`,
        build: () => rowDrawProgram(order !== undefined),
        reads,
        writes: [{ storage, perUnit: count }],
        uniforms,
        units: samples,
        groups: (units) => Math.ceil((units * count) / rowDrawWorkgroup),
      });
      return storage;
    },
    release({ skips, order }) {
      runtime.release(skips);
      if (order) runtime.release(order);
    },
    clear() {
      for (const storage of kept) runtime.release(storage);
      kept.clear();
      orders = new WeakMap();
    },
  };
}
