import type { EigenComponentsResult } from '../metrics/deviation/eigenComponents.ts';
import { everyKth, type FigureOptions, filled, framed, frameOf, gridOf, heading } from './frame.ts';
import { allFinite, listOf, outOfRange, record, sameLength, wrongKind } from './refusals.ts';
import type { Figure, Layer, Legend, Panel, Row } from './specification.ts';
import { ink, muted, seriesScales } from './theme.ts';
import { valueAxisWidth, valueChannel, verticalAxis } from './valueAxis.ts';
import { count, counted, decimal } from './words.ts';

/**
 * What eigen-trajectories show: the result of `eigenComponents`, or components of `gradientFlow` at several times, as
 * `{ eigenvalues, teacher: times.map((time) => flow.teacher(time).components.data), student: … }` (one output).
 */
export interface EigenPaths {
  readonly eigenvalues: ArrayLike<number>;
  /** For each checkpoint the component along each direction. */
  readonly teacher: readonly ArrayLike<number>[];
  readonly student: readonly ArrayLike<number>[];
  /** Student over teacher at the last checkpoint; left out, it is computed. */
  readonly finalRatios?: EigenComponentsResult['finalRatios'];
}

/** Options of `eigenTrajectories`. */
export interface EigenTrajectoriesOptions extends FigureOptions {
  /**
   * Pairs of directions, numbered from 0 at the largest eigenvalue: a panel each, the first on the horizontal axis. Default:
   * the top direction and the last along which the data extend.
   */
  readonly pairs?: readonly (readonly [horizontal: number, vertical: number])[];
}

/** Checkpoints, and directions in the panel of ratios, beyond which only every k-th is drawn. */
const mostPoints = 300;

/**
 * How weights grow along the eigen-directions of the data: a panel for each pair of directions with the path of teacher and
 * student from the first checkpoint (ring) to the last (large mark), and a panel of student over teacher along every
 * direction at the end. A student whose path bends toward the top direction, and whose ratio falls to the right, exaggerates
 * the bias of gradient descent.
 *
 * @param result What `eigenComponents` returned, or components of `gradientFlow`.
 * @throws RangeError for NaN, by its place, for no checkpoint, and for a direction that there is not.
 * @example
 * const figure = eigenTrajectories(eigenComponents({ eigen, teacher: teacherKernels, student: studentKernels }));
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 4
 */
export function eigenTrajectories(result: EigenPaths, options: EigenTrajectoriesOptions = {}): Figure {
  const where = 'eigenTrajectories';
  const frame = frameOf(where, options, ['pairs']);
  check(where, result);
  const { eigenvalues, teacher, student } = result;
  const pairs =
    options.pairs === undefined ? defaultPairs(eigenvalues) : checkedPairs(where, options.pairs, eigenvalues);
  const ratios = result.finalRatios ?? ratiosOf(student.at(-1)!, teacher.at(-1)!);
  const grid = gridOf(frame, pairs.length + 1, { margin: valueAxisWidth, least: 180, most: 260 });
  const scales = seriesScales(['teacher', 'student']);
  const panels = pairs.map(
    ([across, up]): Panel => ({
      title: heading(`directions ${across + 1} and ${up + 1}`, [], grid.heading),
      width: grid.plot,
      height: grid.plot,
      layer: pathLayers(result, [across, up], scales),
    }),
  );
  const drawn = everyKth(eigenvalues.length, mostPoints);
  const values = drawn.flatMap((direction): Row[] => {
    const ratio = ratios[direction] ?? null;
    return ratio === null ? [] : [{ direction: direction + 1, ratio, eigenvalue: eigenvalues[direction]! }];
  });
  const left = ratios.filter((ratio) => ratio === null).length;
  const checkpoints = `Teacher: ${counted(teacher.length, 'checkpoint')}; student: ${counted(student.length, 'checkpoint')}`;
  const last = values.at(-1);
  return framed(frame, {
    title: 'Weights along the eigen-directions of the data',
    notes: [
      'Ring: first checkpoint. Large mark: last. Direction 1 has the largest eigenvalue.',
      `${checkpoints}; ${counted(eigenvalues.length, 'direction')}.`,
      left > 0 ? `No ratio along ${counted(left, 'direction')}, where the teacher has no component.` : '',
      drawn.length < eigenvalues.length ? `Ratios drawn: ${count(drawn.length)} of ${count(eigenvalues.length)}.` : '',
      Math.max(teacher.length, student.length) > mostPoints
        ? `Paths are thinned to ${count(mostPoints)} checkpoints.`
        : '',
    ],
    description:
      `Paths of the weights of teacher and student along eigen-directions of the data. ${checkpoints}. ` +
      (last === undefined
        ? 'No direction has a ratio.'
        : `At the end student over teacher is ${decimal(Number(values[0]!.ratio))} along direction ${values[0]!.direction} ` +
          `and ${decimal(Number(last.ratio))} along direction ${last.direction}.`),
    views: [
      ...panels,
      {
        ...ratioPanel(values, eigenvalues.length),
        width: grid.plot,
        height: grid.plot,
        title: heading('student over teacher, at the end', [], grid.heading),
      },
    ],
    columns: grid.columns,
    shared: ['color', 'shape'],
  });
}

