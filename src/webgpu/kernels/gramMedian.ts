/**
 * The median of squared distances, exactly: numbers of at least 0 rank as their bits do, so it is found eight bits at a
 * time, four counts over the tiles in all. Both middle elements are sought at once.
 */
import { specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { TILE_LANES, TILE_SIZE, upperTile, upperTiles } from '../tiledSums.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';

/** Workgroups that count; each walks as many tiles as that takes. */
const COUNTERS = 256;
/** Whole numbers up to 2³² are kept as two of up to 2¹⁶, which float32 holds exactly. */
const halves = `
fn wholeAt(at: u32) -> u32 { return u32(state[2u * at]) * 65536u + u32(state[2u * at + 1u]); }`;
const bothHalves = (value: number) => [Math.floor(value / 65536), value % 65536];

/**
 * The median as [1].
 *
 * @param distances Tiles of squared distances between `samples` samples.
 * @param withDiagonal Whether all n² distances count, the zeros of each sample to itself too, or those of pairs alone.
 */
export function gramMedian(
  context: KernelContext,
  distances: WebgpuTensor,
  samples: number,
  withDiagonal: boolean,
): WebgpuTensor {
  const { store } = context;
  const bind = binderOf(context, 'gram median');
  const tiles = upperTiles(samples);
  const chunk = Math.ceil(tiles / COUNTERS);
  const counters = Math.ceil(tiles / chunk);
  // All n² in order are n zeros, then each pair's distance twice.
  const all = samples * samples;
  const skipped = withDiagonal ? 0 : samples;
  const ranks = [skipped + Math.floor((all - skipped - 1) / 2), skipped + Math.floor((all - skipped) / 2)];
  const pairRanks = ranks.map((rank) => Math.floor((rank - samples) / 2));
  const start = pairRanks.flatMap((rank) => [0, 0, ...bothHalves(Math.max(0, rank))]);
  let state = store.fromHost({ data: Float32Array.from(start), shape: [8] });
  let median = state;
  [24, 16, 8, 0].forEach((shift) => {
    const counts = store.make([counters, 512], 'gram median');
    store.runtime.run({
      key: 'gram median count',
      build: countProgram,
      reads: [bind(distances, chunk * TILE_SIZE), bind(state)],
      writes: [bind(counts, 512)],
      uniforms: { samples, tiles, chunk, shift, known: shift === 24 ? 0 : 2 ** 32 - 2 ** (shift + 8) },
      units: counters,
      groups: (units) => units,
    });
    const next = store.make([8], 'gram median');
    median = store.make([1], 'gram median');
    store.runtime.run({
      key: 'gram median choose',
      build: chooseProgram,
      reads: [bind(counts), bind(state)],
      writes: [bind(next), bind(median)],
      uniforms: {
        counters,
        shift,
        lowerIsZero: pairRanks[0]! < 0 || samples < 2 ? 1 : 0,
        upperIsZero: pairRanks[1]! < 0 || samples < 2 ? 1 : 0,
      },
      units: 1,
      groups: () => 1,
    });
    state = next;
  });
  return median;
}

/** Counts the next eight bits of the distances whose bits so far are those that were found. */
function countProgram(): KernelProgram {
  return {
    name: 'gram median count',
    reads: ['elements', 'state'],
    writes: ['result'],
    uniforms: { samples: 'u32', tiles: 'u32', chunk: 'u32', shift: 'u32', known: 'u32' },
    workgroupSize: TILE_LANES,
    declarations: `${upperTile}${halves}
var<workgroup> lower: array<atomic<u32>, 256>;
var<workgroup> upper: array<atomic<u32>, 256>;`,
    body: `
  if (group >= uniforms.units) { return; }
  let lowerBits = wholeAt(0u);
  let upperBits = wholeAt(2u);
  // Until both lie apart, one count serves both.
  let apart = lowerBits != upperBits;
  var runDigit = 0u;
  var run = 0u;
  let firstTile = (uniforms.firstUnit + group) * uniforms.chunk;
  let lastTile = min(firstTile + uniforms.chunk, uniforms.tiles);
  for (var number = firstTile; number < lastTile; number++) {
    let origin = (group * uniforms.chunk + number - firstTile) * ${TILE_SIZE}u;
    let tile = upperTile(number);
    let firstRow = tile.x * 64u + (lane / 16u) * 4u;
    let firstColumn = tile.y * 64u + (lane % 16u) * 4u;
    for (var element = 0u; element < 16u; element++) {
      let column = firstColumn + element % 4u;
      if (firstRow + element / 4u >= column || column >= uniforms.samples) { continue; }
      let bits = bitcast<u32>(elements[origin + element * ${TILE_LANES}u + lane]);
      let digit = (bits >> uniforms.shift) & 255u;
      if (((bits ^ upperBits) & uniforms.known) == 0u && apart) { atomicAdd(&upper[digit], 1u); }
      if (((bits ^ lowerBits) & uniforms.known) != 0u) { continue; }
      // Most distances share their leading bits: a lane counts a run of them before it takes its turn.
      if (digit == runDigit) { run++; continue; }
      if (run > 0u) { atomicAdd(&lower[runDigit], run); }
      runDigit = digit;
      run = 1u;
    }
  }
  if (run > 0u) { atomicAdd(&lower[runDigit], run); }
  workgroupBarrier();
  result[group * 512u + lane] = f32(atomicLoad(&lower[lane]));
  result[group * 512u + 256u + lane] = f32(atomicLoad(&upper[lane]));`,
  };
}

/** Finds the eight bits in whose count each rank lies, and the rank within it. One workgroup, a lane for each count. */
function chooseProgram(): KernelProgram {
  return {
    name: 'gram median choose',
    reads: ['counts', 'state'],
    writes: ['next', 'median'],
    uniforms: { counters: 'u32', shift: 'u32', lowerIsZero: 'u32', upperIsZero: 'u32' },
    workgroupSize: 256,
    declarations: `${specialValues}${halves}
var<workgroup> totals: array<vec2u, 256>;`,
    body: `
  if (group > 0u) { return; }
  var total = vec2u();
  for (var counter = 0u; counter < uniforms.counters; counter++) {
    total += vec2u(u32(counts[counter * 512u + lane]), u32(counts[counter * 512u + 256u + lane]));
  }
  totals[lane] = total;
  workgroupBarrier();
  if (lane == 0u) {
    var found: array<f32, 2>;
    let apart = wholeAt(0u) != wholeAt(2u);
    for (var side = 0u; side < 2u; side++) {
      var rank = wholeAt(2u * side + 1u);
      let counted = select(0u, side, apart);
      var digit = 0u;
      while (digit < 255u && rank >= totals[digit][counted]) {
        rank -= totals[digit][counted];
        digit++;
      }
      let bits = wholeAt(2u * side) | (digit << uniforms.shift);
      next[4u * side] = f32(bits >> 16u);
      next[4u * side + 1u] = f32(bits & 65535u);
      next[4u * side + 2u] = f32(rank >> 16u);
      next[4u * side + 3u] = f32(rank & 65535u);
      found[side] = bitcast<f32>(bits);
    }
    let least = select(found[0], 0.0, uniforms.lowerIsZero == 1u);
    let greatest = select(found[1], 0.0, uniforms.upperIsZero == 1u);
    // Halved first: the sum of two large distances would overflow.
    median[0] = 0.5 * least + 0.5 * greatest;
  }`,
  };
}
