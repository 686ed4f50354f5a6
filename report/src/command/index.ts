#!/usr/bin/env node
/** The command `dark-knowledge-report`. */
import { run } from './run.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

run(process.argv.slice(2), {
  out: process.stdout,
  errors: process.stderr,
  onInterrupt(stop) {
    for (const signal of signals) process.on(signal, stop);
    return () => {
      for (const signal of signals) process.off(signal, stop);
    };
  },
}).then((status) => {
  process.exitCode = status;
});
