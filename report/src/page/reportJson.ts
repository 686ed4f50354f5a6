import type { Comparison } from '../compare/comparison.ts';

/** Stands for infinity until the text is whole: JSON has no word for it, but numbers too large for any reader. */
const infinity = '\u0001infinity';

/**
 * A comparison as JSON. Infinities, such as a likelihood of what a model rules out, are written as `1e999`, which JavaScript and
 * Python read as infinity.
 *
 * @param comparison What `compareModels` returned.
 * @example
 * writeFileSync('report.json', reportJson(comparison));
 */
export function reportJson(comparison: Comparison): string {
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
