/**
 * Which values share rows and columns. Values of one size that read one another element by element form a class; a class
 * is all of a space [rows, columns], or the rows of one, or a single number. What two spaces share goes through memory.
 */
import type { Access } from './access.ts';
import { forEachOperand, isAnchor, isColumnReduction, isFree, isReduction, type Space, type Value } from './values.ts';

/** Gives every value its form and its space; returns the spaces. */
export function assignSpaces(values: readonly Value[]): readonly Space[] {
  const classes = makeClasses(values);
  const users = usersOf(values);
  const spaces: Space[] = [];
  const spaceOf = (rows: number, columns: number): Space => {
    let space = spaces.find((own) => own.rows === rows && own.columns === columns);
    if (space === undefined) {
      space = { id: spaces.length, rows, columns };
      spaces.push(space);
    }
    return space;
  };

  // Classes whose rows have a length are known first: the others depend on them.
  for (const value of values) {
    const width = isElement(value) ? classes.widthOf(value) : undefined;
    if (width === undefined) continue;
    value.form = 'full';
    value.space = spaceOf(value.size / width, width);
  }
  const places = new Map<Value, Pick<Value, 'form' | 'space'>>();

  /** The space whose rows a class is: that with the longest rows of those it belongs to by what it reads or who reads it. */
  function rowsOf(members: readonly Value[]): Space | undefined {
    let found: Space | undefined;
    const consider = (space: Space | undefined): void => {
      if (space?.rows === members[0]!.size && (found === undefined || found.columns < space.columns)) found = space;
    };
    for (const member of members) {
      for (const { user, access } of users.get(member) ?? []) {
        if (access === 'row' && user.form === 'full') consider(user.space);
        // A label belongs to the rows that it selects from.
        if (user.operation === 'inRange' || (user.operation === 'pick' && user.operands[1] === member)) {
          place(user);
          consider(user.space);
        }
      }
      forEachOperand(member, (operand, access) => {
        if (access !== 'same' || !isAnchor(operand)) return;
        place(operand);
        if (operand.form === 'row') consider(operand.space);
      });
    }
    return found;
  }

  const inPlacing = new Set<Value>();

  function placeClass(value: Value): void {
    const root = classes.rootOf(value);
    const known = places.get(root);
    if (known !== undefined) {
      Object.assign(value, known);
      return;
    }
    // A class may read what is picked by its own members (a mask of the labels that pick): they are placed with the rest.
    if (inPlacing.has(root)) return;
    inPlacing.add(root);
    const rows = rowsOf(classes.membersOf(value));
    const form = rows !== undefined ? 'row' : value.size === 1 ? 'single' : 'full';
    // Without rows of its own it joins whoever walks as many elements.
    const flat = (): Space => spaces.find((own) => own.rows * own.columns === value.size) ?? spaceOf(1, value.size);
    const made = { form, space: form === 'full' ? flat() : rows } as const;
    places.set(root, made);
    Object.assign(value, made);
  }

  /** Whether a number that a single row gives goes back into that row, as a softmax's total does. */
  function returns(value: Value, columns: number): boolean {
    return (users.get(value) ?? []).some(({ user }) => {
      if (user.size === 1) return returns(user, columns);
      if (user.size !== columns || !isElement(user)) return false;
      if (user.form === 'free') placeClass(user);
      return user.space?.rows === 1;
    });
  }

  function placeReduction(value: Value): void {
    const { size, extent } = value;
    const [x] = value.operands as readonly [Value];
    // A leaf's whole sum joins whoever walks as many elements.
    const found = isFree(x) ? spaces.find((own) => own.rows * own.columns === x.size) : x.space;
    const isWalked = isFree(x) || x.form === 'full' || x.form === 'row';
    const fits = size === 1 || (x.form !== 'row' && size === found?.rows && extent === found.columns);
    value.space = found !== undefined && isWalked && fits ? found : spaceOf(size, extent);
    const { rows, columns } = value.space;
    const isRow = size === rows && extent === columns;
    value.form = isRow && (rows > 1 || returns(value, columns)) ? 'row' : 'single';
  }

  function place(value: Value): void {
    if (value.form !== 'free' || isFree(value)) return;
    // What is joined comes first; the other anchors are rows of what they select from, whatever that is.
    if (isReduction(value) || isColumnReduction(value)) place(value.operands[0]!);
    if (isReduction(value)) placeReduction(value);
    else if (isColumnReduction(value)) {
      const [x] = value.operands as readonly [Value];
      value.form = 'column';
      value.space = x.form === 'full' && x.space!.columns === value.size ? x.space : spaceOf(value.extent, value.size);
    } else if (isAnchor(value)) {
      value.form = 'row';
      value.space = spaceOf(value.size, value.extent);
    } else placeClass(value);
  }

  for (const value of values) place(value);
  return spaces;
}

