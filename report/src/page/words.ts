/** Numbers and names as a reader meets them. */
import type { Estimate } from '../compare/comparison.ts';

/** Text that is safe in HTML, in attributes too. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A count with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** Names in a sentence. */
export function listed(names: readonly string[], last = 'and'): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}

/** How a number is written. */
export type Unit = 'percent' | 'points' | 'plain';

/** A number and its interval, as texts. */
export interface EstimateText {
  readonly value: string;
  readonly interval: string;
}

/** As many digits as the interval bears out: two that count of its width. */
export function estimateText({ value, low, high }: Estimate, unit: Unit, signs = false): EstimateText {
  const scale = unit === 'plain' ? 1 : 100;
  const width = Math.abs(high - low) * scale;
  const [least, most] = unit === 'plain' ? ([2, 5] as const) : ([1, 3] as const);
  // No width at all, or none that is finite, says nothing of digits.
  const known = width > 1e-9 && Number.isFinite(width);
  const shown = known ? Math.max(least, Math.min(most, 1 - Math.floor(Math.log10(width)))) : least;
  const text = (number: number) => signed(number * scale, shown, signs);
  const mark = unit === 'percent' ? '%' : '';
  return { value: `${text(value)}${mark}`, interval: `[${text(low)}, ${text(high)}]` };
}

/** A number with a minus sign of print, with a plus where signs are asked for, and no sign at 0. */
export function signed(value: number, digits: number, plus = false): string {
  if (value === Infinity) return '∞';
  if (value === -Infinity) return '−∞';
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return value < 0 ? `−${text}` : plus ? `+${text}` : text;
}

/** Whether an interval lies on one side of 0. */
export function excludesZero({ low, high }: Estimate): boolean {
  return low > 0 || high < 0;
}

/** The same number with its sign turned. */
export function turned({ value, low, high }: Estimate): Estimate {
  return { value: -value, low: -high, high: -low };
}
