/** Ten million rows: time grows with them, memory does not. */
import {
  acceptanceRate,
  accumulate,
  accumulateAll,
  confusionMatrix,
  errorConsistency,
  groupShift,
  type MetricState,
  predictionFlips,
  randomNormal,
  randomUniform,
  rename,
  selectiveAccuracy,
  tokenFidelity,
  topKOverlap,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

const sizeOf = ({ statistics }: MetricState): number =>
  Object.values(statistics ?? {}).reduce((sum, { data }) => sum + data.length, 0);

/** Updates so many times and notes the size of the state and the time after each half. */
function run(update: () => void, state: () => MetricState, updates: number) {
  update();
  const first = sizeOf(state());
  const half = () => {
    const start = performance.now();
    for (let at = 0; at < updates / 2; at++) update();
    return performance.now() - start;
  };
  const times = [half(), half()] as const;
  return { first, last: sizeOf(state()), times };
}

describe('a stream of many rows', () => {
  it('of ten million confidences takes their order, in a state of bounded size', () => {
    const rows = 250_000;
    const from = 'confidences';
    const confidences = Float64Array.from({ length: rows }, (_, row) => randomUniform(1, row));
    const correct = Uint8Array.from(confidences, (confidence, row) => (randomUniform(2, row) < confidence ? 1 : 0));
    const batch = { confidences: { data: confidences, shape: [rows] }, correct: { data: correct, shape: [rows] } };
    const running = accumulate(selectiveAccuracy({ from, coverages: [0.5] }));
    const { last, times } = run(() => running.update(batch), running.state, 40);
    // Four numbers for each of at most 65,536 groups.
    expect(last).toBeLessThan(4 * 2 ** 16 + 5);
    expect(times[1]).toBeLessThan(3 * times[0] + 500);
    const { count, accuracy, atCoverage } = running.compute();
    expect(count).toBe(41 * rows);
    // Calibrated: right half of the time, and the surer half ¾ of it.
    expect(accuracy).toBeCloseTo(0.5, 2);
    expect(atCoverage[0]!.accuracy).toBeCloseTo(0.75, 2);
    expect(atCoverage[0]!.coverage).toBeCloseTo(0.5, 3);
  });

  it('of ten million flips takes four metrics, in a state of some hundred numbers and in time that grows with them', () => {
    const rows = 250_000;
    const draw = (seed: number, most: number) => ({
      data: Uint8Array.from({ length: rows }, (_, row) => Math.floor(randomUniform(seed, row) * most)),
      shape: [rows],
    });
    const batch = { before: draw(1, 4), after: draw(2, 4), labels: draw(3, 4), groups: draw(4, 3) };
    const running = accumulateAll({
      flips: predictionFlips(),
      consistency: errorConsistency(),
      groups: groupShift({ groups: 3 }),
      confusion: rename(confusionMatrix({ from: 'predictions', classes: 4 }), { predictions: 'after' }),
    });
    const { first, last, times } = run(() => running.update(batch), running.state, 40);
    expect(last).toBe(first);
    expect(last).toBeLessThan(200);
    expect(times[1]).toBeLessThan(3 * times[0] + 500);
    const { flips, consistency, groups, confusion } = running.compute();
    const count = 41 * rows;
    expect(count).toBeGreaterThan(1e7);
    for (const result of [flips, consistency, groups, confusion]) expect(result.count).toBe(count);
    // Independent answers of four classes: of 16 rows one is right both times and three became wrong.
    const share = (value: number) => value / count;
    expect(share(flips.bothRight)).toBeCloseTo(1 / 16, 2);
    expect(share(flips.harmful)).toBeCloseTo(3 / 16, 2);
    expect(consistency.kappa).toBeCloseTo(0, 2);
    expect(groups.gapChangeStandardError).toBeLessThan(1e-3);
    expect(confusion.matrix.flat().reduce((sum, value) => sum + value, 0)).toBe(count);
  }, 60_000);

  it('of tokens takes no more room after thirteen batches than after the first one', () => {
    const rows = 20_000;
    const numbers = (seed: number) => Float64Array.from({ length: 2 * rows }, (_, at) => randomNormal(seed, at));
    const teacher = numbers(1);
    const noise = numbers(2);
    const batch = {
      teacherLogits: { data: teacher, shape: [rows, 2] },
      studentLogits: { data: teacher.map((value, at) => value + 0.1 * noise[at]!), shape: [rows, 2] },
      labels: { data: Uint8Array.from({ length: rows }, (_, row) => row % 2), shape: [rows] },
      clusters: { data: Int32Array.from({ length: rows }, (_, row) => row % 3000), shape: [rows] },
    };
    for (const metric of [tokenFidelity(), acceptanceRate(), topKOverlap({ k: 1 })]) {
      const running = accumulate(metric);
      const { first, last, times } = run(() => running.update(batch as never), running.state, 12);
      expect(last).toBe(first);
      expect(times[1]).toBeLessThan(3 * times[0] + 500);
      expect(running.compute().count).toBe(13 * rows);
      expect(running.compute().clusters).toBe(3000);
    }
  }, 60_000);
});