function check(where: string, paths: EigenPaths): void {
  record(where, 'result', paths);
  const { eigenvalues, teacher, student, finalRatios } = paths;
  allFinite(where, 'eigenvalues', eigenvalues);
  if (eigenvalues.length === 0) throw outOfRange(where, 'eigenvalues', 'a list of at least one', eigenvalues);
  for (const [side, checkpoints] of Object.entries({ teacher, student })) {
    if (listOf(where, side, checkpoints).length === 0) {
      throw outOfRange(where, side, 'a list of at least one checkpoint', checkpoints);
    }
    for (const [index, components] of checkpoints.entries()) {
      sameLength(where, `${side}[${index}]`, components, 'eigenvalues', eigenvalues.length);
      allFinite(where, `${side}[${index}]`, components);
    }
  }
  if (finalRatios === undefined) return;
  sameLength(where, 'finalRatios', finalRatios, 'eigenvalues', eigenvalues.length);
  allFinite(where, 'finalRatios', finalRatios, true);
}

function defaultPairs(eigenvalues: ArrayLike<number>): [number, number][] {
  let last = eigenvalues.length - 1;
  // Along directions that the data lack, nothing ever moves.
  while (last > 0 && eigenvalues[last]! <= 1e-9 * eigenvalues[0]!) last--;
  return last === 0 ? [] : [[0, last]];
}

function checkedPairs(
  where: string,
  pairs: readonly (readonly [number, number])[],
  eigenvalues: ArrayLike<number>,
): readonly (readonly [number, number])[] {
  if (!Array.isArray(pairs)) throw wrongKind(where, 'pairs', 'a list of pairs of directions', pairs);
  for (const [index, pair] of pairs.entries()) {
    sameLength(where, `pairs[${index}]`, pair, 'a pair', 2);
    for (const direction of pair) {
      if (!Number.isInteger(direction) || direction < 0 || direction >= eigenvalues.length) {
        throw outOfRange(where, `pairs[${index}]`, `directions in [0, ${eigenvalues.length})`, direction);
      }
    }
  }
  return pairs;
}

function ratiosOf(student: ArrayLike<number>, teacher: ArrayLike<number>): (number | null)[] {
  return Array.from(student, (value, index) => (teacher[index]! === 0 ? null : value / teacher[index]!));
}

