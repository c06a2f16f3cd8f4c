import type { Call } from './call.ts';
import { readDialect } from './dialects/dialect.ts';
import { readLevel, readOperation } from './dialects/level.ts';
import { readModel } from './dialects/model.ts';
import { readFirstChunk, readManner } from './dialects/manner.ts';
import { readError, readEvaluation } from './dialects/outcome.ts';
import { readPeople } from './dialects/people.ts';
import { readReportedCost } from './dialects/reported-cost.ts';
import { readCache, readLookUp } from './dialects/response-cache.ts';
import { readUsage } from './dialects/usage.ts';
import type { Facts } from './facts.ts';
import type { Origin } from './origin.ts';

/** Fills a cleared call from the facts of one operation; what has nothing to do with generative AI leaves it as it is. */
export function readFacts(facts: Facts, origin: Origin, into: Call): void {
  const level = readLevel(facts);
  if (level === 'none') return readLookUp(facts, into);
  into.level = level;
  into.dialect = readDialect(facts);
  into.operation = readOperation(facts, level, origin.scope);
  readModel(facts, into);
  readManner(facts, into);
  readCache(facts, into);
  readUsage(facts, origin, into);
  readReportedCost(facts, into);
  readFirstChunk(facts, into, origin);
  readError(facts, into, origin);
  readPeople(facts, into);
  readEvaluation(facts, into);
}

/** Marks a call of a model that ended well and says nothing of its usage. */
export function markMissing(into: Call): void {
  into.usageMissing = into.billed && !into.usage.known && into.errorType === '' && into.cacheResult !== 'hit';
}
