/** Rows drawn from a stream at random: those with the smallest hashes, so that the draw depends on nothing but the seed. */
import { type HostTensor, randomBits, type TypedArray } from 'dark-knowledge';

/** A sample under way. */
export interface RowSample {
  /** Offers rows, the first of which has this number, of several tensors by name. */
  offer(first: number, rows: number, tensors: Readonly<Record<string, HostTensor>>): void;
  /** The rows drawn, in order, as one tensor by name. */
  taken(): Readonly<Record<string, HostTensor>>;
  /** How many there are. */
  size(): number;
}

interface Kept {
  readonly row: number;
  readonly hash: number;
  readonly values: Readonly<Record<string, TypedArray>>;
}

/** A sample of at most so many rows: all of them, where there are no more. */
export function rowSample(most: number, seed: number): RowSample {
  let kept: Kept[] = [];
  let shapes: Readonly<Record<string, readonly number[]>> = {};
  let bound = Infinity;
  const prune = () => {
    if (kept.length <= most) return;
    kept.sort((first, second) => first.hash - second.hash || first.row - second.row);
    kept = kept.slice(0, most);
    bound = kept.at(-1)!.hash;
  };
  return {
    offer(first, rows, tensors) {
      const entries = Object.entries(tensors);
      shapes = Object.fromEntries(entries.map(([name, { shape }]) => [name, shape.slice(1)]));
      for (let index = 0; index < rows; index++) {
        const hash = randomBits(seed, first + index);
        if (hash > bound) continue;
        const values = Object.fromEntries(
          entries.map(([name, { data }]) => {
            const width = data.length / rows;
            return [name, data.slice(index * width, (index + 1) * width)];
          }),
        );
        kept.push({ row: first + index, hash, values });
        if (kept.length >= 2 * most + 64) prune();
      }
    },
    taken() {
      prune();
      kept.sort((first, second) => first.row - second.row);
      const joined = Object.entries(shapes).map(([name, shape]) => {
        const parts = kept.map(({ values }) => values[name]!);
        const width = parts[0]?.length ?? 0;
        const single = parts.every((part) => part instanceof Float32Array);
        const data = single ? new Float32Array(kept.length * width) : new Float64Array(kept.length * width);
        parts.forEach((part, index) => {
          data.set(part, index * width);
        });
        return [name, { data, shape: [kept.length, ...shape] }] as const;
      });
      return Object.fromEntries(joined);
    },
    size: () => Math.min(most, kept.length),
  };
}
