import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { checkMaps, checkSamePositions } from '../../ops/channelMaps.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { unitRowPair, unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
import { positive, readOptions, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';
import {
  attentionMapGradient,
  averagedTo,
  averagedToGradient,
  commonGrid,
  scaledAttentionMap,
} from './attentionMap.ts';

/** Options of `attentionTransfer`. */
export interface AttentionTransferOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** p: a map is the mean over channels of |feature|ᵖ. Default 2. */
  readonly power?: number;
  /** `'code'`, the default: the mean squared difference of the maps. `'paper'`: the length of their difference. */
  readonly variant?: 'code' | 'paper';
  /** Where the channels are: `[batch, ...positions, channels]`, the default, or `[batch, channels, ...positions]`. */
  readonly layout?: FeatureLayout;
  /**
   * What to do where the two grids differ: `'none'`, the default, refuses them; `'averageLarger'` averages features
   * [height, width] over the smaller grid.
   */
  readonly resize?: 'none' | 'averageLarger';
}

/**
 * Attention transfer: where in an image the student is active, the teacher is. Channels may differ in number.
 *
 * With the map m = mean over channels of |f|ᵖ, its positions flattened, and a = m/‖m‖, a sample's loss over P positions is
 *
 *     code    Σ (a − a_t)²/P     gradient in a   2(a − a_t)/P
 *     paper   ‖a − a_t‖          gradient in a   (a − a_t)/‖a − a_t‖, 0 where they are equal
 *
 * and so in f, through the length, times p·|f|ᵖ⁻¹·sign f/channels. A map of zeros has a = 0 and gradient 0.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...positions, channels] (or channels first) of one grid; optional
 * `rowWeights` [batch] and, with `ignoreIndex`, `labels` [batch]. Value: a scalar ≥ 0 (or [batch] with
 * `reduction: 'none'`). Only `studentFeatures` gets a gradient. Public codes weigh the default 1000.
 *
 * @throws RangeError for a power that is not greater than 0, or an unknown option.
 * @example
 * const studentFeatures = tensor([1, 2, 0, 1, 0, 1, 1, 1], [1, 2, 2, 2]);
 * const teacherFeatures = tensor([2, 0, 1, 1], [1, 1, 2, 2]);
 * const loss = attentionTransfer({ layout: 'channelsFirst' });
 * const { value } = evaluate(loss, { studentFeatures, teacherFeatures }); // 0.3518
 * @see Zagoruyko, Komodakis: Paying more attention to attention (2017), arXiv 1612.03928
 */
// @__NO_SIDE_EFFECTS__
export function attentionTransfer<R extends Reduction = 'mean'>(
  options: AttentionTransferOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const { power, variant, layout, resize, ...rows } = readOptions('attentionTransfer', options, {
    power: positive(2),
    variant: word(['code', 'paper'], 'code'),
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    resize: word(['none', 'averageLarger'], 'none'),
    ...rowOptions<R>(null),
  });

  return rowLoss(rows, {
    name: 'attentionTransfer',
    reference: attentionTransfer,
    options: { power, variant, layout, resize },
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: 'studentFeatures',

    check(backend, { studentFeatures, teacherFeatures }) {
      const axes = resize === 'none' ? { least: 1 } : { least: 2, most: 2 };
      const student = checkMaps(backend, 'attentionTransfer', 'studentFeatures', studentFeatures, layout, axes);
      const teacher = checkMaps(backend, 'attentionTransfer', 'teacherFeatures', teacherFeatures, layout, axes);
      checkSamePositions('attentionTransfer', student, teacher, {
        positions: resize === 'none',
        hint: "resize: 'averageLarger' averages the larger of two grids.",
      });
      return [student.batch];
    },

    rows(backend, { studentFeatures, teacherFeatures }) {
      const grid = resize === 'none' ? undefined : commonGrid(backend, studentFeatures, teacherFeatures, layout);
      const onGrid = (features: typeof studentFeatures): typeof studentFeatures =>
        grid === undefined ? features : averagedTo(backend, features, layout, grid);
      const form = { layout, power, onGrid };
      const { map, units, features: student } = scaledAttentionMap(backend, studentFeatures, form);
      const other = scaledAttentionMap(backend, teacherFeatures, form).map;
      const [{ directions, lengths }, teacher] = unitRowPair(backend, map, other);
      const differences = backend.subtract(directions, teacher.directions);
      const squares = backend.sum(backend.multiply(differences, differences), { axis: 1 });
      const positions = backend.shapeOf(directions)[1]!;
      const losses = variant === 'code' ? scale(backend, squares, 1 / positions) : backend.sqrt(squares);
      return { losses, studentFeatures, units, student, directions, lengths, differences };
    },

    gradient(backend, { studentFeatures, units, student, directions, lengths, differences }) {
      const slopes =
        variant === 'code'
          ? scale(backend, differences, 2 / backend.shapeOf(differences)[1]!)
          : unitRows(backend, differences).directions;
      const inMap = unitRowsGradient(backend, { directions, lengths }, slopes);
      const onGrid = attentionMapGradient(backend, student, layout, power, inMap);
      const gradient =
        resize === 'none' ? onGrid : averagedToGradient(backend, onGrid, backend.shapeOf(studentFeatures), layout);
      return backend.divide(gradient, units);
    },
  });
}
