/** Wrong inputs and options, as people give them. */
import type { Dice } from './dice.ts';

/** Values of the wrong kind. Among them no large whole numbers, which may be right and take hours: `largeValue`. */
export function oddValue(dice: Dice): unknown {
  const values: readonly (() => unknown)[] = [
    () => undefined,
    () => null,
    () => 'text',
    () => '',
    () => '3',
    () => true,
    () => false,
    () => 0,
    () => -1,
    () => 1.5,
    () => Number.NaN,
    () => Infinity,
    () => -Infinity,
    () => 7n,
    () => [],
    () => [[]],
    () => [1, 'a'],
    () => [[1, 2], [3]],
    () => ({}),
    () => ({ data: [1], shape: [2] }),
    () => ({ data: 'abc', shape: [3] }),
    () => ({ data: new Float32Array(4), shape: [-2, -2] }),
    () => ({ data: new Float32Array(4), shape: [2.5] }),
    () => ({ data: new Float32Array(2), dims: undefined }),
    () => ({ data: new Float32Array(0), shape: [0, 3] }),
    () => ({ rows: 1, columns: 1 }),
    () => new Map([[1, 2]]),
    () => new Date(0),
    () => new DataView(new ArrayBuffer(4)),
    () => Symbol.iterator,
    () => () => 1,
    () => Promise.resolve(1),
    () => new Float32Array(3),
    () => new Uint8Array(2),
    () => BigInt64Array.of(2n ** 60n),
  ];
  return dice.pick(values)();
}

/** Whole numbers beyond what anything takes. */
export function largeValue(dice: Dice): number {
  return dice.pick([1e9, 2 ** 53, 1e300, 2 ** 31, -(2 ** 31) - 1]);
}

/** A record with one or two things wrong. */
export function spoilBatch<Given extends Readonly<Record<string, unknown>>>(dice: Dice, given: Given): Given {
  let spoilt: Record<string, unknown> = { ...given };
  for (let times = dice.whole(1, 2); times > 0; times--) {
    const names = Object.keys(spoilt);
    if (names.length === 0) return spoilt as Given;
    const name = dice.pick(names);
    switch (dice.below(7)) {
      case 0:
        delete spoilt[name];
        break;
      case 1: {
        const { [name]: value, ...rest } = spoilt;
        spoilt = { ...rest, [dice.pick([name.slice(0, -1), `${name}s`, name.toLowerCase(), `${name} `])]: value };
        break;
      }
      case 2:
        spoilt[name] = spoilt[dice.pick(names)];
        break;
      case 3:
        if (dice.chance(0.3)) return oddValue(dice) as Given;
        spoilt[name] = oddValue(dice);
        break;
      case 4:
        spoilt[name] = reshaped(dice, spoilt[name]);
        break;
      case 5:
        spoilt[dice.pick(['rowWeights', 'labels', 'mask', 'rowWeight', 'label', 'x', 'logits'])] = oddValue(dice);
        break;
      default:
        spoilt[name] = oddNumbers(dice, spoilt[name]);
    }
  }
  return spoilt as Given;
}

interface Held {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

function isHeld(value: unknown): value is Held {
  return (
    typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && Array.isArray(value.shape)
  );
}

function reshaped(dice: Dice, value: unknown): unknown {
  if (!isHeld(value)) return Array.isArray(value) ? (dice.chance(0.5) ? [value] : value.slice(1)) : value;
  const { data, shape } = value;
  return {
    ...value,
    shape: dice.pick([
      [...shape, 1],
      [1, ...shape],
      shape.slice(1),
      shape.toReversed(),
      [data.length],
      [0, ...shape],
      shape.map((extent) => extent + 1),
    ]),
  };
}

function oddNumbers(dice: Dice, value: unknown): unknown {
  if (!isHeld(value) || !(value.data instanceof Float64Array) || value.data.length === 0) return value;
  const data = value.data.slice();
  data[dice.below(data.length)] = dice.pick([Number.NaN, Infinity, -Infinity, -1, 0.5, 1e300, 99]);
  return { ...value, data };
}
