/** A list of small whole numbers that grows and is copied often: bytes, and what becomes bytes. */
export interface Symbols {
  put(number: number): void;
  putAll(numbers: ArrayLike<number>): void;
  /** Numbers of any size, seven bits a byte. */
  putUnsigned(number: number): void;
  putSigned(number: number): void;
  /** What is in it; valid until it grows. */
  view(): Int32Array;
}

/** An empty list. */
export function makeSymbols(): Symbols {
  let numbers = new Int32Array(32);
  let length = 0;

  function makeRoom(count: number): void {
    if (length + count <= numbers.length) return;
    const longer = new Int32Array(Math.max(2 * numbers.length, length + count));
    longer.set(numbers);
    numbers = longer;
  }

  function put(number: number): void {
    if (length === numbers.length) makeRoom(1);
    numbers[length++] = number;
  }

  return {
    put,
    putAll(more) {
      makeRoom(more.length);
      numbers.set(more, length);
      length += more.length;
    },
    putUnsigned(number) {
      let rest = number;
      for (; rest >= 128; rest = Math.floor(rest / 128)) put((rest % 128) | 128);
      put(rest);
    },
    putSigned(number) {
      let rest = number;
      for (;;) {
        const low = rest & 127;
        rest >>= 7;
        if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)) {
          put(low);
          return;
        }
        put(low | 128);
      }
    },
    view: () => numbers.subarray(0, length),
  };
}
