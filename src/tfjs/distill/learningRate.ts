/** The optimizer's learning rate over time. */
import { kindError, rangeError } from '../../check.ts';
import type { Schedule } from '../../schedule.ts';

/** Sets the learning rate of a step before it is taken; does nothing without a schedule. */
export function learningRateSetter(optimizer: object, schedule: Schedule | undefined): (step: number) => void {
  if (schedule === undefined) return () => undefined;
  const set = setterOf(optimizer);
  return (step) => {
    const rate = schedule(step);
    if (!(rate >= 0 && rate < Infinity)) {
      throw rangeError('distill', `learningRate(${step})`, 'a finite number of at least 0', rate);
    }
    set(rate);
  };
}

/** tfjs's SGD and momentum keep a tensor and have a method for it; the others read a field in each step. */
function setterOf(optimizer: object): (rate: number) => void {
  const method: unknown = Reflect.get(optimizer, 'setLearningRate');
  if (typeof method === 'function') return (rate) => method.call(optimizer, rate);
  if (typeof Reflect.get(optimizer, 'learningRate') === 'number') {
    return (rate) => Reflect.set(optimizer, 'learningRate', rate);
  }
  const hint = 'Leave it out, and change the rate in onStep as your optimizer has it.';
  throw kindError('distill', 'learningRate', 'left out for an optimizer without one', optimizer, hint);
}
