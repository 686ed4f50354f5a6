/**
 * Orders the reference as the sources are ordered: a function stands under its family, which is the room that its file lies in.
 * A plugin of TypeDoc, so that no file has to say in a tag where it lies.
 */
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
    // Entries are called what one imports.
    for (const entry of project.getReflectionsByKind(ReflectionKind.Module)) {
      entry.name = entry.name === 'index' ? 'dark-knowledge' : `dark-knowledge/${entry.name}`;
    }
    // A page is called what its first heading says, not by its file's name; and the home page has its name once.
    for (const page of project.getReflectionsByKind(ReflectionKind.Document)) {
      const heading = takeHeading(page.content);
      if (heading !== undefined) page.name = heading;
    }
    takeHeading(project.readme);
  });

  // Pages are plain Markdown: a name in them becomes a link where it is the name of something.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    const kinds = ReflectionKind.Function | ReflectionKind.Interface | ReflectionKind.TypeAlias;
    const named = new Map(project.getReflectionsByKind(kinds).map((reflection) => [reflection.name, reflection]));
    const pages = project.getReflectionsByKind(ReflectionKind.Document).map(({ content }) => content);
    for (const parts of [...pages, project.readme]) {
      parts.forEach((part, index) => {
        const target = part.kind === 'code' ? named.get(part.text.replaceAll('`', '')) : undefined;
        if (target) parts[index] = { kind: 'inline-tag', tag: '@linkcode', text: target.name, target };
      });
    }
  });
}

/** Takes the first heading off a page, and says what it was. */
function takeHeading(parts) {
  const heading = /^\s*# (.+)\n/.exec(parts[0]?.text ?? '');
  if (!heading) return undefined;
  parts[0] = { ...parts[0], text: parts[0].text.slice(heading[0].length) };
  return heading[1];
}
