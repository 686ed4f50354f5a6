/** Groups of rows by name: numbers or words, as files hold them. */
import { inputError, type Place, rowError } from './fault.ts';
import { growing } from './growing.ts';

/** Groups that are coming in. */
export interface Categories {
  add(groups: ArrayLike<number | string>, first: number, rows: number): void;
  /** Names in order, numbers as numbers, and each row's place among them. */
  taken(rows: number): { readonly names: readonly string[]; readonly groups: Int32Array };
}

const mostGroups = 1000;

/** No rows yet. */
export function categories(place: Place): Categories {
  const places = new Map<string, number>();
  const column = growing(Int32Array);
  return {
    add(groups, first, rows) {
      if (groups.length !== rows) {
        throw inputError(`${place('groups')} must be one a row, got ${groups.length} of ${rows}.`);
      }
      const data = column.room(first + rows);
      for (let row = 0; row < rows; row++) {
        const group = groups[row]!;
        if (typeof group === 'number' && !Number.isSafeInteger(group)) {
          throw rowError(place, 'groups', 'whole numbers or words', group, first + row);
        }
        const name = String(group);
        let found = places.get(name);
        if (found === undefined) {
          found = places.size;
          if (found === mostGroups) {
            const got = `got more by row ${first + row}`;
            throw inputError(`${place('groups')} must be at most ${mostGroups} different ones, ${got}.`);
          }
          places.set(name, found);
        }
        data[first + row] = found;
      }
    },
    taken(rows) {
      const found = [...places.keys()];
      const numbers = found.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
      const sorted = [...found].sort((one, other) =>
        numbers ? Number(one) - Number(other) : one < other ? -1 : one > other ? 1 : 0,
      );
      const order = found.map((name) => sorted.indexOf(name));
      return {
        // A bare number says nothing on an axis.
        names: sorted.map((name) => (numbers ? `group ${name}` : name)),
        groups: column.taken(rows).map((number) => order[number]!),
      };
    },
  };
}
