/** Where the tools of this folder's package.json are. */
import { fileURLToPath } from 'node:url';

export const tools: string = fileURLToPath(new URL('node_modules', import.meta.url));

/** The path of a tool's file. */
export const tool = (path: string): string => `${tools}/${path}`;
