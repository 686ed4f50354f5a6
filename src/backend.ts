/**
 * The contract between formulas and devices: a small vocabulary of tensor operations. Every loss and every metric is
 * written once against it; a backend is passed in, never looked up.
 *
 * Rules for all members:
 * - Pure: arguments are borrowed, never changed or freed. A result is new, or shares storage that nobody writes to.
 * - A tensor holds real numbers (float32 on devices). Class labels and row numbers are whole numbers in such a tensor.
 * - IEEE arithmetic: `log(0)` is −Infinity, `exp(−Infinity)` is 0, NaN stays NaN (in `max` and `maximum` too), comparisons
 *   with NaN are false.
 * - Axes may be negative, counting from the last, in reductions and in permutations alike; each is named at most once.
 *   Shapes broadcast as in NumPy. Extents may be 0.
 * - A call that makes no sense is an error at the call, `backend.member: argument must be X, got Y.`: a tensor that was freed
 *   or is another backend's, shapes that do not fit, axes that are none, a permutation that names an axis twice.
 */
import type { HostTensor } from './tensor.ts';

/** The extents of a tensor's axes. */
export type Shape = readonly number[];

/** Which axes a reduction runs over (all, when left out), and whether they stay with extent 1. */
export interface ReduceOptions {
  /** One axis or several, counted from the last where negative. Left out: all of them. */
  readonly axis?: number | readonly number[];
  /** Whether what is reduced stays as an extent of 1. Default false. */
  readonly keepDims?: boolean;
}

/** Whether a matrix is transposed before it is multiplied. */
export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Rows to draw at random, with replacement, as plain host data: for sample s and k below `count`, with a, la, b, lb =
 * skips[4·s …],
 *
 *     n = randomBelow(seed, s·count + k, rows − la − lb)
 *     if (n ≥ a) n += la
 *     if (n ≥ b) n += lb
 *     row = order[n], or n where there is no order
 *
 * Whoever makes one sees to it that every sample has a row left.
 */
export interface RowDraw {
  /** A whole number below 2³². */
  readonly seed: number;
  /** Rows drawn for each sample. */
  readonly count: number;
  /** The number of rows to draw from, below 2³¹. */
  readonly rows: number;
  /** The row at each place, [rows]; by number, when left out. Not changed afterwards: a device keeps its copy. */
  readonly order?: Int32Array;
  /** First place and length of the two intervals that a sample skips, in rising order, [samples, 4]. A length may be 0. */
  readonly skips: Int32Array;
}

/** A tensor while it is being made, row by row along its first axis. */
export interface RowsInParts<T> {
  /** Copies the rows that follow those written before; they stay the caller's. More than the shape has are refused. */
  write(rows: T): void;
  /** The tensor, once all its rows are written, and not before. Nothing is written afterwards. */
  finish(): T;
}

/** About 25 required members; `src/cpu` is their readable definition, `./testing` the suite that a backend must pass. */
export interface Backend<T> {
  /** For messages: `'cpu'`, `'wasm'`, `'tfjs:webgl'` … */
  readonly name: string;

  // Lifetime
  /**
   * Runs `compute`, which is synchronous, and frees every tensor made in it, except those that its result reaches through
   * arrays and records: nested to any depth, and in circles too. After an error it frees them all.
   */
  scope<Result>(compute: () => Result): Result;
  /** Frees a tensor; afterwards its use is an error. Freeing it again does nothing; another backend's is refused. */
  dispose(tensor: T): void;
  /** Whether a value is a tensor of this kind of backend. */
  isTensor(value: unknown): value is T;

  // Host boundary
  /** Copies (or borrows) a host array, as many numbers as its shape asks for. Integer arrays may keep their storage. */
  fromHost(tensor: HostTensor): T;
  /** A tensor of shape [] with one number. */
  scalar(value: number): T;
  /** The extents of a tensor's axes; [] for a scalar. */
  shapeOf(tensor: T): Shape;
  /** Brings a tensor to the host. */
  read(tensor: T): Promise<HostTensor>;
  /** Present only where reading costs no wait: the tensor lives in host memory. */
  readonly readSync?: (tensor: T) => HostTensor;

