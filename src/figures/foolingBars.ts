import type { FoolingRateResult } from '../metrics/robustness/foolingRate.ts';
import type { StudentFoolingRateResult } from '../metrics/robustness/studentFoolingRate.ts';
import { framed, frameOf, type ModelFigureOptions } from './frame.ts';
import { type Rate, rateBarsPanel, rateSentences } from './rateBars.ts';
import { namedResults, whole, wholeOf } from './refusals.ts';
import type { Figure } from './specification.ts';
import { seriesScales } from './theme.ts';
import { listed } from './words.ts';

/** What fooling bars show: a model's own fooling rate, or a student's on the images that fooled its teacher. */
export type Fooling =
  | Pick<FoolingRateResult, 'value' | 'fooled' | 'count'>
  | Pick<StudentFoolingRateResult, 'value' | 'studentFooled' | 'teacherFooled'>;

/**
 * How often an attack changes a model's prediction, a bar for each model with Wilson's 95 % interval. A result of
 * `foolingRate` is a share of all images attacked; one of `studentFoolingRate` is a share of those that fooled the teacher;
 * the text says which is which. Where no image fooled the teacher there is no bar.
 *
 * @param models What `foolingRate` or `studentFoolingRate` returned, by the model's name.
 * @throws RangeError for counts that are no whole numbers or more than all, and for no model.
 * @example
 * const figure = foolingBars({
 *   teacher: measure(foolingRate(), { cleanLogits, adversarialLogits }),
 *   distilled: measure(studentFoolingRate(), attackOnDistilled),
 *   independent: measure(studentFoolingRate(), attackOnIndependent),
 * });
 */
export function foolingBars(models: Readonly<Record<string, Fooling>>, options: ModelFigureOptions = {}): Figure {
  const where = 'foolingBars';
  const frame = frameOf(where, options, ['models']);
  const entries = namedResults(where, 'models', models);
  const ofFooled = entries.flatMap(([name, result]) => ('studentFooled' in result ? [name] : []));
  const ofAll = entries.flatMap(([name, result]) => ('studentFooled' in result ? [] : [name]));
  const rates = entries.map(([name, result]): Rate => {
    const [field, of, given, count] =
      'studentFooled' in result
        ? (['studentFooled', 'teacherFooled', result.studentFooled, result.teacherFooled] as const)
        : (['fooled', 'count', result.fooled, result.count] as const);
    const all = whole(where, `models.${name}.${of}`, count);
    const hits = wholeOf(where, `models.${name}.${field}`, given, all, of);
    return { name, hits, count: all, value: all === 0 ? null : hits / all };
  });
  const bases = [
    ofAll.length > 0 ? `Of all images attacked: ${listed(ofAll)}.` : '',
    ofFooled.length > 0 ? `Of those that fooled the teacher: ${listed(ofFooled)}.` : '',
  ].filter((part) => part !== '');
  const scales = seriesScales(
    rates.map(({ name }) => name),
    options.models,
  );
  return framed(frame, {
    title: 'Images whose prediction the attack changes',
    notes: [...bases, 'Lines: 95% intervals.'],
    description: `Bar chart of fooling rates. ${bases.join(' ')} ${rateSentences(rates)}`,
    views: [rateBarsPanel(frame, rates, 'images fooled', scales)],
  });
}
