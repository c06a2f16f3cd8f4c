import { crc32 } from './crc32.ts';

/** The places of the ring: 360 degrees with two decimals. */
export const ringSize = 36_000;

/** The places that every endpoint takes on the ring. */
const pointsPerEndpoint = 100;

/** The place of an identifier on the ring. */
export function placeOf(identifier: Uint8Array, start = 0, end: number = identifier.length): number {
  return crc32(identifier, start, end) % ringSize;
}

/**
 * For every place of the ring the index of the endpoint that serves it: the one whose point is there or is the next one, around the end.
 * The points of an endpoint are the places of its name followed by one byte, 0 to 99; a point that an earlier endpoint has stays that
 * endpoint's. Empty when there is no endpoint.
 */
export function hashRing(endpoints: readonly string[]): Uint16Array {
  const owners = new Map<number, number>();
  for (const [index, endpoint] of endpoints.entries()) {
    const name = Buffer.from(`${endpoint}\0`);
    for (let point = 0; point < pointsPerEndpoint; point++) {
      name[name.length - 1] = point;
      const place = placeOf(name);
      if (!owners.has(place)) owners.set(place, index);
    }
  }
  if (owners.size === 0) return new Uint16Array();
  const ring = new Uint16Array(ringSize);
  let next = owners.get(Math.min(...owners.keys()))!;
  for (let place = ringSize - 1; place >= 0; place--) ring[place] = next = owners.get(place) ?? next;
  return ring;
}
