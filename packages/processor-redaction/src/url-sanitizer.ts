import { letterPairs, letters } from './letter-pairs.ts';

/** Words whose letters follow each other less likely than this on average are none. */
const leastProbability = 0.015099318064947853;
const mostSegments = 10;
const star = 0x2a;
const slash = 0x2f;

const position = new Map(Array.from(letters, (letter, i) => [letter, i]));

/** Whether a word could be English, by its pairs of letters; what is no letter does not count. */
function isWord(text: string): boolean {
  let sum = 0;
  let pairs = 0;
  let before = -1;
  for (const letter of text.toLowerCase()) {
    const row = position.get(letter);
    if (row === undefined) continue;
    if (before >= 0) {
      sum += letterPairs[before]![row]!;
      pairs++;
    }
    before = row;
  }
  return Math.exp(pairs === 0 ? 0 : sum / pairs) > leastProbability;
}

function isPlain(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f || byte === 0x2e || byte === 0x20
  );
}

/**
 * A URL or path whose variable segments are stars: those with digits or signs beyond the second character, and those that are no words. Query and
 * fragment are cut off, and so is what follows the tenth segment. The same as the Collector's, which uses clusterurl.
 */
export function sanitizeUrl(url: string): string {
  const path = Buffer.from(url);
  let written = 0;
  let read = 0;
  let isStar = false;
  let hasGrace = true;
  let segments = 0;
  let end = path.length;
  const closeSegment = (): void => {
    if (isStar) path[written++] = star;
    else if (read > written) {
      if (isWord(path.utf8Slice(written, read))) written = read;
      else path[written++] = star;
    }
  };
  for (const byte of Buffer.from(url)) {
    if (byte === 0x3f || byte === 0x26 || byte === 0x23) {
      if (isStar && written < path.length) path[written++] = star;
      else if (!isStar && read > written) written = read;
      end = written;
      break;
    }
    if (byte === slash) {
      segments++;
      closeSegment();
      if (segments >= mostSegments) break;
      path[written++] = slash;
      read = written;
      isStar = false;
      hasGrace = true;
    } else if (!isStar) {
      path[read++] = byte;
      if (isPlain(byte)) continue;
      // `v1`, `k6`: the second character may be anything.
      if (hasGrace && read - written === 2) hasGrace = false;
      else isStar = true;
    }
  }
  if (end === 0) return '';
  if (isStar) {
    if (written < end) path[written++] = star;
  } else if (read > written) {
    if (isWord(path.utf8Slice(written, read))) written = read;
    else if (written < end) path[written++] = star;
  }
  return path.utf8Slice(0, written);
}
