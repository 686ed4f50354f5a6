/** Features of teacher and students: which rows are kept, which layers are compared, and what comes out. */
import { type CkaMatrixResult, ckaMatrix, deriveSeed, type HostTensor, measure } from 'dark-knowledge';
import type { Estimate, LayerEstimate } from './comparison.ts';
import { inputError } from './fault.ts';
import { type RowSample, rowSample } from './rowSample.ts';
import type { Part, Run, RunPart, Setup } from './setup.ts';
import { ckaInfluence, type RowInfluence, standardErrorOf } from './similarity.ts';

/** Features that are coming in. */
export interface LayerRows {
  offer(part: Part, first: number): void;
  /** Pairs of layers of a run. */
  pairs(run: number): readonly LayerPair[];
  /** Every layer with every layer, of a student's run. */
  matrix(run: number): CkaMatrixResult<string> | undefined;
  rows(): number;
}

/** Two layers, and how alike they are. */
export interface LayerPair extends RowInfluence {
  readonly layer: string;
  readonly teacherLayer: string;
}

/** Numbers of features that are kept at most, over all layers, and rows. */
const [mostNumbers, mostRows, leastRows] = [2 ** 24, 10_000, 256];
/** Rows of the matrix of all layers, whose cost grows with pairs. */
const matrixRows = 2000;

const nameOf = (run: number, layer: string): string => `${run}/${layer}`;

/** No rows yet. */
export function layerRows(setup: Setup): LayerRows {
  const runs = [setup.teacher, ...setup.students];
  const wanted = setup.teacher.layers.length > 0 && setup.students.some(({ layers }) => layers.length > 0);
  let sample: RowSample | undefined;
  let kept: Readonly<Record<string, HostTensor>> | undefined;
  const take = () => {
    kept ??= Object.fromEntries(Object.entries(sample?.taken() ?? {}).map(([name, tensor]) => [name, single(tensor)]));
    return kept;
  };
  return {
    offer(part, first) {
      if (!wanted) return;
      const tensors: Record<string, HostTensor> = {};
      for (const [index, { features }] of [part.teacher, ...part.students].entries()) {
        for (const layer of runs[index]!.layers)
          tensors[nameOf(index, layer)] = checked(runs[index]!, features, layer, part.rows);
      }
      if (sample === undefined) {
        const widths = Object.values(tensors).reduce((sum, { data }) => sum + data.length / part.rows, 0);
        const most = Math.max(leastRows, Math.min(mostRows, Math.floor(mostNumbers / widths)));
        sample = rowSample(most, deriveSeed(setup.options.seed, 2));
      }
      refuseOdd(runs, tensors, first, part.rows);
      sample.offer(first, part.rows, tensors);
    },
    pairs(run) {
      if (!wanted) return [];
      return pairedLayers(setup.teacher, runs[run]!).map(({ layer, teacherLayer }) => {
        const found = take();
        return { layer, teacherLayer, ...ckaInfluence(found[nameOf(run, layer)]!, found[nameOf(0, teacherLayer)]!) };
      });
    },
    matrix(run) {
      const [x, y] = [runs[run]!.layers, setup.teacher.layers];
      if (!wanted || x.length === 0 || x.length + y.length < 3) return undefined;
      const features = Object.fromEntries([
        ...x.map((layer) => [`x ${layer}`, everyKth(take()[nameOf(run, layer)]!, matrixRows)]),
        ...y.map((layer) => [`y ${layer}`, everyKth(take()[nameOf(0, layer)]!, matrixRows)]),
      ]) as Record<string, HostTensor>;
      const result = measure(
        ckaMatrix({ x: x.map((layer) => `x ${layer}`), y: y.map((layer) => `y ${layer}`) }),
        features,
      );
      return { ...result, x, y };
    },
    rows: () => sample?.size() ?? 0,
  };
}

/** Layers of the same name; where no name is shared, layers in their order, if there are equally many. */
export function pairedLayers(
  teacher: Pick<Run, 'layers'>,
  student: Pick<Run, 'layers'>,
): readonly { readonly layer: string; readonly teacherLayer: string }[] {
  const shared = student.layers.filter((layer) => teacher.layers.includes(layer));
  if (shared.length > 0) return shared.map((layer) => ({ layer, teacherLayer: layer }));
  if (student.layers.length !== teacher.layers.length) return [];
  return student.layers.map((layer, index) => ({ layer, teacherLayer: teacher.layers[index]! }));
}

