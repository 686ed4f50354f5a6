/** The study as a page for each test set: what `dark-knowledge-report` makes of the models' outputs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { compareModels, type ModelOutputs, reportHtml } from 'dark-knowledge-report';
import type { StudiedModel, TestSetName } from './analysis.ts';
import type { TestSets } from './data.ts';

/** What a page needs of a model. */
type PageModel = Pick<StudiedModel, 'group' | 'outputs'>;

/** A report that was written. */
export interface WrittenPage {
  readonly set: TestSetName;
  readonly file: URL;
}

/**
 * Writes a page for each test set. The sets show the same digits, so that rows of two of them depend on one another: pooled,
 * their intervals would be too narrow.
 *
 * @param models The teacher, then the students' trials, by the group that they belong to.
 */
export async function writePages(
  models: readonly PageModel[],
  testSets: TestSets,
  folder: URL,
): Promise<readonly WrittenPage[]> {
  const [teacher, ...students] = models;
  const names = [...new Set(students.map(({ group }) => group))];
  mkdirSync(folder, { recursive: true });
  const pages: WrittenPage[] = [];
  for (const set of Object.keys(testSets) as TestSetName[]) {
    const outputsOf = ({ outputs }: PageModel): ModelOutputs => ({
      logits: outputs[set].logits,
      features: { penultimate: outputs[set].features },
    });
    const comparison = compareModels({
      title: `A CNN distilled into an MLP, on ${set === 'mnist' ? 'plain' : set} digits`,
      labels: testSets[set].labels,
      teacher: outputsOf(teacher!),
      students: Object.fromEntries(
        names.map((name) => [name, students.filter(({ group }) => group === name).map(outputsOf)]),
      ),
      classNames: Array.from({ length: 10 }, (_, digit) => `digit ${digit}`),
    });
    const file = new URL(`${set}.html`, folder);
    writeFileSync(file, await reportHtml(comparison));
    pages.push({ set, file });
  }
  return pages;
}
