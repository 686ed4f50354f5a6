/** Which loops a decomposition takes. */
import { hostRoom } from './hostLoops.ts';
import { laneRoom } from './lanes.ts';
import type { Room } from './loops.ts';

/** Doubles up to which a memory of its own takes longer to make than lanes save. */
const fewDoubles = 2000;

/** A room for so many doubles, with the fastest loops there are. */
export function roomFor(doubles: number): Room {
  return doubles <= fewDoubles ? hostRoom : (laneRoom(doubles) ?? hostRoom);
}