/** Whether a value is computed element by element of its space. */
function isElement(value: Value): boolean {
  return !isFree(value) && !isAnchor(value);
}

/** The length of a row that a value's own operands ask for. */
function ownWidth({ operation, operands, access, size, extent }: Value): number | undefined {
  if (operation === 'oneHot') return extent;
  const row = access.indexOf('row');
  if (row >= 0) return size / operands[row]!.size;
  const column = access.indexOf('column');
  return column >= 0 ? operands[column]!.size : undefined;
}

/** Classes of values that read one another element by element, where they agree about the length of a row. */
function makeClasses(values: readonly Value[]) {
  const parents = values.map(({ id }) => id);
  const widths = values.map((value) => (isElement(value) ? ownWidth(value) : undefined));
  const find = (id: number): number => {
    let root = id;
    while (parents[root] !== root) root = parents[root]!;
    return root;
  };
  for (const value of values) {
    if (!isElement(value)) continue;
    forEachOperand(value, (operand, access) => {
      if (access !== 'same' || !isElement(operand)) return;
      const [own, other] = [find(value.id), find(operand.id)];
      const agree = widths[own] === undefined || widths[other] === undefined || widths[own] === widths[other];
      if (own === other || !agree) return;
      widths[own] ??= widths[other];
      parents[other] = own;
    });
  }
  // Numbers of longer rows stay with them, and sums over them have a walk of their own.
  const ofRows = new Set<number>();
  for (const user of values) {
    forEachOperand(user, (operand, access) => {
      if (access === 'row' && isElement(operand)) ofRows.add(find(operand.id));
    });
  }
  // What is reduced along rows of a length has rows of that length, unless its operands have said otherwise.
  for (const value of values) {
    const [x] = value.operands;
    if (value.size === 1 || !isAnchor(value) || !isElement(x!)) continue;
    if (isColumnReduction(value) && ofRows.has(find(x!.id))) continue;
    widths[find(x!.id)] ??= isColumnReduction(value)
      ? value.size
      : value.operation === 'inRange'
        ? undefined
        : value.extent;
  }
  // What lies across memory has its rows there: whoever reads or writes it walks them, unless it walks others.
  for (const value of values) {
    if (!isElement(value)) continue;
    for (const { transposition } of [value, ...value.operands]) {
      if (transposition !== undefined) widths[find(value.id)] ??= transposition.columns;
    }
  }
  return {
    rootOf: ({ id }: Value): Value => values[find(id)]!,
    widthOf: ({ id }: Value): number | undefined => widths[find(id)],
    membersOf: ({ id }: Value): readonly Value[] =>
      values.filter((other) => isElement(other) && find(other.id) === find(id)),
  };
}

/** Who reads each value, and how. */
function usersOf(values: readonly Value[]) {
  const users = new Map<Value, { readonly user: Value; readonly access: Access }[]>();
  for (const user of values) {
    forEachOperand(user, (operand, access) => {
      const own = users.get(operand);
      const use = { user, access };
      if (own) own.push(use);
      else users.set(operand, [use]);
    });
  }
  return users;
}
