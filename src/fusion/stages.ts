/**
 * What a phase does in which walk over a row. A stage is one walk: it computes sums that later stages of the row need,
 * writes results, and keeps what is expensive and needed again. Everything else is computed where it is used, anew.
 */
import type { Access } from './access.ts';
import {
  forEachOperand,
  isColumnReduction,
  isFree,
  isReduction,
  type Space,
  type Value,
  type ValueOperation,
} from './values.ts';

/** One walk over the columns of a row. */
export interface Stage {
  /** Reductions over the row, or over everything (form `single`). */
  readonly reductions: readonly Value[];
  readonly columnReductions: readonly Value[];
  /** Full values that go to memory. */
  readonly stores: readonly Value[];
  /** Full values that later stages of the row need: a device with room for a row keeps them, others compute them again. */
  readonly keeps: readonly Value[];
}

/** A walk over the rows of a space. */
export interface Phase {
  readonly level: number;
  readonly space: Space;
  readonly stages: readonly Stage[];
  /** Row values that go to memory. */
  readonly rowStores: readonly Value[];
  /** Reductions of row values to single numbers. */
  readonly rowReductions: readonly Value[];
  /** Whether the phase reads a value from memory; others it computes. */
  isLoaded(value: Value): boolean;
  /** The stage after which a row value is known, or in which a full value can be computed. */
  stageOf(value: Value): number;
  /** The stage that keeps a value; undefined where it is not kept. */
  keptIn(value: Value): number | undefined;
  /** What the phase is for: values that go to memory, and reductions to numbers of all rows or of columns. */
  readonly roots: readonly Value[];
  /** The same phase for other roots: some of its own, where a device cannot serve all in one go, or what these are made of. */
  only(roots: readonly Value[]): Phase;
}

/** Operations that are worth a place in memory by themselves, if the result is needed twice. */
const expensive: ReadonlySet<ValueOperation> = new Set(['exp', 'fallingExp', 'power', 'log', 'sqrt', 'divide']);
/** Others are from this many on: keeping a value is a store and a load. */
const cheap = 4;

/**
 * Plans the phase of a space at a level; undefined where there is nothing to do. `keep` is told what the phase reads from
 * memory, so that phases are planned from the last one on: the maker of a value then knows who wants it.
 */
export function planPhase(
  values: readonly Value[],
  space: Space,
  level: number,
  keep: (value: Value) => void,
): Phase | undefined {
  const roots = values.filter(
    (value) =>
      value.level === level &&
      value.space === space &&
      (isColumnReduction(value) ||
        (value.form === 'single' ? isReduction(value) : value.form !== 'column' && value.buffer >= 0)),
  );
  return roots.length === 0 ? undefined : phaseFor(roots, values, space, level, keep);
}

function phaseFor(
  roots: readonly Value[],
  values: readonly Value[],
  space: Space,
  level: number,
  keep: (value: Value) => void,
): Phase {
  const isOurs = (value: Value): boolean => value.space === space && (value.form === 'full' || value.form === 'row');
  const isLoaded = (value: Value): boolean =>
    value.operation === 'leaf' ||
    (value.form !== 'single' && !isFree(value) && (!isOurs(value) || (value.form === 'row' && value.level < level)));
  const stageOf = stagesOf(isOurs, isLoaded);

  const stages: { reductions: Value[]; columnReductions: Value[]; stores: Value[]; keeps: Value[] }[] = [];
  const stageAt = (index: number) => {
    while (stages.length <= index) stages.push({ reductions: [], columnReductions: [], stores: [], keeps: [] });
    return stages[index]!;
  };
  const rowStores: Value[] = [];
  const rowReductions: Value[] = [];
  /** The stages that need a full value, and row values that are needed. */
  const uses = new Map<Value, Set<number>>();
  const rows = new Set<Value>();

  const want = (value: Value, inStages: Iterable<number>, access: Access = 'same'): void => {
    if (isFree(value) || value.form === 'single') return;
    if (isLoaded(value) || access === 'column') keep(value);
    else if (value.form === 'row') rows.add(value);
    else {
      const own = uses.get(value) ?? new Set();
      uses.set(value, own);
      for (const stage of inStages) own.add(stage);
    }
  };

  /** A reduction belongs to the stage in which what it joins is there. */
  const place = (value: Value): void => {
    const [x] = value.operands as readonly [Value];
    const stage = stageOf(x);
    if (value.form === 'single' && x.form === 'row' && isOurs(x)) rowReductions.push(value);
    else if (isColumnReduction(value)) stageAt(stage).columnReductions.push(value);
    else stageAt(stage).reductions.push(value);
    want(x, [stage]);
  };

  for (const value of roots) {
    if (isColumnReduction(value) || value.form === 'single') place(value);
    else {
      if (value.form === 'row') rowStores.push(value);
      else stageAt(stageOf(value)).stores.push(value);
      want(value, [stageOf(value)]);
    }
  }

  const keptIn = new Map<Value, number>();
  /** Whether computing a full value anew takes more than a few operations. */
  const isDear = (value: Value): boolean => {
    const counted = new Set<Value>();
    const count = (own: Value): boolean => {
      if (!isOurs(own) || own.form !== 'full' || isLoaded(own) || keptIn.has(own)) return false;
      counted.add(own);
      return counted.size > cheap || expensive.has(own.operation) || own.operands.some(count);
    };
    return count(value);
  };
  for (const value of values.toReversed()) {
    const own = uses.get(value);
    if (rows.has(value)) wantForRow(value);
    else if (own !== undefined) {
      const first = Math.min(...own);
      const isKept = own.size > 1 && isDear(value);
      if (isKept) {
        keptIn.set(value, first);
        stageAt(first).keeps.push(value);
      }
      forEachOperand(value, (operand, access) => want(operand, isKept ? [first] : own, access));
    }
  }

  function wantForRow(value: Value): void {
    if (isReduction(value)) place(value);
    else if (value.operation === 'pick') {
      const [x, label] = value.operands as readonly [Value, Value];
      want(label, []);
      wantAtPoint(x);
    } else forEachOperand(value, (operand, access) => want(operand, [], access));
  }

  /** One element of a full value is computed from what it is made of, at one column. */
  function wantAtPoint(value: Value): void {
    if (!isOurs(value) || value.form !== 'full') want(value, []);
    else {
      forEachOperand(value, (operand, access) => {
        if (access === 'same') wantAtPoint(operand);
        else want(operand, [], access);
      });
    }
  }

  return {
    level,
    space,
    stages,
    rowStores,
    rowReductions,
    isLoaded,
    stageOf,
    keptIn: (value) => keptIn.get(value),
    roots,
    // What it reads from memory is there for the whole phase.
    only: (others) => phaseFor(others, values, space, level, () => undefined),
  };
}

/** Stages by the number of reductions of the row that a value waits for. */
function stagesOf(isOurs: (value: Value) => boolean, isLoaded: (value: Value) => boolean): (value: Value) => number {
  const known = new Map<Value, number>();
  const stageOf = (value: Value): number => {
    let stage = known.get(value);
    if (stage !== undefined) return stage;
    stage = 0;
    if (isOurs(value) && !isLoaded(value)) {
      if (isReduction(value)) stage = stageOf(value.operands[0]!) + 1;
      else {
        forEachOperand(value, (operand, access) => {
          if (access !== 'column') stage = Math.max(stage!, stageOf(operand));
        });
      }
    }
    known.set(value, stage);
    return stage;
  };
  return stageOf;
}
