/** Looks at the reference that `npm run docs` has written: is found, in order, and linked, what a reader looks for? */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';

const site = fileURLToPath(new URL('../docs/reference', import.meta.url));
const read = (path: string): string => readFileSync(`${site}/${path}`, 'utf8');

function insist(holds: boolean, what: string): void {
  if (!holds) throw new Error(`checkReference: ${what}`);
}

// The index is written as compressed text within a script.
const packed = /"([A-Za-z0-9+/=]+)"/.exec(read('assets/search.js'))?.[1] ?? '';
const index = inflateSync(Buffer.from(packed, 'base64')).toString();
// Words that stand in comments alone, as no name has them.
for (const word of ['ece', 'fitnets', 'hinton']) {
  insist(index.toLowerCase().includes(word), `the search must find '${word}', which stands in comments.`);
}

const entry = read('modules/dark-knowledge.html');
const families = ['Losses on logits', 'Losses on features', 'Metrics of calibration', 'Metrics of similarity'];
const places = [...families, 'Interfaces'].map((group) => entry.indexOf(`>${group}<`));
insist(!places.includes(-1), `the entry's page must have the groups ${families.join(', ')} and Interfaces.`);
insist(
  places.every((place, at) => at === 0 || places[at - 1]! < place),
  'families must come in order, and before interfaces.',
);

const pages = readdirSync(`${site}/documents`);
insist(pages.includes('A_first_distillation.html'), 'guides must be pages of the site, by their headings.');
for (const page of ['documents/A_first_distillation.html', 'documents/Which_loss.html', 'index.html']) {
  insist(/href="[^"]*functions\/[^"]*klDivergence\.html"/.test(read(page)), `${page} must link klDivergence.`);
}
console.log(`The reference: ${pages.length} pages, search over ${Math.round(index.length / 1024)} KB.`);
