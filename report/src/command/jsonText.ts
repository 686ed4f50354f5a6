/** A comparison as JSON. */
import type { Comparison } from '../compare/comparison.ts';

/** Stands for infinity until the text is whole: JSON has no word for it, but numbers too large for any reader. */
const infinity = '\u0001infinity';

/** JSON whose infinities are `1e999`, which JavaScript and Python read as infinity. */
export function jsonText(comparison: Comparison): string {
  const text = JSON.stringify(
    comparison,
    (_, value: unknown) => {
      if (value === Infinity) return infinity;
      if (value === -Infinity) return `-${infinity}`;
      return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
    },
    1,
  );
  return `${text.replaceAll('"\\u0001infinity"', '1e999').replaceAll('"-\\u0001infinity"', '-1e999')}\n`;
}
