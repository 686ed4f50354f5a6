/** The figures of a page, in order, each with how it is read and its numbers in words. */
import type { GroupShiftResult } from 'dark-knowledge';
import {
  confidenceScatter,
  errorOverlapBars,
  type Figure,
  groupGaps,
  predictionFlipBars,
  reliabilityDiagram,
  similarityHeatMap,
} from 'dark-knowledge/figures';
import type { Comparison } from '../compare/comparison.ts';
import { table } from './tables.ts';
import { count, escaped, signed } from './words.ts';

/** A figure of the page. */
export interface PageFigure {
  readonly id: string;
  readonly title: string;
  figure(width: number): Figure;
  /** How it is read, in HTML. */
  readonly how: string;
  /** Its numbers as a table in HTML. */
  readonly numbers: string;
}

/** Students whose layers, classes and groups are drawn, each in figures of its own; tables and JSON have all of them. */
const mostDrawn = 4;

/** What the models do: confidences, errors, flips, layers. */
export function modelFigures(comparison: Comparison): readonly PageFigure[] {
  const { reliability, errorOverlap, flips, confidence, layers, students } = comparison;
  const models = ['teacher', ...students];
  const figures: PageFigure[] = [];
  if (Object.keys(reliability).length > 0) {
    figures.push({
      id: 'reliability',
      title: 'How far confidence can be trusted',
      figure: (width) => reliabilityDiagram(reliability, { models, width }),
      how: 'Of all rows to which a model gives about 80% confidence, 80% should be right: then the point lies on the dashed line. Points <b>below</b> it are overconfident, points <b>above</b> it underconfident. The bars underneath show where the rows are; a point over a short bar weighs little.',
      numbers: reliabilityTable(comparison),
    });
  }
  figures.push({
    id: 'flips',
    title: 'Rows that changed on the way from teacher to student',
    figure: (width) =>
      predictionFlipBars(Object.fromEntries(students.map((name) => [`teacher → ${name}`, flips[name]!])), { width }),
    how: 'To the left the rows that the teacher had right and the student has wrong, to the right the rows that the student won. The diamond is their balance, the change of accuracy. Two models of the same accuracy may still be right on different rows: then both bars are long.',
    numbers: flipsTable(comparison),
  });
  figures.push({
    id: 'errors',
    title: 'Who is wrong together with whom',
    figure: (width) => errorOverlapBars(errorOverlap, { width }),
    how: 'Each bar counts the rows that exactly the models with a filled dot get wrong. A student that took over its teacher’s errors shares a tall bar with it; one that makes errors of its own has a tall bar alone.',
    numbers: errorsTable(comparison),
  });
  if (Object.keys(confidence).length > 0) {
    figures.push({
      id: 'confidence',
      title: 'Confidence, row by row',
      figure: (width) =>
        confidenceScatter(confidence, { width, title: 'Each student’s confidence over its teacher’s' }),
      how: 'A point is a row: how sure the teacher is of its answer, and how sure the student is of the same answer. On the dashed line both are equally sure. A line <b>steeper</b> than it exaggerates the teacher’s confidence, a flatter one plays it down; points below 0 are rows where the student prefers another answer.',
      numbers: confidenceTable(comparison),
    });
  }
  for (const [index, name] of Object.keys(layers).slice(0, mostDrawn).entries()) {
    figures.push({
      id: `layers-${index}`,
      title: `Layers of ${name} beside its teacher’s`,
      figure: (width) =>
        similarityHeatMap(layers[name]!, {
          rows: `layer of ${name}`,
          columns: 'layer of the teacher',
          width,
          title: `Similarity of layers (CKA): ${name} and teacher`,
        }),
      how: 'A cell says how alike the features of two layers are, up to rotation and scale: 1 is the same, and what unrelated features give by chance is said under the heading. A student that learned the teacher’s features is darkest along the diagonal.',
      numbers: layersTable(comparison, name),
    });
  }
  return figures;
}

