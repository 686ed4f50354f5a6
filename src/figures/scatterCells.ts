/** Rows of a scatter counted in cells, where they are too many to be drawn one by one. */
import { shadesBelow } from './frame.ts';
import type { Encoding, Layer, Row } from './specification.ts';

/** Cells along each axis. */
export const cellsAcross = 40;

/** The cells that hold rows, with their numbers, over a square from `low` to `high` on both axes. */
export function cellsOf(x: ArrayLike<number>, y: ArrayLike<number>, [low, high]: readonly [number, number]): Row[] {
  const numbers = new Uint32Array(cellsAcross * cellsAcross);
  const size = (high - low) / cellsAcross;
  const place = (value: number): number => Math.min(cellsAcross - 1, Math.floor((value - low) / size));
  for (let row = 0; row < x.length; row++) numbers[place(x[row]!) * cellsAcross + place(y[row]!)]! += 1;
  const edge = (line: number): number => low + line * size;
  return Array.from(numbers, (rows, index): Row => {
    const [column, line] = [Math.floor(index / cellsAcross), index % cellsAcross];
    return { x: edge(column), x2: edge(column + 1), y: edge(line), y2: edge(line + 1), rows };
  }).filter(({ rows }) => rows !== 0);
}

/** The layer of cells, darker where they hold more rows. */
export function cellLayer(cells: Row[], densest: number, places: Encoding): Layer {
  return {
    data: { values: cells },
    mark: { type: 'rect', aria: false },
    encoding: {
      ...places,
      x2: { field: 'x2' },
      y2: { field: 'y2' },
      color: {
        field: 'rows',
        type: 'quantitative',
        scale: { type: 'log', domain: [1, Math.max(2, densest)], range: ['#c6dcef', '#08306b'] },
        legend: shadesBelow('rows in a cell', '~s'),
      },
      tooltip: [{ field: 'rows', type: 'quantitative', title: 'rows', format: ',' }],
    },
  };
}
