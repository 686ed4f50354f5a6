/** Heat maps: a matrix of cells with their numbers written in, where there is room for them. */
import type { Frame } from './frame.ts';
import type { Axis, FieldChannel, Layer, Legend, Panel, Row, Scale } from './specification.ts';
import { ink } from './theme.ts';
import { inExpression, listed, shortened, textWidth } from './words.ts';

/** One cell of a matrix. */
export interface Cell {
  readonly row: number;
  readonly column: number;
  /** What the colour stands for; null for a cell without a value, which is grey. */
  readonly value: number | null;
  /** What is written in the cell: the first line, and a second one where there is room. */
  readonly text: string;
  readonly note: string;
  /** True where the colour is so dark that the text must be white. */
  readonly dark: boolean;
  /** More about the cell, for its tooltip. */
  readonly more: Readonly<Record<string, string>>;
}

/** A matrix to draw. */
export interface HeatMap {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly rowTitle: string;
  readonly columnTitle: string;
  readonly cells: readonly Cell[];
  readonly scale: Scale;
  readonly legend: Legend;
}

/** Rows (and columns) of a matrix beyond which only every k-th is drawn. */
const mostLines = 60;
const labelFont = 11;
/** Pixels that the name of a column may rise above it: else a long one would make most of the figure. */
const columnRoom = 260;
const cellFont = 10.5;
/** Width of a digit over the font's size, in any common font. */
const digitWidth = 0.64;

/** The numbers of the rows that are drawn: all, or every k-th from the first. */
export function drawnLines(count: number): number[] {
  const every = Math.ceil(count / mostLines);
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}

/** Says which rows and columns are drawn where not all are. */
export function drawnNote(rows: number, columns: number): string {
  const part = (count: number, things: string): string[] => {
    const every = Math.ceil(count / mostLines);
    return every === 1 ? [] : [`1 in ${every} of ${count} ${things}`];
  };
  const parts = [...part(rows, 'rows'), ...part(columns, 'columns')];
  return parts.length === 0 ? '' : `Drawn: ${parts.join(', ')}.`;
}

/** Says what the axes leave off their names: `Rows: encoder.layer.*.output.` */
export function namesNote(rows: readonly string[], columns: readonly string[]): string {
  const part = (names: readonly string[], things: string): string[] => {
    const [start, end] = shared(names);
    return start === '' && end === '' ? [] : [`${things} ${start}*${end}`];
  };
  const parts = [...part(rows, 'rows'), ...part(columns, 'columns')];
  return parts.length === 0 ? '' : `Names: ${parts.join(', ')}.`;
}

