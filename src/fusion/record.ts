/**
 * The recording side of a backend: its tensors, what a scope keeps, and when recorded operations are computed.
 *
 * Inside a scope an operation only makes a node. At the end of the outermost scope everything that is kept is computed
 * in one flush, so nobody ever holds a tensor without numbers outside of one; whoever needs numbers earlier (a read, a
 * matrix product) flushes what it needs.
 */
import type { Backend, Shape } from '../backend.ts';
import { disposedError } from '../check.ts';
import { foreignError, type Owner } from '../memberArguments.ts';
import { tensorsIn } from '../reach.ts';
import { sizeOf } from '../tensor.ts';
import { graphReader } from './graph.ts';
import { interpret } from './interpret.ts';
import { beneathReshapes, makeNode, type Node, type NodeOperation, release, settle } from './node.ts';
import type { Execute, RecordCounters, RecordedTensor, Recorder, RecorderOptions } from './recorder.ts';
import { exchanged, transposedIn } from './transposition.ts';

/** A chain of operations this long is cut, and begins anew: walks over it are recursive. */
const deepest = 256;
/** What is computed with the cut: the last so many tensors, of so many steps of the chain, which the next step may read too. */
const atTheCut = 12;

const none: readonly never[] = [];

/** Whether a tensor still has to be computed. */
function isPending<Stored>({ stored, operation }: Node<Stored>): boolean {
  return stored === undefined && operation !== 'constant';
}

