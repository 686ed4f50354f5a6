/** A line that shows how far the work is: on a terminal, and nowhere else. */
import type { FilesProgress } from '../files/compareFiles.ts';

/** What a bar writes to: `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A bar. */
export interface ProgressBar {
  show(progress: FilesProgress): void;
  /** Takes the line away. */
  clear(): void;
}

const words = { reading: 'Reading rows', resampling: 'Intervals' } as const;
/** Milliseconds between two pictures. */
const pause = 80;

/** A bar on a terminal. */
export function progressBar(terminal: Terminal): ProgressBar {
  let shown = 0;
  let visible = false;
  return {
    show({ stage, done, of }) {
      const now = Date.now();
      if (!terminal.isTTY || (now - shown < pause && done !== of)) return;
      shown = now;
      visible = true;
      const room = Math.max(10, Math.min(40, (terminal.columns ?? 80) - 40));
      const share = of === undefined ? undefined : Math.min(1, done / Math.max(1, of));
      const filled = share === undefined ? 0 : Math.round(share * room);
      const bar = share === undefined ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(room - filled)}`;
      const end = share === undefined ? ` ${done.toLocaleString('en-US')}` : ` ${Math.floor(100 * share)}%`;
      terminal.write(`\r\x1b[2K${words[stage].padEnd(13)}${bar}${end}`);
    },
    clear() {
      if (visible) terminal.write('\r\x1b[2K');
      visible = false;
    },
  };
}
