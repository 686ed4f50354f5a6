/** The sentences, and the teacher's embeddings of them. How both were made: making/README.md. */
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type HostTensor, selectRows } from 'dark-knowledge';
import { openSafetensors } from 'dark-knowledge/files';

/** Sentences with the room of the repository that each stands in. */
export interface Sentences {
  readonly texts: readonly string[];
  /** The teacher's embeddings [sentences, dimension], rows of length 1. */
  readonly teacher: HostTensor;
  /** Numbers of `roomNames`. */
  readonly rooms: Int32Array;
  readonly roomNames: readonly string[];
}

export interface SentenceData {
  readonly train: Sentences;
  readonly test: Sentences;
  /** What the teacher is. */
  readonly origin: Readonly<Record<string, string>>;
  readonly speeds: Speeds;
}

/** How fast teacher and student were, side by side on one machine. */
export interface Speeds {
  readonly teacherSentencesPerSecond: number;
  readonly studentSentencesPerSecond: number;
  readonly teacherRuntime: string;
  readonly machine: string;
}

/** Reads both files. */
export async function loadSentences(): Promise<SentenceData> {
  const pathOf = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.url));
  const file = await openSafetensors(await openAsBlob(pathOf('teacher.safetensors')), { name: 'teacher.safetensors' });
  const teacher = await file.tensors.embeddings!.read();
  const lines = (await readFile(pathOf('sentences.tsv'), 'utf8')).trimEnd().split('\n');
  const rows = lines.map((line) => line.split('\t') as [part: string, room: string, text: string]);
  const roomNames = [...new Set(rows.map(([, room]) => room))];
  const rooms = Int32Array.from(rows, ([, room]) => roomNames.indexOf(room));
  const partOf = (wanted: string): Sentences => {
    const chosen = rows.flatMap(([part], row) => (part === wanted ? [row] : []));
    return takeSentences({ texts: rows.map(([, , text]) => text), teacher, rooms, roomNames }, chosen);
  };
  const speeds = JSON.parse(await readFile(pathOf('speeds.json'), 'utf8')) as Speeds;
  return { train: partOf('train'), test: partOf('test'), origin: file.metadata, speeds };
}

/** Some of the sentences. */
export function takeSentences({ texts, teacher, rooms, roomNames }: Sentences, rows: readonly number[]): Sentences {
  return {
    texts: rows.map((row) => texts[row]!),
    teacher: selectRows({ teacher }, rows).teacher,
    rooms: Int32Array.from(rows, (row) => rooms[row]!),
    roomNames,
  };
}