/** Makes a recorder around an eager backend; `owner` is what its tensors carry, and names it in errors. */
export function makeRecorder<Stored>(
  owner: Owner,
  base: Backend<Stored>,
  execute: Execute<Stored>,
  { transposes = false }: RecorderOptions = {},
): Recorder<Stored> {
  type Tensor = RecordedTensor<Stored>;
  const scopes: Tensor[][] = [];
  const counters: RecordCounters = { flushes: 0, interpreted: 0 };
  const readGraph = graphReader<Stored>();
  const free = (stored: Stored): void => base.dispose(stored);
  let alive = 0;
  let announced: readonly Tensor[] = none;

  function make(
    operation: NodeOperation,
    operands: readonly Tensor[],
    shape: Shape,
    size: number,
    extent: number,
    number: number,
  ): Tensor {
    const tensor = makeNode(owner, operation, operands, shape, size, extent, number);
    alive++;
    scopes.at(-1)?.push(tensor);
    return tensor;
  }

  const record: Recorder<Stored>['record'] = (operation, operands, shape, size, extent = 0) => {
    for (const operand of operands) {
      if (operand.depth >= deepest) cut(operand);
      if (operation !== 'reshape' && isTransposedResult(operand)) compute(withItsCompany([operand]));
    }
    return make(operation, operands, shape, size, extent, 0);
  };

  /** Whether a node is a transposed result, which is not a step on the way to others: inputs are, where the device transposes. */
  function isTransposedResult(node: Tensor): boolean {
    // Asked of every operand that is recorded: most are neither.
    if (node.operation !== 'reshape' && node.operation !== 'transpose') return false;
    const source = transposedIn(node);
    return source !== undefined && !(transposes && beneathReshapes(source).stored !== undefined);
  }

  const isTensor = (value: unknown): value is Tensor =>
    typeof value === 'object' && value !== null && (value as Partial<Tensor>).owner === owner;

  function own(member: string, tensor: Tensor, argument = 'tensor'): Tensor {
    if (isTensor(tensor)) return tensor;
    throw foreignError(owner, member, argument, tensor);
  }

  function check(member: string, tensor: Tensor, argument = 'tensor'): Tensor {
    if (own(member, tensor, argument).disposed) throw disposedError(`${owner.backend}.${member}`, argument);
    return tensor;
  }

  function compute(tensors: Iterable<Tensor>): void {
    const missing = new Set<Tensor>();
    for (const tensor of tensors) if (isPending(tensor)) missing.add(tensor);
    if (missing.size === 0) return;
    counters.flushes++;
    if (transposes) {
      for (const [target, stored] of run(missing)) settle(target, stored, free);
      return;
    }
    const sources = new Map([...missing].map((target) => [target, transposedIn(target) ?? target]));
    const computed = run(new Set(sources.values()));
    for (const [target, source] of sources) {
      const stored = computed.get(source)!;
      settle(target, source === target ? stored : exchanged(base, stored, source.shape, target.shape), free);
    }
    for (const [source, stored] of computed) if (!missing.has(source)) free(stored);
  }

  function run(targets: ReadonlySet<Tensor>): ReadonlyMap<Tensor, Stored> {
    const list = [...targets];
    const graph = readGraph(list);
    const results = execute(graph);
    if (results === undefined) counters.interpreted++;
    return new Map((results ?? interpret(base, graph)).map((stored, at) => [list[at]!, stored]));
  }

  function drop(tensor: Tensor): void {
    if (tensor.disposed) return;
    tensor.disposed = true;
    alive--;
    release(tensor, free);
  }

  /**
   * What one scope hands over is computed together: a value and its gradients share most of their operations. So is what has been
   * announced, with whatever comes first.
   */
  function* withItsCompany(tensors: Iterable<Tensor>): Iterable<Tensor> {
    for (const tensor of tensors) {
      if (!isPending(tensor)) continue;
      yield tensor;
      for (const other of [...(tensor.together ?? []), ...announced]) if (!other.disposed) yield other;
      announced = none;
    }
  }

  /**
   * Computes an operand whose chain is too long, so that what is made of it goes on from there. What was made last goes with it:
   * a loop's next step reads more than one tensor of its last one, and each would bring the whole chain along once more.
   */
  function cut(operand: Tensor): void {
    const last = scopes.flat().filter((own) => own.depth > deepest - atTheCut && isPending(own) && !own.disposed);
    compute(withItsCompany([operand, ...last.slice(-atTheCut)]));
  }

  /** Ends a scope: frees what it does not keep, and hands the rest to the scope around it, or computes it. */
  function leave(made: readonly Tensor[], kept: ReadonlySet<Tensor>): void {
    const together = [...kept].filter((tensor) => !tensor.disposed && isPending(tensor));
    const outer = scopes.at(-1);
    if (outer === undefined) {
      announced = none;
      compute(together);
    } else for (const tensor of together) tensor.together = together;
    // The last one first: then nobody reads a tensor any more when its turn comes.
    for (let at = made.length - 1; at >= 0; at--) {
      const tensor = made[at]!;
      if (tensor.disposed) continue;
      if (!kept.has(tensor)) drop(tensor);
      else outer?.push(tensor);
    }
  }

  return {
    counters,
    isTensor,
    check,
    isRecording: () => scopes.length > 0,
    record,
    transpose(x, [batch, rows, columns], shape) {
      if (!transposes && beneathReshapes(x).stored !== undefined) return undefined;
      const lying = record('reshape', [x], [batch, rows, columns], x.size);
      return record('reshape', [record('transpose', [lying], [batch, columns, rows], x.size)], shape, x.size);
    },
    constant: (number) => make('constant', none, none, 1, 0, Math.fround(number)),
    wrap(stored) {
      const shape = base.shapeOf(stored);
      const tensor = make('stored', none, shape, sizeOf(shape), 0, 0);
      tensor.stored = stored;
      return tensor;
    },
    storedOf(member, tensor, argument) {
      check(member, tensor, argument);
      if (isPending(tensor)) compute(withItsCompany([tensor]));
      // A constant has no storage until somebody needs it as a tensor.
      tensor.stored ??= base.fromHost({ data: Float32Array.of(tensor.number), shape: tensor.shape });
      return tensor.stored;
    },
    flush: (tensors) => compute(withItsCompany(tensors)),
    announce(tensors) {
      for (const tensor of tensors) check('announce', tensor);
      announced = tensors;
    },
    flushAll: () => compute(scopes.flat().filter(({ disposed }) => !disposed)),
    scope(run) {
      const made: Tensor[] = [];
      const depth = scopes.push(made);
      try {
        const result = run();
        const kept = tensorsIn(result, isTensor);
        scopes.length = depth - 1;
        leave(made, kept);
        return result;
      } catch (error) {
        scopes.length = depth - 1;
        for (const tensor of made) drop(tensor);
        throw error;
      }
    },
    dispose: (tensor) => drop(own('dispose', tensor)),
    isDisposed: (tensor) => own('isDisposed', tensor).disposed,
    shapeOf: (tensor) => own('shapeOf', tensor).shape,
    count: () => alive,
  };
}
