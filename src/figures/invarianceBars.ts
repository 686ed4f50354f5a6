import type { PredictionMatch } from '../metrics/behaviour/predictionMatch.ts';
import { framed, frameOf, type ModelFigureOptions } from './frame.ts';
import { type Rate, rateBarsPanel, rateSentences } from './rateBars.ts';
import { finite, namedResults, whole, wholeOf } from './refusals.ts';
import type { Figure } from './specification.ts';
import { seriesScales } from './theme.ts';
import { decimal } from './words.ts';

/**
 * How often a model predicts the same for two views of an image, a bar for each model with Wilson's 95 % interval, and
 * Cohen's κ beside it. Results of `agreement` have the same form: give them a `title` of their own.
 *
 * @param models What `invariance` (or `agreement`) returned, by the model's name.
 * @throws RangeError for counts that are no whole numbers, for NaN, and for no model.
 * @example
 * const figure = invarianceBars({
 *   teacher: measure(invariance(), { logits: teacherLogits, viewLogits: teacherViewLogits }),
 *   student: measure(invariance(), { logits: studentLogits, viewLogits: studentViewLogits }),
 * });
 */
export function invarianceBars(
  models: Readonly<Record<string, Pick<PredictionMatch, 'same' | 'count' | 'kappa'>>>,
  options: ModelFigureOptions = {},
): Figure {
  const where = 'invarianceBars';
  const frame = frameOf(where, options, ['models']);
  const rates = namedResults(where, 'models', models).map(([name, result]): Rate => {
    const all = whole(where, `models.${name}.count`, result.count);
    const hits = wholeOf(where, `models.${name}.same`, result.same, all, 'count');
    if (all === 0) return { name, hits, count: all, value: null };
    const kappa = finite(where, `models.${name}.kappa`, result.kappa);
    return { name, hits, count: all, value: hits / all, note: `κ ${decimal(kappa)}` };
  });
  const scales = seriesScales(
    rates.map(({ name }) => name),
    options.models,
  );
  return framed(frame, {
    title: 'Invariance: the same prediction for both views',
    notes: ['Lines: 95% intervals. κ: agreement beyond that of chance.'],
    description: `Bar chart of how often predictions on two views agree. ${rateSentences(rates)}`,
    views: [rateBarsPanel(frame, rates, 'images predicted alike', scales)],
  });
}
