/**
 * Rows that lie across memory. Of maps with channels first, [batch, columns, rows], neighbours in a plane are elements of different
 * rows: a vector of four rows is one load, and nothing need be moved. What cannot be walked so is transposed before, or after.
 */
import type { Plan } from '../../fusion/plan.ts';
import type { Transposition } from '../../fusion/transposition.ts';
import { forEachOperand, type Space, type Value } from '../../fusion/values.ts';

/** What a plan's walks read and write as it lies. */
export interface Planes {
  /** The rows of a plane, of each space that has any. */
  readonly rowsIn: ReadonlyMap<Space, number>;
  readonly values: ReadonlySet<Value>;
}

/** The planes of a plan. */
export function planesOf({ values }: Plan): Planes {
  // The space in which each value in memory is read or written row by row; undefined where there are others.
  const spaces = new Map<Value, Space | undefined>();
  const use = (value: Value, space: Space | undefined): void => {
    spaces.set(value, spaces.has(value) && spaces.get(value) !== space ? undefined : space);
  };
  for (const value of values) {
    forEachOperand(value, (operand, access) => {
      const isRead = operand.operation === 'leaf' || (operand.form === 'full' && operand.space !== value.space);
      if (isRead) use(operand, access === 'same' && !isLabel(value, operand) ? value.space : undefined);
    });
    if (value.form === 'full' && value.buffer >= 0) use(value, value.space);
  }
  const found = new Map([...new Set(spaces.values())].flatMap((space) => planesIn(space, spaces)));
  const rowsOf = (own: readonly Value[]): number => own[0]!.transposition!.rows;
  return {
    rowsIn: new Map([...found].map(([space, own]) => [space, rowsOf(own)])),
    values: new Set([...found.values()].flat()),
  };
}

function isLabel({ operation, operands }: Value, operand: Value): boolean {
  return operation === 'inRange' || (operation === 'pick' && operands[1] === operand);
}

/** What lies across in a space, if that is half of what it has in memory: the other half's rows are taken element by element. */
function planesIn(
  space: Space | undefined,
  spaces: ReadonlyMap<Value, Space | undefined>,
): readonly (readonly [Space, readonly Value[]])[] {
  if (space === undefined) return [];
  const present = [...spaces.keys()].filter(
    (value) => spaces.get(value) === space && value.size === space.rows * space.columns,
  );
  const fitting = present.filter(({ transposition }) => transposition !== undefined && fits(transposition, space));
  const own = fitting.filter(({ transposition }) => transposition!.rows === fitting[0]!.transposition!.rows);
  const pays = own.length > 0 && 2 * own.length >= present.length;
  return pays && staysInCache(own[0]!.transposition!, own.length) ? [[space, own]] : [];
}

/** Longer rows are summed along, where sums go on in float64 from block to block. */
const longestRow = 256;

function fits({ batch, rows, columns }: Transposition, space: Space): boolean {
  return rows >= 4 && columns <= longestRow && space.columns === columns && space.rows === batch * rows;
}

/** Sets and lines in a set of a level-2 cache that most machines have, and the bytes of a line. */
const [sets, linesInASet, lineBytes] = [1024, 8, 64];

/**
 * Whether the lines that a row's columns lie in are still there when the next rows come: a line holds 16 rows, and columns that are
 * a large power of 2 apart share few sets.
 */
function staysInCache({ rows, columns }: Transposition, count: number): boolean {
  const period = sets * lineBytes;
  const apart = Math.max(lineBytes, greatestDivisor(period, rows * 4));
  return columns * count <= (period / apart) * linesInASet;
}

/** The largest power of 2, up to a power of 2, that divides a number. */
function greatestDivisor(power: number, number: number): number {
  let found = power;
  while (number % found !== 0) found /= 2;
  return found;
}