/** What was lost by class and by group. */
export function groupFigures(comparison: Comparison): readonly PageFigure[] {
  const { byClass, byGroup } = comparison;
  const of = (kind: 'class' | 'group', shifts: Readonly<Record<string, GroupShiftResult>>) =>
    Object.entries(shifts)
      .slice(0, mostDrawn)
      .map(
        ([name, shift], index): PageFigure => ({
          id: `${kind}-${index}`,
          title: `Accuracy by ${kind}: teacher and ${name}`,
          figure: (width) =>
            groupGaps(shift, {
              before: 'teacher',
              after: name,
              width,
              title: `Accuracy by ${kind}: teacher and ${name}`,
            }),
          how: `Two marks a ${kind}, with their intervals: the further they lie apart, the more the change of models cost or won there. ${gapSentence(shift, name, kind)}`,
          numbers: shiftTable(shift, name, kind),
        }),
      );
  return [...of('class', byClass), ...of('group', byGroup)];
}

function gapSentence({ gapBefore, gapAfter, gapChangeInterval }: GroupShiftResult, name: string, kind: string): string {
  const points = (share: number) => signed(100 * share, 1);
  const interval =
    gapChangeInterval === null
      ? ''
      : `, a change of ${signed(100 * (gapAfter - gapBefore), 1, true)} [${gapChangeInterval.map(points).join(', ')}]`;
  return `From the best to the worst ${kind} it is ${points(gapBefore)} points with the teacher and ${points(gapAfter)} with ${escaped(name)}${interval}.`;
}

const share = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${signed(100 * value, 1)}%`;

function reliabilityTable({ reliability }: Comparison): string {
  return Object.entries(reliability)
    .map(([name, { bins }]) =>
      table(
        `Reliability of ${name}`,
        ['confidence', 'rows', 'mean confidence', 'accuracy'],
        bins
          .filter((bin) => bin.count > 0)
          .map((bin) => [
            `${share(bin.lower)} to ${share(bin.upper)}`,
            count(bin.count),
            share(bin.confidence),
            share(bin.accuracy),
          ]),
      ),
    )
    .join('\n');
}

function flipsTable({ flips }: Comparison): string {
  return table(
    'Rows by right and wrong',
    ['student', 'both right', 'became wrong', 'became right', 'both wrong'],
    Object.entries(flips).map(([name, { bothRight, harmful, beneficial, bothWrong }]) => [
      escaped(name),
      ...[bothRight, harmful, beneficial, bothWrong].map(count),
    ]),
  );
}

/** Lines of a table of regions. */
const mostRegions = 30;

function errorsTable({ errorOverlap: { regions } }: Comparison): string {
  const sorted = [...regions].sort((one, other) => other.count - one.count).slice(0, mostRegions);
  return table(
    'Rows that models get wrong together',
    ['wrong', 'rows'],
    sorted.map(({ models, count: rows }) => [escaped(models.join(', ')), count(rows)]),
  );
}

function confidenceTable({ confidence }: Comparison): string {
  return table(
    'Lines fitted to the confidences',
    ['student', 'rows', 'slope', 'interval', 'correlation'],
    Object.entries(confidence).map(([name, { value, interval, correlation, count: rows }]) => [
      escaped(name),
      count(rows),
      value === null ? '–' : signed(value, 3),
      interval === null ? '–' : `[${signed(interval.low, 3)}, ${signed(interval.high, 3)}]`,
      correlation === null ? '–' : signed(correlation, 3),
    ]),
  );
}

/** Layers that a table in words has room for. */
const mostLayers = 12;

function layersTable({ layers }: Comparison, name: string): string {
  const { x, y, value } = layers[name]!;
  return table(
    `CKA of layers of ${name} with the teacher’s`,
    ['', ...y.slice(0, mostLayers).map(escaped)],
    x
      .slice(0, mostLayers)
      .map((layer, row) => [escaped(layer), ...value[row]!.slice(0, mostLayers).map((cell) => signed(cell, 3))]),
  );
}

/** Groups that a table in words has room for. */
const mostGroups = 100;

function shiftTable({ groups }: GroupShiftResult, name: string, kind: string): string {
  return table(
    `Accuracy by ${kind}, teacher and ${name}`,
    [kind, 'rows', 'teacher', escaped(name), 'became wrong', 'became right'],
    groups
      .slice(0, mostGroups)
      .map((group) => [
        escaped(group.group),
        count(group.count),
        share(group.before),
        share(group.after),
        count(group.harmful),
        count(group.beneficial),
      ]),
  );
}
