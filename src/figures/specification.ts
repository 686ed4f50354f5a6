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
  type?: 'linear' | 'log';
  domain?: number[] | string[];
  range?: number[] | string[] | number[][];
  clamp?: boolean;
  zero?: boolean;
  nice?: boolean;
  padding?: number;
  paddingInner?: number;
  paddingOuter?: number;
}

/** An axis of a position channel. */
export interface Axis {
  /** What a screen reader says of the axis. */
  description?: string;
  title?: string | string[] | null;
  format?: string;
  labelExpr?: string;
  orient?: 'top' | 'bottom';
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
  labelAlign?: 'left' | 'center';
  labelLimit?: number;
  labelOverlap?: boolean;
  labelPadding?: number;
}

/** A legend of a scale. */
export interface Legend {
  title?: string | null;
  orient?: 'bottom';
  direction?: 'horizontal';
  columns?: number;
  format?: string;
  labelExpr?: string;
  gradientLength?: number;
  gradientThickness?: number;
  labelLimit?: number;
  symbolType?: 'stroke';
  symbolSize?: number;
  tickCount?: number;
}

/** A field of the data on a channel. */
export interface FieldChannel {
  field: string;
  type: FieldType;
  axis?: Axis | null;
  legend?: Legend | null;
  scale?: Scale;
}

/** A constant on a channel, which goes through its scale. */
export interface DatumChannel {
  datum: number;
}

/** A field of the data as it is. */
export interface PlainField {
  field: string;
  type: FieldType;
}

/** What a mark is drawn by. */
export interface Encoding {
  x?: FieldChannel | DatumChannel;
  y?: FieldChannel | DatumChannel;
  x2?: { field: string } | DatumChannel;
  y2?: { field: string } | DatumChannel;
  color?: FieldChannel;
  shape?: FieldChannel;
  strokeDash?: FieldChannel;
  text?: PlainField;
  order?: PlainField;
  /** What a screen reader says of the mark, in place of its fields. */
  description?: PlainField;
  tooltip?: (PlainField & { title: string; format?: string })[];
}

/** The form of a mark. */
export interface Mark {
  type: 'bar' | 'rect' | 'line' | 'area' | 'point' | 'rule' | 'text';
  /** False for what says nothing of its own to a screen reader. */
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
  invalid?: 'break-paths-show-path-domains';
  shape?: string;
  size?: number;
  height?: number;
  align?: 'left' | 'center' | 'right';
  baseline?: 'middle' | 'bottom';
  dx?: number;
  dy?: number;
  xOffset?: number;
  x2Offset?: number;
  yOffset?: number;
  fontSize?: number;
}

/** Rows of data. */
export interface Data {
  values: Row[];
}

/** A mark with its data. */
export interface Layer {
  data: Data;
  mark: Mark;
  encoding: Encoding;
}

/** A heading, each line its own string. */
export interface Title {
  text: string[];
  subtitle?: string[];
  frame?: 'bounds';
  offset?: number;
}

/** Marks on one pair of axes; `width` and `height` are those of the plot itself, without its axes. */
export interface Panel {
  title?: Title;
  width: number;
  height: number;
  layer: Layer[];
}

/** Panels that belong together, one under the other. */
export interface Column {
  title?: Title;
  vconcat: Panel[];
  spacing?: number;
  resolve?: { scale?: Resolution };
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
  view: { stroke: null };
  axis: Record<string, string | number | boolean>;
  legend: Record<string, string | number | boolean>;
  title: {
    anchor: 'start';
    frame: 'group';
    align: 'left';
    color: string;
    fontSize: number;
    fontWeight: 'bold';
    subtitleColor: string;
    subtitleFontSize: number;
    subtitlePadding: number;
    offset: number;
  };
}
