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
  const numbers = new Map<number | string, number>();
  const column = growing(Int32Array);
  return {
    add(groups, first, rows) {
      if (groups.length !== rows)
        throw inputError(`${place('groups')} must be one a row, got ${groups.length} of ${rows}.`);
      const data = column.room(first + rows);
      for (let row = 0; row < rows; row++) {
        const group = groups[row]!;
        if (typeof group === 'number' && !Number.isSafeInteger(group)) {
          throw rowError(place, 'groups', 'whole numbers or words', group, first + row);
        }
        let number = numbers.get(group);
        if (number === undefined) {
          number = numbers.size;
          if (number === mostGroups) {
            throw inputError(
              `${place('groups')} must be at most ${mostGroups} different ones, got more by row ${first + row}.`,
            );
          }
          numbers.set(group, number);
        }
        data[first + row] = number;
      }
    },
    taken(rows) {
      const found = [...numbers.keys()];
      const sorted = [...found].sort((one, two) =>
        typeof one === 'number' && typeof two === 'number' ? one - two : String(one) < String(two) ? -1 : 1,
      );
      const places = found.map((group) => sorted.indexOf(group));
      return {
        names: sorted.map((group) => (typeof group === 'number' ? `group ${group}` : group)),
        groups: column.taken(rows).map((number) => places[number]!),
      };
    },
  };
}