  // Element-wise, with broadcasting
  /** a + b. */
  add(a: T, b: T): T;
  /** a − b. */
  subtract(a: T, b: T): T;
  /** a · b. */
  multiply(a: T, b: T): T;
  /** a / b; 1/0 is Infinity, 0/0 NaN. */
  divide(a: T, b: T): T;
  /** The larger of both; NaN where either is. */
  maximum(a: T, b: T): T;
  /** 1 where a > b, else 0. */
  greater(a: T, b: T): T;
  /**
   * `a` where the condition is not 0, else `b`: a choice, so that the other side's NaN or Infinity does not leak. A condition
   * of NaN is not 0.
   */
  where(condition: T, a: T, b: T): T;
  /** e to the power of x. */
  exp(x: T): T;
  /** The natural logarithm; −Infinity at 0, NaN below. */
  log(x: T): T;
  /** The square root; NaN below 0. */
  sqrt(x: T): T;
  /** The absolute value. */
  abs(x: T): T;

  // Reductions
  /** The sum over some axes, or all; over none of them (`[]`) the numbers themselves. Of no elements it is 0. */
  sum(x: T, options?: ReduceOptions): T;
  /** The largest element over some axes, or all; NaN where one is. Of no elements it is −Infinity. */
  max(x: T, options?: ReduceOptions): T;
  /**
   * Position of the largest element along the last axis, the first one on ties; that axis goes away. Nothing is larger than a
   * NaN in the first place, and a NaN elsewhere is larger than nothing.
   */
  argMax(x: T): T;

  // Layout and algebra
  /** The same elements in the same order, in another shape. */
  reshape(x: T, shape: Shape): T;
  /** Permutes axes, each of which the permutation names once; without one it swaps the last two. */
  transpose(x: T, permutation?: readonly number[]): T;
  /** Matrix product of the last two axes; leading axes must be equal on both sides. */
  matMul(a: T, b: T, options?: MatMulOptions): T;

  // Indexing
  /**
   * [...] → [..., depth], depth at least 1, with a 1 at each index; an index outside [0, depth), or between whole numbers, gives
   * a row of zeros.
   */
  oneHot(indices: T, depth: number): T;
  /**
   * Rows of `x` along its first axis: shape of `indices`, then `x`'s further axes. An index that is no row number, whole and in
   * [0, rows), is an error where tensors can be read at once (`readSync`), and elsewhere gives a row of NaN.
   */
  gather(x: T, indices: T): T;

  // Optional natives; the composite in `src/ops` serves where one is missing
  /** Log-probabilities along the last axis. */
  readonly logSoftmax?: (x: T) => T;
  /**
   * ‖xᵢ − xⱼ‖² between all rows of a matrix [rows, width], as [rows, rows], by differences: 0 exactly between equal rows. A
   * composite needs all differences, a block of them at a time.
   */
  readonly squaredDistances?: (x: T) => T;
  /** A copy of `x` in which the rows at `positions` (row numbers, all different) are those of `replacement`, in order. */
  readonly replaceRows?: (x: T, positions: ArrayLike<number>, replacement: T) => T;
  /**
   * Draws rows on the device, [samples, count], the same as the host would: at 256 samples and 16 384 rows each, the table
   * would be an upload of 16 MB in every step.
   */
  readonly drawRows?: (draw: RowDraw) => T;
  /**
   * Positions of the elements along the last axis in falling order, [..., n]: of equal ones the first comes first. −0 equals
   * 0, and NaN equals Infinity.
   */
  readonly argSort?: (x: T) => T;
  /**
   * Elements along the last axis by position: `x` [..., n] and `indices` [..., k], with equal leading axes, give [..., k].
   * An index outside [0, n), or between whole numbers, gives 0.
   */
  readonly takeAlong?: (x: T, indices: T) => T;
  /**
   * Sums by position along the last axis: [..., size] with `updates` [..., k] added where `indices` [..., k] say. An index
   * outside [0, size), or between whole numbers, adds nothing. `size` is at least 1.
   */
  readonly scatterAlong?: (indices: T, updates: T, size: number) => T;
  /** Begins a tensor whose rows along the first axis are written in parts, so that the parts never lie beside the whole. */
  readonly rowsInParts?: (shape: Shape) => RowsInParts<T>;
  /**
   * Computes tensors now, where the backend puts operations off inside a scope: what they are computed from may then be
   * freed. Absent where operations run at once.
   */
  readonly settle?: (tensors: readonly T[]) => void;
  /**
   * Says that tensors will be read, where the backend puts operations off: what has to be computed before the scope ends, for a
   * matrix product say, brings them along, instead of their being made of the same steps once more later.
   */
  readonly announce?: (tensors: readonly T[]) => void;
  /**
   * Computes something of tensors on another backend that puts operations off, where this one's own tensors cannot: the
   * runners of losses and metrics take that way. Results are new tensors, in the tree that `compute` makes.
   */
  readonly recorded?:
    | ((
        inputs: Readonly<Record<string, T>>,
        compute: <R>(backend: Backend<R>, inputs: Readonly<Record<string, R>>) => TensorTree<R>,
      ) => TensorTree<T>)
    | undefined;
  /**
   * Holds a tensor until it is disposed of, where the platform would free it earlier: at the end of a user's `tf.tidy`. For
   * what lives from call to call, such as a memory.
   */
  readonly keep?: (tensor: T) => void;
  /** Whether a tensor was freed, where the backend can tell: the runners then name it in an error. */
  readonly isDisposed?: (tensor: T) => boolean;
  /** The number of tensors alive, where the backend counts them: for leak tests. */
  readonly tensorCount?: () => number;
  /** Kernels that replace whole losses or statistics on this backend. */
  readonly fusedKernels?: readonly FusedKernel<T>[];
}

