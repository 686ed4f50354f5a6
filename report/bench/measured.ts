/** Runs the command; prints its peak memory in kilobytes and the processor's time in seconds. */
import { run } from '../src/command/run.ts';

const status = await run(process.argv.slice(2), {
  out: { write: () => true },
  errors: process.stderr,
  onInterrupt: () => () => undefined,
});
process.exitCode = status;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(maxRSS, (userCPUTime + systemCPUTime) / 1e6);
