/**
 * Orders the reference as the sources are ordered: a function stands under its family, which is the room that its file lies in.
 * A plugin of TypeDoc, so that no file has to say in a tag where it lies.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** Rooms, the most particular first, and what a reader calls them. The order of the groups is that of `familyOrder`. */
const families = [
  [/^losses\/logits\//, 'Losses on logits'],
  [/^losses\/features\//, 'Losses on features'],
  [/^losses\/relations\//, 'Losses on relations'],
  [/^(losses\/contrastive|contrastive)\//, 'Contrastive losses'],
  [/^(weightedSum|rename|schedule|loss|hostLoss)\.ts/, 'Running and combining losses'],
  [/^teachers\//, 'Teachers'],
  [/^metrics\/classification\//, 'Metrics of classification'],
  [/^metrics\/calibration\//, 'Metrics of calibration'],
  [/^metrics\/behaviour\//, 'Metrics of behaviour'],
  [/^metrics\/tokens\//, 'Metrics of tokens'],
  [/^metrics\/similarity\//, 'Metrics of similarity'],
  [/^metrics\/embedding\//, 'Maps of models'],
  [/^metrics\/robustness\//, 'Metrics of robustness'],
  [/^metrics\/deviation\//, 'Metrics of deviation'],
  [/^metrics\/landscape\//, 'Metrics of the loss landscape'],
  [/^metrics\/scores\//, 'Scores and intervals'],
  [/^metrics\/inference\//, 'Tests of significance'],
  [/^bootstrap\w*\.ts/, 'Scores and intervals'],
  [/^(metric|hostMetric|metricSet|hostMetricSet|accumulate|renameMetric)\.ts/, 'Running and combining metrics'],
];

export const familyOrder = [...new Set(families.map(([, family]) => family))];

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    const { project } = context;
    for (const reflection of project.getReflectionsByKind(ReflectionKind.Function)) {
      const declaration = context.getSymbolFromReflection(reflection)?.declarations?.[0];
      const path = declaration && relative(source, declaration.getSourceFile().fileName);
      const family = families.find(([room]) => path !== undefined && room.test(path))?.[1];
      if (family === undefined) continue;
      for (const signature of reflection.signatures ?? []) {
        signature.comment ??= new Comment();
        signature.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: family }]));
      }
    }
    // A page is called what its first heading says, not by its file's name.
    for (const page of project.getReflectionsByKind(ReflectionKind.Document)) {
      const [first, ...rest] = page.content;
      const heading = /^\s*# (.+)\n/.exec(first?.text ?? '');
      if (!heading) continue;
      page.name = heading[1];
      page.content = [{ ...first, text: first.text.slice(heading[0].length) }, ...rest];
    }
  });
}

/** What the search must find once the site is written: words that stand in comments alone. */
export function missingFrom(site, words) {
  const index = `${site}/assets/search.js`;
  return existsSync(index) ? words.filter((word) => !readFileSync(index, 'utf8').includes(word)) : words;
}
