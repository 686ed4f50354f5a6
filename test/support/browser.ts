/** A page in headless Chromium with WebGPU on its software driver, over files held in memory. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { entryNames } from '../../scripts/entries.ts';

const executables = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** Debian's Chromium brings SwiftShader; these let it serve WebGPU without a display. */
const flags = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-angle=vulkan',
  '--use-vulkan=swiftshader',
  '--use-webgpu-adapter=swiftshader',
  '--disable-vulkan-surface',
  '--disable-background-networking',
];

const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The library as a user's bundler finds it, but from its sources. */
export const libraryAlias: Readonly<Record<string, string>> = Object.fromEntries(
  entryNames.map((name) =>
    name === 'index'
      ? ['dark-knowledge', source('src/index.ts')]
      : [`dark-knowledge/${name}`, source(`src/${name}/index.ts`)],
  ),
);

/** Bundles a script of this repository for the browser. */
export async function bundle(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source(path)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    alias: { ...libraryAlias },
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

/** Files by path, with their type and further headers. */
export type SiteFiles = Readonly<
  Record<
    string,
    { readonly type: string; readonly body: string | Uint8Array; readonly headers?: Readonly<Record<string, string>> }
  >
>;

export interface OpenPage {
  readonly page: Page;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves files on a port of this machine (WebGPU needs a secure context, which localhost is) and opens a page.
 *
 * @param webgpu False for a browser without WebGPU.
 */
export async function openPage(files: SiteFiles, webgpu = true): Promise<OpenPage | { readonly missing: string }> {
  const executablePath = process.env.CHROMIUM_PATH ?? executables.find((path) => existsSync(path));
  if (executablePath === undefined) return { missing: 'no Chromium (Debian: chromium)' };
  // A browser asks for both of its own accord, and writes on the console if they are not there, whenever it pleases.
  const served: SiteFiles = {
    '/': { type: 'text/html', body: '' },
    '/favicon.ico': { type: 'image/png', body: '' },
    ...files,
  };
  const server = createServer((request, response) => {
    const file = served[(request.url ?? '/').split('?')[0]!];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain', ...file?.headers });
    response.end(file?.body ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let browser: Browser | undefined;
  try {
    const { chromium } = await import('playwright-core');
    const args = webgpu ? flags : ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-features=WebGPU'];
    browser = await chromium.launch({ executablePath, args, timeout: 60_000 });
    const page = await browser.newPage();
    await page.goto(url);
    return {
      page,
      url,
      async close() {
        await browser?.close();
        server.close();
      },
    };
  } catch (error) {
    await browser?.close();
    server.close();
    return { missing: `Chromium does not start: ${error instanceof Error ? error.message : String(error)}` };
  }
}
