/** A comparison of models over a stream of rows: parts go in, and at the end the comparison comes out. */
import { deriveSeed, type HostTensor } from 'dark-knowledge';
import type { Progress } from './allRows.ts';
import { categories } from './categories.ts';
import type { Comparison } from './comparison.ts';
import { inputError, rowError } from './fault.ts';
import { finishComparison } from './finish.ts';
import { growing } from './growing.ts';
import { layerRows } from './layerPairs.ts';
import { rowSample } from './rowSample.ts';
import { runRows } from './runRows.ts';
import type { Part, Setup } from './setup.ts';

/** A comparison under way. */
export interface Comparer {
  /** Adds the next rows. */
  add(part: Part): void;
  /** The comparison, in steps between which a caller may show how far it is. */
  finish(): Generator<Progress, Comparison, void>;
}

/** Rows of the scatter of confidences, for all students together: as many points as a page bears. */
const scatterRows = 2400;

/** A comparison without rows. */
export function comparer(setup: Setup): Comparer {
  const runs = [setup.teacher, ...setup.students];
  const rowsOf = runs.map(runRows);
  const [teacher, ...students] = rowsOf;
  const groups = setup.groups && categories(setup.groups);
  const layers = layerRows(setup);
  const scored = [...new Set(setup.students.map(({ model }) => model))].filter(
    (model) => setup.teacher.holds !== 'predictions' && firstRun(setup, model).holds !== 'predictions',
  );
  const sampled = scored.length === 0 ? 0 : Math.max(200, Math.min(1500, Math.floor(scatterRows / scored.length)));
  const scatter = rowSample(sampled, deriveSeed(setup.options.seed, 1));
  const labels = growing(Int32Array);
  let rows = 0;
  let classes: number | undefined;

  return {
    add(part) {
      if (part.rows === 0) return;
      const { labels: given, rows: size } = part;
      if (given.length !== size) {
        throw inputError(`${setup.labels('labels')} must be one a row, got ${given.length} for ${size} rows.`);
      }
      const parts = [part.teacher, ...part.students];
      const wide = runs.findIndex(({ holds }) => holds !== 'predictions');
      classes ??= wide < 0 ? setup.options.classNames?.length : parts[wide]!.scores.shape[1];
      const { classNames } = setup.options;
      if (classNames !== null && classes !== undefined && classNames.length !== classes) {
        throw inputError(`Names of classes must be ${classes}, as many as the classes, got ${classNames.length}.`);
      }
      for (const [index, own] of rowsOf.entries()) own.begin(parts[index]!, rows, size, classes);
      const column = labels.room(rows + size);
      const most = classes ?? 2 ** 31;
      for (let row = 0; row < size; row++) {
        const label = Number(given[row]);
        if (!(Number.isInteger(label) && label >= 0 && label < most)) {
          const range = classes === undefined ? 'of at least 0' : `in [0, ${classes})`;
          throw rowError(setup.labels, 'labels', `whole numbers ${range}`, given[row], rows + row);
        }
        column[rows + row] = label;
        teacher!.add(label, undefined);
        const scores = teacher!.current();
        for (const student of students) student.add(label, scores);
      }
      if (groups !== undefined) groups.add(part.groups ?? [], rows, size);
      layers.offer(part, rows);
      if (sampled > 0) scatter.offer(rows, size, scatterTensors(setup, part, scored));
      rows += size;
    },

    *finish() {
      if (rows < 2) throw inputError(`${setup.labels('labels')} must have at least 2 rows, got ${rows}.`);
      return yield* finishComparison(setup, {
        rows,
        classes,
        labels: labels.taken(rows),
        groups: groups?.taken(rows),
        runs: rowsOf.map((own) => own.numbers()),
        layers,
        scatter: sampled > 0 ? scatter.taken() : {},
        scored,
      });
    },
  };
}

/** A student's first trial. */
function firstRun(setup: Setup, model: string): Setup['students'][number] {
  return setup.students.find((run) => run.model === model)!;
}

/** Logits of the teacher and of each student's first trial; of probabilities their logarithms, which are logits. */
function scatterTensors(setup: Setup, part: Part, scored: readonly string[]): Readonly<Record<string, HostTensor>> {
  const logits = (holds: string, { data, shape }: HostTensor): HostTensor =>
    holds === 'logits' ? { data, shape } : { data: Float64Array.from(data, Math.log), shape };
  const tensors: Record<string, HostTensor> = { teacher: logits(setup.teacher.holds, part.teacher.scores) };
  for (const model of scored) {
    const run = firstRun(setup, model);
    tensors[`student ${model}`] = logits(run.holds, part.students[setup.students.indexOf(run)]!.scores);
  }
  return tensors;
}
