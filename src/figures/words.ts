/** Numbers and sentences as a reader meets them in titles, labels and descriptions. */

/** A count with its thousands apart: `1,000,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A count of things: `1 row`, `2,000 rows`. */
export function counted(value: number, thing: string, things = `${thing}s`): string {
  return `${count(value)} ${value === 1 ? thing : things}`;
}

/** A sample's size, which no line end parts. */
export function sampleSize(rows: number): string {
  return `n\u00a0=\u00a0${count(rows)}`;
}

/** A share as percent: `97.1%`. */
export function percent(share: number, digits = 1): string {
  return `${signed((100 * share).toFixed(digits))}%`;
}

/** A number with three digits that count. */
export function decimal(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return signed(value.toExponential(1).replace('.0e', 'e'));
  return signed(String(Number(value.toPrecision(3))));
}

/** The minus sign of print, and no minus before a zero. */
function signed(text: string): string {
  return text.startsWith('-') ? (Number(text) === 0 ? text.slice(1) : `−${text.slice(1)}`) : text;
}

/**
 * A name as Vega draws it. One that every object has (`constructor`, `toString`) gets a space behind it: Vega would take what
 * it finds under it for an operator of its own, and draw nothing.
 */
export function drawable(name: string): string {
  return name in {} ? `${name} ` : name;
}

/** Names, in lists or by name, for an expression of Vega. */
export function inExpression(names: readonly unknown[] | Readonly<Record<string, string>>): string {
  return JSON.stringify(names, (_, each: unknown) => (typeof each === 'string' ? drawable(each) : each));
}

/** Names in a sentence: `a, b and c`; many are cut short. */
export function listed(names: readonly string[], most = 6): string {
  if (names.length > most) return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`;
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/**
 * The width of a letter over the font's size, as Vega guesses it where it has no canvas to measure on: lines broken by it
 * make the same picture in Node and in a browser, and overflow in neither.
 */
const letterWidth = 0.8;

/** About how many pixels a text takes. */
export function textWidth(text: string, fontSize: number): number {
  return text.length * letterWidth * fontSize;
}

/** A text on lines of at most `width` pixels; a word that is longer than a line is broken. */
export function wrapped(text: string, width: number, fontSize: number): string[] {
  const most = Math.max(3, Math.floor(width / (letterWidth * fontSize)));
  const lines: string[] = [];
  let line = '';
  const pieces = text.split(' ').flatMap((word) => {
    const parts = Math.max(1, Math.ceil(word.length / most));
    return Array.from({ length: parts }, (_, index) => word.slice(index * most, (index + 1) * most));
  });
  for (const word of pieces) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A text cut to a width in its middle, because names differ at their ends: `indep…ent 2`. */
export function shortened(text: string, width: number, fontSize: number): string {
  const most = Math.max(3, Math.floor(width / (letterWidth * fontSize)));
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}
