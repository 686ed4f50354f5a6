/**
 * Rows that lie across memory. Of maps with channels first, [batch, columns, rows], neighbours in a plane are elements of different
 * rows: a vector of four rows is one load, and nothing need be moved. What cannot be walked so is transposed before, or after.
 */
import type { Access } from '../../fusion/access.ts';
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
  const spaces = new Map<Value, Space | undefined>();
  const use = (value: Value, space: Space | undefined): void => {
    spaces.set(value, spaces.has(value) && spaces.get(value) !== space ? undefined : space);
  };
  for (const value of values) {
    forEachOperand(value, (operand, access) => {
      if (operand.operation === 'leaf' && operand.transposition) use(operand, spaceOfUse(value, operand, access));
    });
    if (value.operation === 'transposed') use(value, value.form === 'full' ? value.space : undefined);
  }
  const inSpace = new Map<Space, Value[]>();
  for (const [value, space] of spaces) {
    if (space === undefined || !fits(value.transposition!, space)) continue;
    const others = inSpace.get(space) ?? [];
    if (others.length === 0) inSpace.set(space, others);
    if (others.every(({ transposition }) => transposition!.rows === value.transposition!.rows)) others.push(value);
  }
  const found = [...inSpace].filter(([, own]) => staysInCache(own[0]!.transposition!, own.length));
  return {
    rowsIn: new Map(found.map(([space, own]) => [space, own[0]!.transposition!.rows])),
    values: new Set(found.flatMap(([, own]) => own)),
  };
}

/** The space in which a leaf is read row by row; undefined where it is read otherwise. */
function spaceOfUse(user: Value, leaf: Value, access: Access): Space | undefined {
  const isRead = access === 'same' && user.operation !== 'inRange' && user.operands[1] !== leaf;
  return isRead || user.form === 'full' ? user.space : undefined;
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
