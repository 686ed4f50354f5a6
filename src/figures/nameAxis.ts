/** A vertical axis of names: one line of the figure for each, its label broken over two lines or cut where it is long. */
import type { FieldChannel } from './specification.ts';
import { inExpression, listed, shortened, textWidth, wrapped } from './words.ts';

const labelFont = 11;

/** Names on an axis. */
export interface NameAxis {
  /** The channel of the field `index`, which numbers the names from 0. */
  readonly channel: FieldChannel;
  /** Pixels that the labels take. */
  readonly width: number;
  /** The most lines of a label. */
  readonly lines: number;
}

/**
 * An axis of names.
 *
 * @param names Each with what is said beside it (a count), which moves to a line of its own where the room is short.
 * @param room Pixels that labels may take.
 * @param breaks Whether a long name may go over two lines; else it is cut.
 */
export function nameAxis(
  names: readonly { readonly name: string; readonly beside?: string }[],
  room: number,
  breaks = true,
): NameAxis {
  const fits = (text: string): boolean => textWidth(text, labelFont) <= room;
  const labels = names.map(({ name, beside = '' }) => {
    const whole = beside === '' ? name : `${name}  ${beside}`;
    if (fits(whole)) return [whole];
    const [first = ''] = fits(name) || !breaks ? [name] : wrapped(name, room, labelFont);
    const lines = [first, name.slice(first.length).trim()].filter((line) => line !== '');
    return [...lines.map((line) => shortened(line, room, labelFont)), ...(beside === '' ? [] : [beside])];
  });
  return {
    channel: {
      field: 'index',
      type: 'ordinal',
      scale: { domain: names.map((_, index) => index), padding: 0 },
      axis: {
        title: null,
        description: `Rows: ${listed(names.map(({ name }) => name))}`,
        labelExpr: `${inExpression(labels)}[datum.value]`,
        labelLimit: 0,
        labelOverlap: false,
        labelPadding: 6,
        ticks: false,
        domain: false,
        grid: false,
      },
    },
    width: Math.ceil(Math.max(...labels.flat().map((line) => textWidth(line, labelFont)))) + 6,
    lines: Math.max(...labels.map((lines) => lines.length)),
  };
}
