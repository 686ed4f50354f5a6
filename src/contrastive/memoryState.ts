/** What of a memory is saved, and whether a saved state fits a memory. */
import { checkOneOf, checkSameShape, checkWhole, checkWithin, kindError } from '../check.ts';
import { type HostTensor, isHostTensor } from '../tensor.ts';

/** A memory's state on the host: all that training needs to resume. */
export interface ContrastiveMemoryState {
  readonly kind: 'bank' | 'queue';
  /** [size, dimension], float32. */
  readonly studentBank: HostTensor;
  /** [size, dimension], float32. */
  readonly teacherBank: HostTensor;
  /** log Z, or null before it was estimated. */
  readonly studentLogPartition: number | null;
  /** log Z, or null before it was estimated. */
  readonly teacherLogPartition: number | null;
  /** The row that a queue replaces next; 0 for a bank. */
  readonly next: number;
}

/** Requires a state of a memory of this kind and shape. */
export function checkState(
  where: string,
  state: ContrastiveMemoryState,
  kind: 'bank' | 'queue',
  shape: readonly number[],
): void {
  for (const name of ['studentBank', 'teacherBank'] as const) {
    const bank = state?.[name];
    if (!isHostTensor(bank)) throw kindError(where, `state.${name}`, 'a host tensor', bank);
    checkSameShape(where, `state.${name}`, bank.shape, 'the memory', shape);
    checkSameShape(where, `the data of state.${name}`, [bank.data.length], 'its shape', [shape[0]! * shape[1]!]);
  }
  for (const name of ['studentLogPartition', 'teacherLogPartition'] as const) {
    const partition = state[name];
    if (partition !== null && !Number.isFinite(partition)) {
      throw kindError(where, `state.${name}`, 'a finite number or null', partition);
    }
  }
  checkOneOf(where, 'state.kind', state.kind, [kind]);
  checkWhole(where, 'state.next', state.next, 0);
  checkWithin(where, 'state.next', state.next, 0, shape[0]! - 1);
}
