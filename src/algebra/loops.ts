/**
 * The inner loops of the decompositions, and the room that they work in. They exist twice: in TypeScript
 * (`hostLoops.ts`), and two columns at a time in WebAssembly (`assembly/`), which is three to five times as fast.
 *
 * Arrays begin where a loop's part of them begins, and matrices have rows that are `stride` numbers apart.
 */

/** The loops. */
export interface Loops {
  /**
   * A step of `tridiagonalise`: takes v·wᵀ + w·vᵀ off the leading `count` rows of a symmetric matrix, whose lower triangle
   * alone is there, and adds what is left times `direction` to `product`.
   */
  multiplyUpdated(
    matrix: Float64Array,
    size: number,
    count: number,
    v: Float64Array,
    w: Float64Array,
    direction: Float64Array,
    product: Float64Array,
  ): void;
  /** A step of `bidiagonalise`: takes left·acrossᵀ + down·rightᵀ off, and adds directionᵀ times what is left to `product`. */
  gatherUpdated(
    matrix: Float64Array,
    stride: number,
    rows: number,
    columns: number,
    left: Float64Array,
    across: Float64Array,
    down: Float64Array,
    right: Float64Array,
    direction: Float64Array,
    product: Float64Array,
  ): void;
  /** out = matrix·direction. */
  multiplyRows(
    matrix: Float64Array,
    stride: number,
    rows: number,
    columns: number,
    direction: Float64Array,
    out: Float64Array,
  ): void;
  /** Reflects `count` rows: each loses `factor` times its product with the direction, times the direction. */
  reflectRows(
    matrix: Float64Array,
    stride: number,
    count: number,
    direction: Float64Array,
    width: number,
    factor: number,
  ): void;
  /** Turns rows k and k + 1, a and b, to c·a + s·b and c·b − s·a, for k from `first` to `end` − 1, in that order. */
  rotateDown(
    rows: Float64Array,
    width: number,
    cosines: Float64Array,
    sines: Float64Array,
    first: number,
    end: number,
  ): void;
  /** The same from `end` − 1 to `first`, in that order. */
  rotateUp(
    rows: Float64Array,
    width: number,
    cosines: Float64Array,
    sines: Float64Array,
    first: number,
    end: number,
  ): void;
  /**
   * tiles [count, 4, 4] += A·B for each of `count` panels [depth, 4] of B's rows, one behind the other, and one panel [depth, 4] of A's
   * columns; depth is at least 1.
   */
  multiplyTiles(a: Float64Array, panels: Float64Array, depth: number, count: number, tiles: Float64Array): void;
}

/** Makes a room for so many doubles. */
export type MakeRoom = (doubles: number) => Room;

/** Where loops find their numbers. */
export interface Room {
  readonly loops: Loops;
  /** Zeros. */
  array(size: number): Float64Array;
}
