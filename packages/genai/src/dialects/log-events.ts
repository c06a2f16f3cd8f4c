import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { fields } from '../field.ts';
import type { Origin } from '../origin.ts';
import { markMissing, readFacts } from '../read-facts.ts';
import { StatedUsage } from '../stated-usage.ts';
import { readEvaluation } from './outcome.ts';
import { readPeople } from './people.ts';

const models = fields('model', 'model_name');
const inputs = fields('input_tokens', 'input_token_count');
const outputs = fields('output_tokens', 'output_token_count');
const reads = fields('cache_read_tokens', 'cached_content_token_count', 'cached_token_count');
const writes = fields('cache_creation_tokens');
const thoughts = fields('thoughts_token_count', 'reasoning_token_count');
const tools = fields('tool_token_count');
const totals = fields('total_token_count');
const costs = fields('cost_usd');

/** Assistants on the command line that tell their calls as log events, by the event: how each counts. */
const assistants: ReadonlyMap<string, { readonly provider: string; readonly includesCache: boolean; readonly includesReasoning: boolean }> =
  new Map(
    Object.entries({
      'claude_code.api_request': { provider: 'anthropic', includesCache: false, includesReasoning: true },
      'gemini_cli.api_response': { provider: 'gcp.gemini', includesCache: true, includesReasoning: false },
      'codex.sse_event': { provider: 'openai', includesCache: true, includesReasoning: true },
    }),
  );
const evaluationResult = 'gen_ai.evaluation.result';
const callDetails: ReadonlySet<string> = new Set(['gen_ai.client.inference.operation.details', 'gen_ai.client.operation.details']);
const claudeCode = 'com.anthropic.claude_code';

const stated = new StatedUsage();

/** Fills a cleared call from a log event; the level stays `none` when the event tells of no operation. */
export function readLogFacts(name: string, facts: Facts, origin: Origin, into: Call): void {
  if (name === evaluationResult) {
    readFacts(facts, origin, into);
    into.level = 'evaluation';
    into.operation = 'evaluate';
    into.usage.clear();
    readEvaluation(facts, into);
    return;
  }
  if (callDetails.has(name)) {
    readFacts(facts, origin, into);
    return;
  }
  const assistant =
    assistants.get(name) ??
    (name === 'api_request' && origin.scope.name.startsWith(claudeCode) ? assistants.get('claude_code.api_request') : undefined);
  if (assistant === undefined) return;
  stated.clear();
  stated.input = facts.firstNumber(inputs);
  stated.output = facts.firstNumber(outputs);
  stated.cacheRead = facts.firstNumber(reads);
  stated.cacheWrite = facts.firstNumber(writes);
  stated.reasoning = facts.firstNumber(thoughts);
  stated.total = facts.firstNumber(totals);
  const added = facts.firstNumber(tools);
  if (assistant.provider === 'gcp.gemini' && added > 0) stated.input += added;
  stated.inputIncludesCache = assistant.includesCache;
  stated.outputIncludesReasoning = assistant.includesReasoning;
  // Codex tells every event of the stream; the one that has usage ends a call.
  if (!stated.settle(into.usage)) return;
  into.level = 'inference';
  into.dialect = 'body';
  into.operation = 'chat';
  into.provider = assistant.provider;
  into.requestModel = facts.firstText(models);
  into.reportedCost = facts.firstText(costs);
  into.reportedCurrency = into.reportedCost === '' ? '' : 'USD';
  into.streamed = true;
  readPeople(facts, into);
  markMissing(into);
}
