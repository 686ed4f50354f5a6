/** Says what came of the shards, and whether one stream says the same: if not, the program has failed. */
import { isDeepStrictEqual } from 'node:util';
import type { Evaluation } from './evaluation.ts';

export function print(how: string, result: Evaluation, stream: Evaluation): void {
  const { calibration, confusion, similarity } = result;
  console.log(how);
  console.log(`  calibration error   ${calibration.value}`);
  console.log(`  accuracy            ${confusion.value}, of ${confusion.count} rows`);
  console.log(`  CKA of features     ${similarity.value}`);
  const same = isDeepStrictEqual(result, stream);
  console.log(`  one stream says     ${same ? 'the same, to the last digit' : 'something else'}`);
  if (!same) process.exitCode = 1;
}
