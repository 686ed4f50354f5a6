/**
 * `npx tsx bench/algebra.ts`: decompositions on the host beside NumPy's (LAPACK) on matrices of the same sizes in the same
 * run, one thread each. CPU time, the least of several calls, which a busy machine distorts least. The Python is `python3`,
 * or what the environment variable PYTHON names; without NumPy the peer is absent.
 */
import { spawnSync } from 'node:child_process';
import { product, strided } from '../src/algebra/product.ts';
import { roomFor } from '../src/algebra/room.ts';
import { singularDecomposition, singularValues } from '../src/algebra/singularValues.ts';
import { symmetricEigen, symmetricEigenvalues } from '../src/algebra/symmetricEigen.ts';
import { randomNormal } from '../src/random.ts';

const SIZES = [64, 384, 784];
const CALLS = 5;

const PEER = `
import json, os, sys, time
for name in ("OMP", "OPENBLAS", "MKL"): os.environ[name + "_NUM_THREADS"] = "1"
import numpy
def least(compute):
    found = []
    for _ in range(${CALLS + 1}):
        begin = time.process_time()
        compute()
        found.append(time.process_time() - begin)
    return 1e3 * min(found)
answer = {}
for size in ${JSON.stringify(SIZES)}:
    x = numpy.random.default_rng(1).standard_normal((size, size))
    s = x + x.T
    answer[size] = [least(f) for f in (lambda: numpy.linalg.eigh(s), lambda: numpy.linalg.eigvalsh(s),
        lambda: numpy.linalg.svd(x), lambda: numpy.linalg.svd(x, compute_uv=False), lambda: x @ s)]
json.dump(answer, sys.stdout)
`;

function least(compute: () => unknown): number {
  let found = Infinity;
  for (let call = 0; call <= CALLS; call++) {
    const start = process.cpuUsage();
    compute();
    const { user, system } = process.cpuUsage(start);
    found = Math.min(found, (user + system) / 1e3);
  }
  return found;
}

const peer = spawnSync(process.env.PYTHON ?? 'python3', ['-c', PEER], { encoding: 'utf8' });
const theirs = peer.status === 0 ? (JSON.parse(peer.stdout) as Record<string, readonly number[]>) : undefined;
if (theirs === undefined) console.log('NumPy is absent.');
for (const size of SIZES) {
  const x = Float64Array.from({ length: size * size }, (_, index) => randomNormal(1, index));
  const symmetric = x.map((value, index) => value + x[(index % size) * size + Math.floor(index / size)]!);
  const contestants: readonly (readonly [string, () => unknown])[] = [
    ['eigenvectors', () => symmetricEigen(symmetric, size)],
    ['eigenvalues', () => symmetricEigenvalues(symmetric, size)],
    ['singular vectors', () => singularDecomposition(x, size, size)],
    ['singular values', () => singularValues(x, size, size)],
    ['product', () => product(strided(x, size), strided(symmetric, size), size, size, size, false, roomFor)],
  ];
  contestants.forEach(([name, compute], index) => {
    const ours = least(compute);
    const other = theirs?.[size]?.[index];
    const ratio =
      other === undefined ? '' : `, NumPy ${other.toFixed(2)} ms: ${(ours / other).toFixed(1)} times as long`;
    console.log(`${name}, ${size} × ${size}: ${ours.toFixed(2)} ms${ratio}`);
  });
}
