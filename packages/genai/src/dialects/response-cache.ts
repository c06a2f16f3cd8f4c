import type { CacheResult, Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field, fields } from '../field.ts';

const cacheResults = fields(
  'millrace.cache.result',
  'gen_ai.cache.result',
  'portkey.cache.status',
  'portkey.cacheStatus',
  'helicone.cache.status',
  'helicone.cache',
  'litellm.cache_hit',
  'metadata.cache_hit',
  'hidden_params.cache_hit',
  'gen_ai.cache.hit',
  'gen_ai.cache_hit',
  'llm.cache.hit',
  'llm.is_cache_hit',
  'cache_hit',
  'cache.hit',
  'http.response.header.helicone-cache',
  'http.response.header.x-portkey-cache-status',
  'http.response.header.cf-aig-cache-status',
  'http.response.header.x-cache',
);
const cacheTiers = fields('millrace.cache.tier', 'gen_ai.cache.tier', 'cache.tier', 'litellm.cache_type', 'cache.type');

/** LiteLLM's, as JSON, which has the key of the cache when that answered, and only then. */
const litellmParameters = field('hidden_params');
const answeredByCache = /"cache_key":\s*"/;

const lookUps = fields('millrace.cache.result');

/** A span that is a look into the application's cache and nothing else. */
export function readLookUp(facts: Facts, into: Call): void {
  if (facts.firstText(lookUps) === '') return;
  readCache(facts, into);
  if (into.cacheResult !== '') into.level = 'cache';
}

/** How the application's own or a gateway's cache answered. */
export function readCache(facts: Facts, into: Call): void {
  const text = facts.firstText(cacheResults).toLowerCase();
  if (text === '') {
    if (facts.has(litellmParameters) && answeredByCache.test(facts.wholeText(litellmParameters))) into.cacheResult = 'hit';
    return;
  }
  into.cacheResult = cacheResult(text);
  if (into.cacheResult === '') return;
  into.cacheTier = facts.firstText(cacheTiers);
  if (into.cacheTier === '' && text.includes('semantic')) into.cacheTier = 'semantic';
}

function cacheResult(text: string): CacheResult {
  if (text === 'true' || text === 'cached' || text === 'redirect hit' || /\bhit\b/.test(text)) return 'hit';
  return text === 'false' || text === 'refresh' || text === 'refreshed' || text.includes('miss') ? 'miss' : '';
}