function pathLayers(
  { eigenvalues, teacher, student }: EigenPaths,
  [across, up]: readonly [number, number],
  scales: ReturnType<typeof seriesScales>,
): Layer[] {
  const along = (direction: number): number[] =>
    [...teacher, ...student].map((components) => components[direction]!).concat(0);
  const title = (direction: number): string => `along ${direction + 1} (λ = ${decimal(eigenvalues[direction]!)})`;
  const x = valueChannel('x', along(across), { title: title(across), tickCount: 4 });
  const y = valueChannel('y', along(up), { ...verticalAxis, title: title(up), tickCount: 4 });
  const legend: Legend = { title: null, orient: 'bottom', symbolSize: 90 };
  const rows = Object.entries({ teacher, student }).flatMap(([model, checkpoints]) =>
    everyKth(checkpoints.length, mostPoints).map((step): Row => {
      const last = step === checkpoints.length - 1;
      return {
        model,
        step,
        x: checkpoints[step]![across]!,
        y: checkpoints[step]![up]!,
        first: step === 0 && !last,
        last,
      };
    }),
  );
  const color = { field: 'model', type: 'nominal' as const, scale: scales.color, legend };
  const shape = { field: 'model', type: 'nominal' as const, scale: scales.shape, legend };
  const tooltip = [
    { field: 'model', type: 'nominal' as const, title: 'model' },
    { field: 'step', type: 'quantitative' as const, title: 'checkpoint' },
    { field: 'x', type: 'quantitative' as const, title: `along ${across + 1}`, format: '.4~g' },
    { field: 'y', type: 'quantitative' as const, title: `along ${up + 1}`, format: '.4~g' },
  ];
  const marks = (chosen: (row: Row) => boolean, mark: Layer['mark']): Layer => ({
    data: { values: rows.filter(chosen) },
    mark,
    encoding: { x, y, color, shape, tooltip },
  });
  return filled([
    // The dashes are a second cue beside the legend's shapes, and stay out of it.
    ...(['teacher', 'student'] as const).map(
      (model, index): Layer => ({
        data: { values: rows.filter((row) => row.model === model) },
        mark: {
          type: 'line',
          strokeWidth: 1.5,
          stroke: scales.colour(model),
          strokeDash: index === 0 ? [1, 0] : [6, 3],
          aria: false,
        },
        encoding: { x, y, order: { field: 'step', type: 'quantitative' } },
      }),
    ),
    marks(({ first, last }) => !first && !last, { type: 'point', filled: true, opacity: 0.9, size: 16, aria: false }),
    marks(({ first }) => first === true, {
      type: 'point',
      filled: false,
      fill: '#ffffff',
      opacity: 1,
      size: 50,
      strokeWidth: 1.5,
    }),
    marks(({ last }) => last === true, { type: 'point', filled: true, opacity: 1, size: 90 }),
  ]);
}

function ratioPanel(values: Row[], directions: number): Pick<Panel, 'layer'> {
  const ratios = values.map(({ ratio }) => Number(ratio));
  const y = valueChannel('ratio', [0, 1, ...ratios], { ...verticalAxis, title: 'student / teacher', tickCount: 4 });
  return {
    layer: [
      {
        data: { values: [{ equal: 1 }] },
        mark: { type: 'rule', stroke: muted, strokeDash: [5, 4], aria: false },
        encoding: { y: { ...y, field: 'equal' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, opacity: 0.8, size: directions > 60 ? 12 : 30, color: ink },
        encoding: {
          x: {
            field: 'direction',
            type: 'quantitative',
            scale: { domain: [0.5, directions + 0.5], nice: false, zero: false },
            axis: { title: 'direction', tickCount: 5, tickMinStep: 1 },
          },
          y,
          tooltip: [
            { field: 'direction', type: 'quantitative', title: 'direction' },
            { field: 'eigenvalue', type: 'quantitative', title: 'eigenvalue', format: '.4~g' },
            { field: 'ratio', type: 'quantitative', title: 'student / teacher', format: '.4~g' },
          ],
        },
      },
    ],
  };
}
