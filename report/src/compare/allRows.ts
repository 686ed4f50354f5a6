/** What is known when all rows are in, and how far the intervals are. */
import type { HostTensor } from 'dark-knowledge';
import type { LayerRows } from './layerPairs.ts';
import type { RowNumbers } from './runRows.ts';

/** How far the intervals are. */
export interface Progress {
  readonly done: number;
  readonly of: number;
}

/** What is known of all rows. */
export interface Rows {
  readonly rows: number;
  readonly classes: number | undefined;
  readonly labels: Int32Array;
  readonly groups: { readonly names: readonly string[]; readonly groups: Int32Array } | undefined;
  /** Of the teacher, then of the students' trials. */
  readonly runs: readonly RowNumbers[];
  readonly layers: LayerRows;
  readonly scatter: Readonly<Record<string, HostTensor>>;
  /** Students whose confidences are compared. */
  readonly scored: readonly string[];
}
