/** What a kernel of `calibrationError` asks of it. A bundle of the kernel then holds no metric that nobody calls. */
import { readRanks } from './rankOptions.ts';

/** What kernels know `calibrationError` by. */
export const calibrationMark = { name: 'calibrationError' };

/**
 * Whether options leave no row out and take scores, of which the prediction's or all count: what kernels serve, as long as
 * no row weights are given.
 */
export function countsEveryRow(options: object): boolean {
  const { from, ignoreIndex, ...ranked } = options as {
    readonly from: string;
    readonly ignoreIndex: number | null;
    readonly rank: number | undefined;
    readonly withinTop: number | undefined;
  };
  return from === 'scores' && ignoreIndex === null && readRanks('calibrationError', ranked).last === 1;
}
