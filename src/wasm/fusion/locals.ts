/**
 * Locals that are never in use at once share a place. Whoever writes code asks for a local for each number, and never gives one
 * back; but engines take time and memory for each local at each branch, and refuse functions that have too many.
 */
import type { LocalType } from './instructions.ts';

/** The locals of one function, shared by the pieces of its code; parameters are the first ones. */
export interface Locals {
  readonly parameters: readonly LocalType[];
  readonly types: LocalType[];
}

/** Adds a local. */
export function addLocal({ parameters, types }: Locals, type: LocalType): number {
  return parameters.length + types.push(type) - 1;
}

/** What an assembler tells of its code, in the order of the code. */
export interface LocalUses {
  /** A `loop` begins; the last one that has begun ends. */
  beginLoop(): void;
  endLoop(): void;
  use(local: number, isRead: boolean): void;
  places(): LocalPlaces;
}

/** Where a function's locals are. */
export interface LocalPlaces {
  /** Of the places after those of parameters. */
  readonly types: readonly LocalType[];
  /** Each local's place. */
  readonly of: Int32Array;
}

/** A loop: where it begins and ends, in uses of locals, and the loop around it. */
interface Loop {
  readonly around: Loop | undefined;
  readonly depth: number;
  readonly first: number;
  last: number;
}

/** After all uses. */
const never = 2 ** 31 - 1;

/** Notes the uses of a function's locals. */
export function localUses({ parameters, types }: Locals): LocalUses {
  const count = parameters.length;
  const first = new Int32Array(types.length).fill(-1);
  const last = new Int32Array(types.length);
  /** The innermost loop around all uses. */
  const homes: (Loop | undefined)[] = [];
  const used: number[] = [];
  const loops: (Loop | undefined)[] = [];
  let loop: Loop | undefined;

  function common(a: Loop | undefined, b: Loop | undefined): Loop | undefined {
    let [one, other] = [a, b];
    while (one !== other) {
      if ((one?.depth ?? 0) >= (other?.depth ?? 0)) one = one?.around;
      else other = other?.around;
    }
    return one;
  }

  /** A loop that does not hold all uses of a local may come back to it: there the local is in use throughout. */
  function extend(): void {
    used.forEach((local, at) => {
      let own = loops[at];
      const home = homes[local];
      if (own === home) return;
      while (own!.around !== home) own = own!.around;
      first[local] = Math.min(first[local]!, own!.first);
      last[local] = Math.max(last[local]!, own!.last);
    });
  }

  return {
    beginLoop() {
      loop = { around: loop, depth: (loop?.depth ?? 0) + 1, first: used.length, last: 0 };
    },
    endLoop() {
      loop!.last = used.length;
      loop = loop!.around;
    },
    use(local, isRead) {
      const own = local - count;
      if (own < 0) return;
      const at = used.length;
      if (first[own] === -1) {
        // What is read before it is written is 0, or comes from the loop's last time round: nobody else's place.
        first[own] = isRead ? 0 : at;
        last[own] = isRead ? never : at;
        homes[own] = loop;
      } else {
        homes[own] = common(homes[own], loop);
        last[own] = Math.max(last[own]!, at);
      }
      used.push(own);
      loops.push(loop);
    },
    places() {
      extend();
      const of = Int32Array.from({ length: count + types.length }, (_, local) => local);
      const placed: LocalType[] = [];
      const free: Record<LocalType, number[]> = { i32: [], f64: [], v128: [] };
      const living = types.map((_, local) => local).filter((local) => first[local] !== -1);
      const byEnd = living.toSorted((a, b) => last[a]! - last[b]!);
      let ended = 0;
      for (const local of living.sort((a, b) => first[a]! - first[b]!)) {
        for (; last[byEnd[ended]!]! < first[local]!; ended++) {
          const over = byEnd[ended]!;
          free[types[over]!].push(of[count + over]!);
        }
        const type = types[local]!;
        of[count + local] = free[type].pop() ?? count + placed.push(type) - 1;
      }
      return { types: placed, of };
    },
  };
}