/** Each layer's estimate over the trials of a student. */
export function layerEstimates(
  trials: readonly (readonly LayerPair[])[],
  z: number,
): Readonly<Record<string, LayerEstimate>> | undefined {
  const [first = []] = trials;
  if (first.length === 0) return undefined;
  const estimates = first.map(({ layer, teacherLayer, result, influence }, index) => {
    const own = trials.map((trial) => trial[index]!);
    const mean = (numberOf: (pair: LayerPair) => number) =>
      own.reduce((sum, pair) => sum + numberOf(pair), 0) / own.length;
    const value = mean((pair) => pair.result.value);
    const pull = influence.map((_, row) => mean((pair) => pair.influence[row]!));
    const half =
      z *
      standardErrorOf(
        pull,
        own.map((pair) => pair.result.value),
      );
    return [
      layer,
      {
        value,
        low: Math.max(0, value - half),
        high: Math.min(1, value + half),
        teacherLayer,
        debiased: mean((pair) => pair.result.debiased),
        chance: result.expected,
        rows: influence.length,
      },
    ] as const;
  });
  return Object.fromEntries(estimates);
}

/** Differences in the layers that two students share: the same rows, so that what is hard for both cancels. */
export function layerDifferences(
  first: readonly (readonly LayerPair[])[],
  second: readonly (readonly LayerPair[])[],
  z: number,
): Readonly<Record<string, Estimate>> | undefined {
  const differences = (first[0] ?? []).flatMap(({ layer, influence }) => {
    const [one, two] = [first, second].map((trials) =>
      trials.flatMap((trial) => trial.filter((pair) => pair.layer === layer)),
    );
    if (one!.length === 0 || two!.length === 0) return [];
    const mean = (pairs: readonly LayerPair[], numberOf: (pair: LayerPair) => number) =>
      pairs.reduce((sum, pair) => sum + numberOf(pair), 0) / pairs.length;
    const value = mean(one!, ({ result }) => result.value) - mean(two!, ({ result }) => result.value);
    const pull = influence.map(
      (_, row) => mean(one!, (pair) => pair.influence[row]!) - mean(two!, (pair) => pair.influence[row]!),
    );
    // Trials of different students are independent of one another: their variances add.
    const spread = [one!, two!].map((pairs) =>
      standardErrorOf(
        new Float64Array(0),
        pairs.map(({ result }) => result.value),
      ),
    );
    const half = z * Math.hypot(standardErrorOf(pull), ...spread);
    return [[layer, { value, low: value - half, high: value + half }] as const];
  });
  return differences.length === 0 ? undefined : Object.fromEntries(differences);
}

function checked({ place }: Run, features: RunPart['features'], layer: string, rows: number): HostTensor {
  const tensor = features[layer];
  if (tensor === undefined || tensor.shape[0] !== rows || tensor.data.length === 0) {
    throw inputError(`${place(layer)} must have ${rows} rows, got ${tensor?.shape[0] ?? 'none'}.`);
  }
  return tensor;
}

function refuseOdd(
  runs: readonly Run[],
  tensors: Readonly<Record<string, HostTensor>>,
  first: number,
  rows: number,
): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    const [run, ...layer] = name.split('/');
    const row = first + Math.floor(at / (data.length / rows));
    throw inputError(
      `${runs[Number(run)]!.place(layer.join('/'))} must be finite, got ${data[at]} in row ${row} (rows count from 0).`,
    );
  }
}

/**
 * Features as float32, in half the memory. Of others the first row is taken off, and the largest difference from it becomes
 * about 1, neither of which CKA sees: beside a large mean float32 would round away what differs, and what is huge or tiny leaves
 * its range. A constant feature stays one, as it would not less a rounded mean.
 */
function single({ data, shape }: HostTensor): HostTensor {
  if (data instanceof Float32Array) return { data, shape };
  const width = data.length / shape[0]!;
  // First to about 1, so that no difference overflows.
  const near = scaled(Float64Array.from(data));
  const differences = near.map((value, at) => value - near[at % width]!);
  return { data: Float32Array.from(scaled(differences)), shape };
}

/** Numbers over a power of two of the largest. */
function scaled(values: Float64Array): Float64Array {
  const scale = powerBelow(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return values.map((value) => value / scale);
}

/** The largest power of two that is not above a number; 1 for 0. */
function powerBelow(value: number): number {
  return value > 0 ? 2 ** Math.max(-1022, Math.floor(Math.log2(value))) : 1;
}

/** Rows from all over: the first ones may be of one class. */
function everyKth({ data, shape: [rows = 0, ...rest] }: HostTensor, most: number): HostTensor {
  const step = Math.ceil(rows / most);
  if (step === 1) return { data, shape: [rows, ...rest] };
  const width = data.length / rows;
  const kept = Math.ceil(rows / step);
  const chosen = new Float32Array(kept * width);
  for (let row = 0; row < kept; row++) {
    chosen.set(data.subarray(row * step * width, (row * step + 1) * width), row * width);
  }
  return { data: chosen, shape: [kept, ...rest] };
}
