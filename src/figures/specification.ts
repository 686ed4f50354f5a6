/**
 * The part of Vega-Lite's grammar that the figures speak, as plain types, so that a slip in a specification is a compile
 * error and the library needs no package for it. Lists are mutable because Vega-Lite's own types ask for that: a `Figure`
 * goes into `vegaEmbed` and `compile` without a cast.
 */

/** A value in a row of data; null is a missing one. */
export type Datum = string | number | boolean | null;
/** One row of data. */
export type Row = Record<string, Datum>;

/** How a field is measured. */
export type FieldType = 'quantitative' | 'nominal' | 'ordinal';

/** A scale of a channel. */
export interface Scale {
  type?: 'linear' | 'log' | 'symlog' | 'band' | 'point';
  domain?: number[] | string[];
  domainMid?: number;
  range?: number[] | string[] | number[][];
  scheme?: string;
  reverse?: boolean;
  clamp?: boolean;
  zero?: boolean;
  nice?: boolean;
  padding?: number;
  paddingInner?: number;
  paddingOuter?: number;
}

/** An axis of a position channel. */
export interface Axis {
  title?: string | string[] | null;
  format?: string;
  labelExpr?: string;
  orient?: 'top' | 'bottom' | 'left' | 'right';
  values?: number[];
  tickCount?: number;
  tickMinStep?: number;
  minExtent?: number;
  maxExtent?: number;
  labels?: boolean;
  ticks?: boolean;
  domain?: boolean;
  grid?: boolean;
  labelAngle?: number;
  labelAlign?: 'left' | 'center' | 'right';
  labelLimit?: number;
  labelOverlap?: boolean | 'greedy' | 'parity';
  labelPadding?: number;
  labelFontSize?: number;
  titlePadding?: number;
}

/** A legend of a scale. */
export interface Legend {
  title?: string | string[] | null;
  orient?: 'top' | 'bottom' | 'right';
  direction?: 'horizontal' | 'vertical';
  columns?: number;
  format?: string;
  gradientLength?: number;
  gradientThickness?: number;
  labelLimit?: number;
  titleLimit?: number;
  symbolType?: 'stroke';
  symbolSize?: number;
  symbolStrokeWidth?: number;
  symbolOpacity?: number;
  tickCount?: number;
  values?: number[];
}

/** A field of the data on a channel. */
export interface FieldChannel {
  field: string;
  type: FieldType;
  title?: string | null;
  axis?: Axis | null;
  legend?: Legend | null;
  scale?: Scale | null;
  sort?: string[] | null;
  stack?: null;
  format?: string;
  bandPosition?: number;
}

/** A constant on a channel: `datum` goes through the scale, `value` does not. */
export interface DatumChannel {
  datum: string | number;
  type?: FieldType;
  title?: string | null;
  axis?: Axis | null;
  scale?: Scale | null;
  bandPosition?: number;
}
/** A constant that does not go through a scale. */
export interface ValueChannel<Value extends string | number = string | number> {
  value: Value;
}

/** What a mark is drawn by. */
export interface Encoding {
  x?: FieldChannel | DatumChannel | ValueChannel<number>;
  y?: FieldChannel | DatumChannel | ValueChannel<number>;
  x2?: { field: string } | { datum: string | number };
  y2?: { field: string } | { datum: string | number };
  color?: FieldChannel | DatumChannel | ValueChannel<string>;
  shape?: FieldChannel | ValueChannel<string>;
  size?: FieldChannel | ValueChannel<number>;
  strokeDash?: FieldChannel | DatumChannel;
  opacity?: FieldChannel | ValueChannel<number>;
  text?: { field: string; type: FieldType } | ValueChannel<string>;
  order?: { field: string; type: FieldType };
  detail?: { field: string; type: FieldType };
  tooltip?: { field: string; type: FieldType; title: string; format?: string }[];
}

/** The form of a mark. */
export interface Mark {
  type: 'bar' | 'rect' | 'line' | 'area' | 'point' | 'rule' | 'text' | 'tick';
  aria?: boolean;
  clip?: boolean;
  color?: string;
  fill?: string;
  stroke?: string;
  filled?: boolean;
  opacity?: number;
  fillOpacity?: number;
  strokeOpacity?: number;
  strokeWidth?: number;
  strokeDash?: number[];
  strokeCap?: 'butt' | 'round';
  interpolate?: 'linear' | 'step-after';
  invalid?: 'break-paths-show-path-domains' | 'filter';
  point?: boolean;
  shape?: string;
  size?: number;
  thickness?: number;
  width?: number | { band: number };
  height?: number | { band: number };
  align?: 'left' | 'center' | 'right';
  baseline?: 'top' | 'middle' | 'bottom';
  dx?: number;
  dy?: number;
  xOffset?: number;
  yOffset?: number;
  x2Offset?: number;
  limit?: number;
  fontSize?: number;
  fontWeight?: 'normal' | 'bold';
  fontStyle?: 'normal' | 'italic';
  lineBreak?: string;
  cornerRadius?: number;
}

/** Rows of data. */
export interface Data {
  values: Row[];
}

/** A mark, with data of its own or with those of its panel. */
export interface Layer {
  data?: Data;
  mark: Mark;
  encoding: Encoding;
}

/** A heading, each line its own string. */
export interface Title {
  text: string[];
  subtitle?: string[];
  frame?: 'group' | 'bounds';
  offset?: number;
}

/** Marks on one pair of axes; `width` and `height` are those of the plot itself, without its axes. */
export interface Panel {
  title?: Title;
  data?: Data;
  width: number;
  height: number;
  layer: Layer[];
  resolve?: { scale?: Resolution; legend?: Resolution; axis?: Resolution };
}

/** Panels that belong together, one under the other. */
export interface Column {
  title?: Title;
  vconcat: Panel[];
  spacing?: number;
  resolve?: { scale?: Resolution; legend?: Resolution };
}

/** Whether views share a scale or a legend. */
export type Resolution = Partial<
  Record<'x' | 'y' | 'color' | 'shape' | 'size' | 'strokeDash', 'shared' | 'independent'>
>;

/** A specification in the language of Vega-Lite 6, with its data: a plain object that `JSON.stringify` keeps. */
export interface Figure {
  $schema: string;
  /** What the figure shows, in words: the image's name to a screen reader. */
  description: string;
  title: Title;
  concat: (Panel | Column)[];
  columns: number;
  spacing: number;
  padding: number;
  background: string;
  resolve: { scale?: Resolution; legend?: Resolution };
  config: Config;
}

/** The look that all figures share. */
export interface Config {
  font: string;
  view: { stroke: string | null };
  axis: Record<string, string | number | boolean>;
  legend: Record<string, string | number | boolean>;
  title: {
    anchor: 'start';
    frame: 'group' | 'bounds';
    align: 'left';
    color: string;
    fontSize: number;
    fontWeight: 'bold';
    subtitleColor: string;
    subtitleFontSize: number;
    subtitlePadding: number;
    offset: number;
  };
  concat: { spacing: number };
}
