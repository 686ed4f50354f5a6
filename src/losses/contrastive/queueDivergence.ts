import type { Backend, Shape } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, shapeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { forwardDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
import { flag, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `queueDivergence`. */
export interface QueueDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: cosines are divided by it, or each side's by its own. Default 0.07. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T. Default false: here T is a constant of the method. */
  readonly scaleByTemperatureSquared?: boolean;
}

type QueueInput = 'studentFeatures' | 'teacherFeatures' | 'studentQueue' | 'teacherQueue';

/**
 * Divergence of similarities to a queue of earlier samples: the student ranks them as the teacher does (SEED, CompRess).
 *
 * With rows brought to length 1, p = softmax(t̂·T̂ᵀ/T) of a teacher's row over the teacher's queue and q = softmax(ŝ·Ŝᵀ/T) of the
 * student's over its own, a row's loss is
 *
 *     Σ p·(log p − log q)        gradient in ŝ   (q − p)·Ŝ/T,   and through ŝ = s/‖s‖
 *
 * A row of zeros has cosine 0 to all, and gradient 0.
 *
 * Inputs: `studentFeatures` [..., width] and `teacherFeatures` [..., its width]; `studentQueue` [queue, width] and
 * `teacherQueue` [queue, its width], both sides' features of the same samples: the banks of a `ContrastiveMemory`, of
 * either kind. Optional `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...]
 * with `reduction: 'none'`). Only `studentFeatures` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { studentBank: studentQueue, teacherBank: teacherQueue } =
 *   ContrastiveMemory({ size: 8, dimension: 2, kind: 'queue' }).tensors();
 * const features = { studentFeatures: [[3, 4]], teacherFeatures: [[1, 0]] };
 * const { value } = evaluate(queueDivergence(), { ...features, studentQueue, teacherQueue });
 * @see Fang et al.: SEED (2021), arXiv 2101.04731; Abbasi Koohpayegani et al.: CompRess (2020), arXiv 2010.14713
 */
// @__NO_SIDE_EFFECTS__
export function queueDivergence<R extends Reduction = 'mean'>(
  options: QueueDivergenceOptions<R> = {},
): Loss<QueueInput, 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, scaleByTemperatureSquared, ...rows } = readOptions('queueDivergence', options, {
    temperature: temperaturesOption(0.07),
    scaleByTemperatureSquared: flag(false),
    ...rowOptions<R>(null),
  });
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;
  const divergence = forwardDivergence;

  return rowLoss(rows, {
    name: 'queueDivergence',
    reference: queueDivergence,
    options: { temperature: plainTemperature(temperature), scaleByTemperatureSquared },
    inputs: ['studentFeatures', 'teacherFeatures', 'studentQueue', 'teacherQueue'],
    differentiable: 'studentFeatures',

    check: (backend, inputs) => checkQueues(backend, inputs),

    rows(backend, { studentFeatures, teacherFeatures, studentQueue, teacherQueue }) {
      const { directions, lengths, queue, cosines } = similarities(backend, studentFeatures, studentQueue);
      const teacher = similarities(backend, teacherFeatures, teacherQueue);
      const { losses, ...kept } = divergence.rows(
        backend,
        softenedPair(backend, cosines, teacher.cosines, temperature),
      );
      const shape = backend.shapeOf(studentFeatures);
      const rowLosses = backend.reshape(scale(backend, losses, factor), shape.slice(0, -1));
      return { losses: rowLosses, studentFeatures, directions, lengths, queue, ...kept };
    },

    gradient(backend, { studentFeatures, directions, lengths, queue, ...kept }) {
      const slopes = divergence.gradient(backend, kept);
      const inDirections = scale(backend, backend.matMul(slopes, queue), factor / temperature.student);
      const gradient = unitRowsGradient(backend, { directions, lengths }, inDirections);
      return backend.reshape(gradient, backend.shapeOf(studentFeatures));
    },
  });
}

function checkQueues<T>(backend: Backend<T>, inputs: Readonly<Record<QueueInput, T>>): Shape {
  const where = 'queueDivergence';
  const shapeOf = (name: QueueInput): Shape => backend.shapeOf(inputs[name]);
  for (const side of ['student', 'teacher'] as const) {
    const [features, queue] = [shapeOf(`${side}Features`), shapeOf(`${side}Queue`)];
    if (features.length === 0) throw shapeError(where, `${side}Features`, 'of shape [..., width]', features);
    checkNotEmpty(where, `${side}Features`, features);
    checkNotEmpty(where, `${side}Queue`, queue);
    if (queue.length !== 2 || queue[1] !== features.at(-1)) {
      throw shapeError(where, `${side}Queue`, `of shape [queue, ${features.at(-1)}] to fit ${side}Features`, queue);
    }
  }
  const rows = shapeOf('studentFeatures').slice(0, -1);
  checkSameShape(where, 'rows of teacherFeatures', shapeOf('teacherFeatures').slice(0, -1), 'studentFeatures', rows);
  const [length = 0] = shapeOf('studentQueue');
  if (shapeOf('teacherQueue')[0] !== length) {
    throw shapeError(where, 'teacherQueue', `of ${length} samples as studentQueue`, shapeOf('teacherQueue'));
  }
  return rows;
}

/** The cosines of rows to a queue. */
function similarities<T>(backend: Backend<T>, features: T, queueRows: T) {
  const rows = unitRows(backend, flattenRows(backend, features));
  const queue = unitRows(backend, queueRows).directions;
  return { ...rows, queue, cosines: backend.matMul(rows.directions, queue, { transposeB: true }) };
}
