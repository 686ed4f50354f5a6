/**
 * `npx tsx bench/mds.ts`: multidimensional scaling of 200 points with 4 random starts, beside scikit-learn on the same
 * matrices in the same run, one thread each, by turns, with the same stop rule. A turn is the median of five calls in a row
 * after a first one, and ours has had ten more before: neither side is timed while it loads or compiles. CPU time is what a busy machine does not distort. The Python is `python3`, or what the environment variable PYTHON names; without scikit-learn the peer is absent.
 */
import { spawnSync } from 'node:child_process';
import { multidimensionalScaling } from 'dark-knowledge';
import { randomNormal, randomUniform } from '../src/random.ts';
import { median } from './measure.ts';

const POINTS = 200;
const STARTS = 4;
const ROUNDS = 5;
const CALLS = 5;
/** Calls after which V8 has compiled for good. */
const WARM_UP = 10;

const PEER = `
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy, sklearn
from sklearn.manifold import smacof
request = json.load(sys.stdin)
matrix = numpy.array(request["matrix"])
walls, cpus = [], []
for call in range(1 + request["calls"]):
    begin, cpu = time.perf_counter(), time.process_time()
    _, stress, iterations = smacof(matrix, n_components=2, n_init=request["starts"], max_iter=300, eps=1e-6,
        random_state=0, return_n_iter=True, normalized_stress=False)
    walls.append(time.perf_counter() - begin)
    cpus.append(time.process_time() - cpu)
json.dump({"first": walls[0], "wall": numpy.median(walls[1:]), "cpu": numpy.median(cpus[1:]), "stress": float(stress),
    "iterations": int(iterations), "version": sklearn.__version__}, sys.stdout)
`;

interface Run {
  /** Seconds of the first call. */
  readonly first: number;
  /** Seconds of a later one. */
  readonly wall: number;
  readonly cpu: number;
  readonly stress: number;
  readonly iterations: number;
  readonly version?: string;
}

function runOurs(matrix: number[][]): Run {
  const calls = Array.from({ length: 1 + CALLS }, () => {
    const [begin, cpu] = [performance.now(), process.cpuUsage()];
    const { stress, iterations } = multidimensionalScaling(matrix, { initial: 'random', starts: STARTS });
    const { user, system } = process.cpuUsage(cpu);
    return { wall: (performance.now() - begin) / 1000, cpu: (user + system) / 1e6, stress, iterations };
  });
  const [first, ...later] = calls;
  return {
    ...first!,
    first: first!.wall,
    wall: median(later.map(({ wall }) => wall)),
    cpu: median(later.map(({ cpu }) => cpu)),
  };
}

function runPeer(matrix: number[][]): Run | undefined {
  const { status, stdout } = spawnSync(process.env.PYTHON ?? 'python3', ['-c', PEER], {
    input: JSON.stringify({ matrix, starts: STARTS, calls: CALLS }),
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  return status === 0 ? (JSON.parse(stdout) as Run) : undefined;
}

function distances(coordinate: (point: number, axis: number) => number, dimensions: number): number[][] {
  const points = Array.from({ length: POINTS }, (_, point) =>
    Array.from({ length: dimensions }, (_, axis) => coordinate(point, axis)),
  );
  return points.map((a) => points.map((b) => Math.hypot(...a.map((value, axis) => value - b[axis]!))));
}

const matrices = {
  'normal in 10 dimensions, two of them wide': distances(
    (point, axis) => (axis < 2 ? 3 : 0.5) * randomNormal(3, point * 10 + axis),
    10,
  ),
  'uniform in 10 dimensions': distances((point, axis) => randomUniform(5, point * 10 + axis), 10),
};

const show = (runs: readonly Run[]): string =>
  `${(1000 * median(runs.map(({ cpu }) => cpu))).toFixed(0).padStart(6)} ms CPU ` +
  `${(1000 * median(runs.map(({ wall }) => wall))).toFixed(0).padStart(6)} ms wall   ` +
  `${(1000 * runs[0]!.first).toFixed(0).padStart(6)} ms first call   ` +
  `stress ${runs[0]!.stress.toFixed(2)}, best start in ${runs[0]!.iterations} iterations`;

console.log(`Multidimensional scaling, ${POINTS} points, ${STARTS} random starts, at most 300 iterations each`);
for (const [title, matrix] of Object.entries(matrices)) {
  const { first } = runOurs(matrix);
  for (let call = 0; call < WARM_UP; call++) multidimensionalScaling(matrix, { initial: 'random', starts: STARTS });
  const ours: Run[] = [];
  const peer: Run[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(runOurs(matrix));
    const run = runPeer(matrix);
    if (run === undefined) break;
    peer.push(run);
  }
  console.log(`\n${title}\n  ours          ${show([{ ...ours[0]!, first }, ...ours.slice(1)])}`);
  if (peer.length === 0) {
    console.log('  scikit-learn  absent: python3 (or PYTHON) does not import it');
    continue;
  }
  const ratio = (of: 'cpu' | 'wall'): string =>
    (median(peer.map((run) => run[of])) / median(ours.map((run) => run[of]))).toFixed(1);
  console.log(`  scikit-learn  ${show(peer)} (${peer[0]!.version})`);
  console.log(`  ratio         ${ratio('cpu')} times less CPU time, ${ratio('wall')} times less wall time`);
}
