import type { Usage } from './usage.ts';
import { tokenIndex } from './usage.ts';

const { input, output, reasoning, cache_read, cache_write, cache_write_5m, cache_write_1h } = tokenIndex;

/**
 * What a sender states of one operation, in its own terms: NaN where it says nothing. `settle` makes disjoint buckets of it. The two questions
 * that terms leave open - does the input include what was read from and written to the prompt cache, does the output include reasoning - are
 * answered by the flags, unless arithmetic refutes them.
 */
export class StatedUsage {
  input = Number.NaN;
  /** Input that is not cached, when the sender counts it apart. */
  inputNotCached = Number.NaN;
  output = Number.NaN;
  total = Number.NaN;
  cacheRead = Number.NaN;
  /** All writes, of every time to live. */
  cacheWrite = Number.NaN;
  cacheWrite5m = Number.NaN;
  cacheWrite1h = Number.NaN;
  reasoning = Number.NaN;
  /** Of the whole input, cached included. */
  inputText = Number.NaN;
  inputAudio = Number.NaN;
  inputImage = Number.NaN;
  inputVideo = Number.NaN;
  /** Of what was read from the cache. */
  cacheReadAudio = Number.NaN;
  cacheReadImage = Number.NaN;
  cacheReadVideo = Number.NaN;
  outputText = Number.NaN;
  outputAudio = Number.NaN;
  outputImage = Number.NaN;
  outputVideo = Number.NaN;
  webSearches = Number.NaN;
  inputIncludesCache = true;
  outputIncludesReasoning = true;
  /** Whether the sender adds up the total itself from its own input and output: such a total proves nothing about what they include. */
  totalIsNaive = false;

  /** As new. */
  clear(): void {
    this.input = this.inputNotCached = this.output = this.total = this.reasoning = Number.NaN;
    this.cacheRead = this.cacheWrite = this.cacheWrite5m = this.cacheWrite1h = Number.NaN;
    this.inputText = this.inputAudio = this.inputImage = this.inputVideo = Number.NaN;
    this.cacheReadAudio = this.cacheReadImage = this.cacheReadVideo = Number.NaN;
    this.outputText = this.outputAudio = this.outputImage = this.outputVideo = this.webSearches = Number.NaN;
    this.inputIncludesCache = this.outputIncludesReasoning = true;
    this.totalIsNaive = false;
  }

  /** Fills the buckets; false, and nothing changed, when nothing was stated. */
  settle(into: Usage): boolean {
    if (!this.#saysAnything()) return false;
    const read = count(this.cacheRead);
    const write5m = count(this.cacheWrite5m);
    const write1h = count(this.cacheWrite1h);
    const write = Math.max(count(this.cacheWrite), write5m + write1h);
    const cached = read + write;
    const hidden = count(this.reasoning);
    this.#decide(cached, hidden);
    const { tokens } = into;

    let out = count(this.output);
    if (!isCount(this.output)) out = count(this.outputText) + count(this.outputAudio) + count(this.outputImage) + count(this.outputVideo);
    if (!this.outputIncludesReasoning || hidden > out) out += hidden;
    let left = out;
    left -= tokens[reasoning] = hidden;
    left -= tokens[tokenIndex.output_audio] = Math.min(left, count(this.outputAudio));
    left -= tokens[tokenIndex.output_image] = Math.min(left, count(this.outputImage));
    left -= tokens[tokenIndex.output_video] = Math.min(left, count(this.outputVideo));
    tokens[output] = left;

    let plain = this.#plainInput(cached, out);
    const readAudio = Math.min(read, count(this.cacheReadAudio));
    const readImage = Math.min(read - readAudio, count(this.cacheReadImage));
    const readVideo = Math.min(read - readAudio - readImage, count(this.cacheReadVideo));
    tokens[tokenIndex.cache_read_audio] = readAudio;
    tokens[tokenIndex.cache_read_image] = readImage;
    tokens[tokenIndex.cache_read_video] = readVideo;
    tokens[cache_read] = read - readAudio - readImage - readVideo;
    tokens[cache_write_5m] = write5m;
    tokens[cache_write_1h] = write1h;
    tokens[cache_write] = write - write5m - write1h;
    plain -= tokens[tokenIndex.input_audio] = Math.min(plain, Math.max(0, count(this.inputAudio) - readAudio));
    plain -= tokens[tokenIndex.input_image] = Math.min(plain, Math.max(0, count(this.inputImage) - readImage));
    plain -= tokens[tokenIndex.input_video] = Math.min(plain, Math.max(0, count(this.inputVideo) - readVideo));
    tokens[input] = plain;
    into.webSearches = count(this.webSearches);
    into.known = true;
    into.estimated = false;
    return true;
  }

  #saysAnything(): boolean {
    if (isCount(this.input) || isCount(this.output) || isCount(this.total) || isCount(this.inputNotCached)) return true;
    if (isCount(this.cacheRead) || isCount(this.cacheWrite) || isCount(this.cacheWrite5m) || isCount(this.cacheWrite1h)) return true;
    if (isCount(this.inputText) || isCount(this.inputAudio) || isCount(this.inputImage) || isCount(this.inputVideo)) return true;
    return isCount(this.outputText) || isCount(this.outputAudio) || isCount(this.outputImage) || isCount(this.webSearches);
  }

  /** Corrects the two flags where the numbers refute them. */
  #decide(cached: number, hidden: number): void {
    const stated = count(this.input);
    const out = count(this.output);
    const hasInput = isCount(this.input) && cached > 0;
    const hasOutput = isCount(this.output) && hidden > 0;
    if (hasInput && cached > stated) this.inputIncludesCache = false;
    if (hasOutput && hidden > out) this.outputIncludesReasoning = false;
    if (!isCount(this.total) || !isCount(this.input) || !isCount(this.output)) return;
    const beyond = this.total - stated - out;
    const expected = (hasInput && !this.inputIncludesCache ? cached : 0) + (hasOutput && !this.outputIncludesReasoning ? hidden : 0);
    if (beyond === expected || (beyond === 0 && this.totalIsNaive)) return;
    const mayExcludeOnly = hasInput && cached > stated;
    const mayHideOnly = hasOutput && hidden > out;
    for (const excludes of [false, true]) {
      for (const hides of [false, true]) {
        if ((excludes && !hasInput) || (hides && !hasOutput) || (mayExcludeOnly && !excludes) || (mayHideOnly && !hides)) continue;
        if (beyond !== (excludes ? cached : 0) + (hides ? hidden : 0)) continue;
        this.inputIncludesCache = !excludes;
        this.outputIncludesReasoning = !hides;
        return;
      }
    }
  }

  /** The input that is not cached. */
  #plainInput(cached: number, out: number): number {
    if (isCount(this.inputNotCached)) return count(this.inputNotCached);
    if (isCount(this.input)) {
      const stated = count(this.input);
      return this.inputIncludesCache ? Math.max(0, stated - cached) : stated;
    }
    if (isCount(this.total)) return Math.max(0, count(this.total) - out - cached);
    const parts = count(this.inputText) + count(this.inputAudio) + count(this.inputImage) + count(this.inputVideo);
    return Math.max(0, parts - cached);
  }
}

/** More tokens than these are no count of anything. */
const most = 2 ** 53;

function isCount(value: number): boolean {
  return value >= 0 && value <= most;
}

/** A whole number of tokens, 0 when it is none. */
function count(value: number): number {
  return isCount(value) ? Math.round(value) : 0;
}
