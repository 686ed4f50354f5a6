/** What the compiled kernels offer to TypeScript; lists of arguments that several of them end with have a name. */

/** A byte offset into linear memory; 0 where the assembly takes "none". */
export type Pointer = number;

/** How anchors' scores become terms of a contrastive loss, and where losses and gradients go. */
type ContrastOutputs = [
  scale: number,
  threshold: number,
  weights: Pointer,
  factor: number,
  losses: Pointer,
  gradients: Pointer,
  scratch: Pointer,
];

/** The bins of a calibration error, and where their sums and the numbers of faulty rows go. */
type Bins = [edges: Pointer, edgeCount: number, left: number, tolerance: number, sums: Pointer, faults: Pointer];

/** The functions of src/wasm/assembly, with their arguments in that order. Flags are 0 or 1. */
export interface Kernels {
  constantsEnd(): Pointer;
  binary(
    operation: number,
    a: Pointer,
    b: Pointer,
    out: Pointer,
    inner: number,
    aMoves: number,
    bMoves: number,
    plan: Pointer,
    axes: number,
  ): void;
  where(
    condition: Pointer,
    a: Pointer,
    b: Pointer,
    out: Pointer,
    inner: number,
    conditionMoves: number,
    aMoves: number,
    bMoves: number,
    plan: Pointer,
    axes: number,
  ): void;
  unary(operation: number, x: Pointer, out: Pointer, count: number): void;
  sum(x: Pointer, out: Pointer, outer: number, reduced: number, inner: number, scratch: Pointer): void;
  maximum(x: Pointer, out: Pointer, outer: number, reduced: number, inner: number): void;
  argMax(x: Pointer, out: Pointer, rows: number, count: number): void;
  copyRuns(x: Pointer, out: Pointer, bytes: number, plan: Pointer, axes: number): void;
  transposePlanes(
    x: Pointer,
    rowBytes: number,
    out: Pointer,
    outRowBytes: number,
    rows: number,
    columns: number,
    plan: Pointer,
    axes: number,
  ): void;
  gather(x: Pointer, indices: Pointer, out: Pointer, count: number, rowBytes: number): void;
  oneHot(indices: Pointer, out: Pointer, count: number, depth: number): void;
  orderScratchBytes(count: number): number;
  argSort(x: Pointer, out: Pointer, rows: number, count: number, scratch: Pointer): void;
  takeAlong(x: Pointer, indices: Pointer, out: Pointer, rows: number, count: number, picks: number): void;
  scatterAlong(indices: Pointer, updates: Pointer, out: Pointer, rows: number, size: number, picks: number): void;
  matrixScratchBytes(): number;
  matrixTileRows(): number;
  matrixMultiply(
    a: Pointer,
    aRowBytes: number,
    aColumnBytes: number,
    b: Pointer,
    bRowBytes: number,
    bColumnBytes: number,
    out: Pointer,
    outColumns: number,
    rows: number,
    columns: number,
    inner: number,
    wide: number,
    symmetric: number,
    first: number,
    distances: number,
    scratch: Pointer,
  ): void;
  contrastScratchBytes(): number;
  contrast(
    ...values: [
      anchors: Pointer,
      bank: Pointer,
      indices: Pointer,
      anchorCount: number,
      count: number,
      dimension: number,
      ...ContrastOutputs,
      positive: number,
    ]
  ): void;
  sortPairs(
    indices: Pointer,
    anchorCount: number,
    count: number,
    weights: Pointer,
    size: number,
    starts: Pointer,
    order: Pointer,
  ): void;
  contrastSorted(
    ...values: [
      anchors: Pointer,
      bank: Pointer,
      starts: Pointer,
      order: Pointer,
      size: number,
      dimension: number,
      ...ContrastOutputs,
    ]
  ): void;
}

/** The functions of the module of metrics. */
export interface MetricKernels {
  constantsEnd(): Pointer;
  topLabelBins(
    ...values: [scores: Pointer, labels: Pointer, rows: number, classes: number, fromLogits: number, ...Bins]
  ): void;
  classwiseBins(...values: [probabilities: Pointer, labels: Pointer, rows: number, classes: number, ...Bins]): void;
  centre(x: Pointer, rows: number, columns: number, centred: Pointer, offset: Pointer, squares: Pointer): number;
  weightedColumns(x: Pointer, weights: Pointer, rows: number, columns: number, out: Pointer): void;
  centreBlock(block: Pointer, rows: number, count: number, means: Pointer): void;
  addProducts(a: Pointer, b: Pointer, rows: number, count: number, sums: Pointer): void;
}
