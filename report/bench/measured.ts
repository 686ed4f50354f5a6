/** Runs the command and prints its peak memory in kilobytes. */
import { run } from '../src/command/run.ts';

const status = await run(process.argv.slice(2), {
  out: { write: () => true },
  errors: process.stderr,
  onInterrupt: () => () => undefined,
});
process.exitCode = status;
console.log(process.resourceUsage().maxRSS);
