/**
 * Builds the page and serves it, until Ctrl-C:
 *
 *     npm run example:browser
 *     npm run example:browser -- --port 9000
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSite } from './build.ts';
import { serveFolder } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port must be a whole number in [0, 65535], got ${values.port}.`);
  process.exit(2);
}
const folder = fileURLToPath(new URL('output', import.meta.url));
console.log('Building the page …');
await buildSite(folder);
const { url } = await serveFolder(folder, port);
console.log(`${url} distils a student in your browser; Ctrl-C ends the server.`);
