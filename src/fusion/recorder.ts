/** What a recorder is, for whoever uses one: the backend around it, and what computes its graphs. */
import type { Shape } from '../backend.ts';
import type { Graph } from './graph.ts';
import type { Node, NodeOperation } from './node.ts';

/** A tensor of a backend that records. */
export type RecordedTensor<Stored> = Node<Stored>;

/** Computes a graph's targets, in their order; undefined where it cannot. */
export type Execute<Stored> = (graph: Graph<Stored>) => readonly Stored[] | undefined;

/** What a device does by itself. */
export interface RecorderOptions {
  /** It reads and writes rows that lie across memory. Else a transposed result is computed as it is, and transposed then. */
  readonly transposes?: boolean;
}

/** What has been done, for tests and benchmarks. */
export interface RecordCounters {
  /** Graphs that were computed. */
  flushes: number;
  /** Those of them that were computed one operation after the other. */
  interpreted: number;
}

/** Makes, keeps and computes the tensors of one backend. */
export interface Recorder<Stored> {
  readonly counters: RecordCounters;
  isTensor(value: unknown): value is RecordedTensor<Stored>;
  /** The argument of a member, which must be a live tensor of this backend. */
  check(member: string, tensor: RecordedTensor<Stored>, argument?: string): RecordedTensor<Stored>;
  /** Whether operations are recorded now: inside a scope. Outside, nobody says when to compute. */
  isRecording(): boolean;
  record(
    operation: NodeOperation,
    operands: readonly RecordedTensor<Stored>[],
    shape: Shape,
    size: number,
    extent?: number,
  ): RecordedTensor<Stored>;
  /** Exchanges the last two axes of [batch, rows, columns]; undefined where that is for the eager backend to do, at once. */
  transpose(
    x: RecordedTensor<Stored>,
    from: readonly [batch: number, rows: number, columns: number],
    shape: Shape,
  ): RecordedTensor<Stored> | undefined;
  constant(number: number): RecordedTensor<Stored>;
  /** A tensor of an eager one, which it owns from now on. */
  wrap(stored: Stored): RecordedTensor<Stored>;
  /** The eager tensor with a tensor's numbers, computed first where it must be. */
  storedOf(member: string, tensor: RecordedTensor<Stored>, argument?: string): Stored;
  /** Computes several tensors in one go. */
  flush(tensors: readonly RecordedTensor<Stored>[]): void;
  /** Has tensors computed with the next that somebody needs before the scope ends. */
  announce(tensors: readonly RecordedTensor<Stored>[]): void;
  /** Computes everything that live tensors still wait for. */
  flushAll(): void;
  scope<Result>(compute: () => Result): Result;
  dispose(tensor: RecordedTensor<Stored>): void;
  isDisposed(tensor: RecordedTensor<Stored>): boolean;
  shapeOf(tensor: RecordedTensor<Stored>): Shape;
  count(): number;
}