/** Tensors and numbers by name, in any depth. */
export interface TensorTree<T> {
  readonly [name: string]: T | number | TensorTree<T> | undefined;
}

/** A tree of tensors by name: what the forward pass leaves for the backward pass. Data, never closures. */
export interface Residuals<T> {
  readonly [name: string]: T | Residuals<T> | undefined;
}

/** What a forward pass returns. */
export interface Forward<T> {
  readonly value: T;
  readonly residuals: Residuals<T>;
  /** The value of each part of a composed loss, unweighted. */
  readonly terms?: Readonly<Record<string, T>>;
}

/** Inputs by name as a kernel sees them: already checked by the loss or metric that it replaces. */
export type KernelInputs<T> = Readonly<Record<string, T | undefined>>;

/** A kernel that replaces a loss's two methods. It receives the loss's options, checked and with defaults filled in. */
export interface FusedLossKernel<T> {
  readonly kind: 'loss';
  /** The `reference` of the losses that this kernel computes: compared by identity. */
  readonly implements: object;
  /** Whether it covers these options (all, when left out); the composite serves the rest. */
  readonly supports?: (options: object) => boolean;
  /** The loss's forward pass; undefined leaves these inputs to the composite. */
  forward(options: object, inputs: KernelInputs<T>): Forward<T> | undefined;
  /** The loss's backward pass, from the residuals of the kernel's own forward pass; undefined for the composite's. */
  backward(options: object, residuals: Residuals<T>, upstream: T): readonly T[] | undefined;
  /** The value alone, without what only the gradient needs; undefined as in `forward`. */
  readonly evaluate?: (options: object, inputs: KernelInputs<T>) => T | undefined;
}

/** A kernel that replaces a metric's `statistics`. */
export interface FusedMetricKernel<T> {
  readonly kind: 'metric';
  /** The `reference` of the metrics that this kernel computes: compared by identity. */
  readonly implements: object;
  /** Whether it covers these options (all, when left out); the composite serves the rest. */
  readonly supports?: (options: object) => boolean;
  /** The metric's statistics, under its own names; undefined leaves these inputs to the composite. */
  statistics(options: object, inputs: KernelInputs<T>): Readonly<Record<string, T>> | undefined;
}

/** What a kernel of pairs knows of one set of activations. */
export interface KernelRepresentation<T, Working> {
  /** Kept and merged, under the form's names. */
  readonly statistics: Readonly<Record<string, T>>;
  /** The kernel's own, for `relate`. */
  readonly working: Working;
}

/** A kernel that takes the place of `represent` and `relate` in a form of similarities between sets of activations. */
export interface FusedPairKernel<T, Working = unknown> {
  readonly kind: 'pairs';
  /** The mark of the form that it computes: compared by identity, and a changed copy of a form has none. */
  readonly implements: object;
  /** Whether it covers these settings (all, when left out); the form itself serves the rest. */
  readonly supports?: (settings: object) => boolean;
  /** Statistics of one set of activations [n, features]. */
  represent(activations: T, settings: object): KernelRepresentation<T, Working>;
  /** Statistics of each of some pairs. */
  relate(
    pairs: readonly (readonly [KernelRepresentation<T, Working>, KernelRepresentation<T, Working>])[],
    settings: object,
  ): readonly Readonly<Record<string, T>>[];
}

/** A kernel that replaces a loss, a metric's statistics, or a part of them on one backend. */
export type FusedKernel<T> = FusedLossKernel<T> | FusedMetricKernel<T> | FusedPairKernel<T>;

/** A backend whose tensors live in host memory: what the synchronous, plain-name runners need. */
export type HostBackend<T> = Backend<T> & {
  /** Brings a tensor to the host at once. */
  readonly readSync: (tensor: T) => HostTensor;
};