/** The panel of a matrix; narrow and wide, it is turned on its side where its numbers are readable only then. */
export function heatMapPanel(frame: Frame, given: HeatMap): Panel {
  const turned = given.columns.length > given.rows.length && sizesOf(frame, given).across < 30;
  const map = turned ? transposed(given) : given;
  const { across, down, rowRoom, rowNames, columnNames } = sizesOf(frame, map);
  const fits = (text: string): boolean => text.length * digitWidth * cellFont <= across - 2;
  const hasText = down >= 14 && map.cells.every(({ text }) => fits(text));
  const more = [...new Set(map.cells.flatMap((cell) => Object.keys(cell.more)))];
  const values = map.cells.map((cell): Row => {
    // A title may hold dots and brackets, which in the name of a field mean parts of it.
    const own = Object.fromEntries(more.map((name, index) => [`more${index}`, cell.more[name] ?? '–']));
    const told = Object.entries(cell.more).map(([field, text]) => `${field} ${text}`);
    return {
      row: cell.row,
      column: cell.column,
      value: cell.value,
      text: cell.text,
      note: down >= 30 && fits(cell.note) ? cell.note : '',
      dark: cell.dark,
      rowName: map.rows[cell.row]!,
      columnName: map.columns[cell.column]!,
      told: `${map.rows[cell.row]}, ${map.columns[cell.column]}: ${told.join(', ')}`,
      ...own,
    };
  });
  const bare: Axis = { labelOverlap: false, labelLimit: 0, ticks: false, domain: false };
  const place = (field: 'row' | 'column', names: readonly string[], axis: Axis): FieldChannel => ({
    field,
    type: 'ordinal',
    scale: { domain: names.map((_, index) => index), padding: 0 },
    axis: { ...bare, labelExpr: `${inExpression(names)}[datum.value]`, ...axis },
  });
  const upright = columnNames.every((name) => name.length * digitWidth * labelFont <= across - 2);
  const heads = upright ? columnNames : columnNames.map((name) => shortened(name, columnRoom, labelFont));
  const x = place('column', everyFitting(heads, upright ? Infinity : across), {
    title: map.columnTitle,
    description: `Columns, ${map.columnTitle}: ${listed(map.columns)}`,
    orient: 'top',
    labelAngle: upright ? 0 : -90,
    labelAlign: upright ? 'center' : 'left',
  });
  const y = place(
    'row',
    everyFitting(
      rowNames.map((name) => shortened(name, rowRoom, labelFont)),
      down,
    ),
    {
      title: map.rowTitle,
    },
  );
  const nominal = { type: 'nominal' as const };
  const tooltip = [
    { field: 'rowName', ...nominal, title: map.rowTitle },
    { field: 'columnName', ...nominal, title: map.columnTitle },
    ...more.map((name, index) => ({ field: `more${index}`, ...nominal, title: name })),
  ];
  const description = { field: 'told', ...nominal };
  const texts = (field: 'text' | 'note', chosen: (value: Row) => boolean, dy: number): Layer[] =>
    [false, true].map((dark) => ({
      data: { values: values.filter((value) => value.dark === dark && chosen(value)) },
      mark: { type: 'text', color: dark ? '#ffffff' : ink, fontSize: cellFont, dy, aria: false },
      encoding: { x, y, text: { field, type: 'nominal' } },
    }));
  const hasNote = ({ note }: Row): boolean => note !== '';
  return {
    width: Math.floor(across * columnNames.length),
    height: Math.floor(down * rowNames.length),
    layer: [
      {
        data: { values: values.filter(({ value }) => value === null) },
        mark: { type: 'rect', fill: '#d9d9d9', stroke: '#ffffff', strokeWidth: 1 },
        encoding: { x, y, description, tooltip },
      },
      {
        data: { values: values.filter(({ value }) => value !== null) },
        mark: { type: 'rect', stroke: '#ffffff', strokeWidth: across < 8 ? 0 : 1 },
        encoding: {
          x,
          y,
          color: { field: 'value', type: 'quantitative', scale: map.scale, legend: map.legend },
          description,
          tooltip,
        },
      },
      ...(hasText
        ? [
            ...texts('text', (value) => !hasNote(value), 0),
            ...texts('text', hasNote, -6),
            ...texts('note', hasNote, 7),
          ].filter(({ data }) => data.values.length > 0)
        : []),
    ],
  };
}

function transposed({ rows, columns, rowTitle, columnTitle, cells, ...rest }: HeatMap): HeatMap {
  return {
    ...rest,
    rows: columns,
    columns: rows,
    rowTitle: columnTitle,
    columnTitle: rowTitle,
    cells: cells.map((cell) => ({ ...cell, row: cell.column, column: cell.row })),
  };
}

function sizesOf({ inside }: Frame, { rows, columns }: HeatMap) {
  const [rowNames, columnNames] = [own(rows), own(columns)];
  const widest = Math.max(...rowNames.map((name) => textWidth(name, labelFont)));
  const rowRoom = Math.min(widest, Math.max(70, 0.32 * inside));
  const titleRoom = 40;
  const across = Math.min(84, (inside - rowRoom - titleRoom) / columns.length);
  const down = Math.min(40, Math.max(0.62 * across, columns.length > 12 ? across : 26));
  return { rowNames, columnNames, rowRoom, across, down };
}

/** What all names begin and end with, up to a separator: `encoder.layer.` and `.output`. */
function shared(names: readonly string[]): readonly [start: string, end: string] {
  const [first = '', ...others] = names;
  if (others.length === 0) return ['', ''];
  const common = (length: number, same: (name: string, at: number) => boolean): number => {
    let at = 0;
    while (at < length && others.every((name) => at < name.length && same(name, at))) at++;
    return at;
  };
  const start = first.slice(
    0,
    common(first.length, (name, at) => name[at] === first[at]),
  );
  const prefix = /^.*[./_\- ]/.exec(start)?.[0] ?? '';
  const end = first.slice(first.length - common(first.length, (name, at) => name.at(-1 - at) === first.at(-1 - at)));
  const suffix = /[./_\- ].*$/.exec(end)?.[0] ?? '';
  const shortest = Math.min(...names.map((name) => name.length));
  return prefix.length + suffix.length < shortest ? [prefix, suffix] : ['', ''];
}

/** Names without what they share. */
function own(names: readonly string[]): string[] {
  const [start, end] = shared(names);
  return names.map((name) => name.slice(start.length, name.length - end.length));
}

/** Names so far apart that none lies over the next: the others are left out. */
function everyFitting(names: readonly string[], room: number): string[] {
  const every = Math.max(1, Math.ceil(13 / room));
  return names.map((name, index) => (index % every === 0 ? name : ''));
}
