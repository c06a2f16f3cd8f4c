import { tokenIndex, tokenKinds } from '../usage.ts';
import type { Money } from './money.ts';
import { missing, requestPlace, webSearchPlace } from './rates.ts';
import type { RateSet, Row } from './rates.ts';

const kinds = tokenKinds.length;
const firstOutput = tokenIndex.output;

/** How the input of a request lies in its context: what a cache knows comes before what it is told, and that before what is new. */
const inContext: readonly number[] = [
  ...tokenKinds.filter((kind) => kind.startsWith('cache_read')),
  ...tokenKinds.filter((kind) => kind.startsWith('cache_write')),
  ...tokenKinds.filter((kind) => kind.startsWith('input')),
  ...tokenKinds.slice(firstOutput),
].map((kind) => tokenIndex[kind]);

/**
 * What tokens, searches of the web and requests cost: the exact sum. Adds the parts to `byKind`. `missing` when tokens have no price;
 * `byKind` is of no use then. Searches without a price are left out.
 */
export function charge(set: RateSet, tokens: Float64Array, webSearches: number, requests: number, byKind?: Money[]): Money {
  const row = rowFor(set, tokens);
  let sum =
    set.marginal && set.rows.length > 1
      ? marginal(set, tokens, byKind)
      : (inDoubles(row, tokens, byKind) ?? inBigints(row, tokens, byKind));
  if (sum === missing) return missing;
  if (webSearches > 0) sum += added(webSearchPlace, BigInt(webSearches), row, byKind);
  if (requests > 0 && row.prices[requestPlace] !== 0n) sum += added(requestPlace, BigInt(requests), row, byKind);
  return sum;
}

function added(place: number, count: bigint, { prices }: Row, byKind: Money[] | undefined): Money {
  const price = prices[place]!;
  const part = price === missing ? 0n : count * price;
  if (byKind !== undefined) byKind[place] = part;
  return part;
}

/** Doubles are exact as long as the sum is a safe integer, which is up to $9 a call; undefined when it is not, or when a price is missing. */
function inDoubles({ doubles }: Row, tokens: Float64Array, byKind: Money[] | undefined): Money | undefined {
  let sum = 0;
  for (let place = 0; place < kinds; place++) {
    const count = tokens[place]!;
    if (count !== 0) sum += count * doubles[place]!;
  }
  if (!(sum <= Number.MAX_SAFE_INTEGER)) return undefined;
  if (byKind !== undefined) {
    for (let place = 0; place < kinds; place++) {
      const count = tokens[place]!;
      if (count !== 0) byKind[place] = BigInt(count * doubles[place]!);
    }
  }
  return BigInt(sum);
}

function inBigints({ prices }: Row, tokens: Float64Array, byKind: Money[] | undefined): Money {
  let sum = 0n;
  for (let place = 0; place < kinds; place++) {
    const count = tokens[place]!;
    if (count === 0) continue;
    const price = prices[place]!;
    if (price === missing) return missing;
    const part = BigInt(count) * price;
    if (byKind !== undefined) byKind[place] = part;
    sum += part;
  }
  return sum;
}

/** The prices that the length of the input decides, cached tokens included. */
function rowFor({ rows, above, marginal: partly }: RateSet, tokens: Float64Array): Row {
  if (rows.length === 1 || partly) return rows[0]!;
  let input = 0;
  for (let place = 0; place < firstOutput; place++) input += tokens[place]!;
  let index = rows.length - 1;
  while (index > 0 && input <= above[index]!) index--;
  return rows[index]!;
}

/** Each token at the price of where it stands: in the input, or, by a count of its own, in the output. */
function marginal({ rows, above }: RateSet, tokens: Float64Array, byKind: Money[] | undefined): Money {
  const last = rows.length - 1;
  let sum = 0n;
  let position = 0;
  let index = 0;
  for (const place of inContext) {
    if (place === firstOutput) position = index = 0;
    let left = tokens[place]!;
    let part = 0n;
    while (left > 0) {
      // Beyond the last border there is nothing to count any more, so that positions stay exact.
      const fits = index === last ? left : Math.min(left, above[index + 1]! - position);
      if (fits > 0) {
        const price = rows[index]!.prices[place]!;
        if (price === missing) return missing;
        part += BigInt(fits) * price;
        left -= fits;
      }
      if (index < last) position += fits;
      if (index < last && position >= above[index + 1]!) index++;
    }
    if (byKind !== undefined) byKind[place] = part;
    sum += part;
  }
  return sum;
}
