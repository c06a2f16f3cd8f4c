import type { PriceOverride } from './prices-schema.ts';

/**
 * What providers of the catalogue take off for batch jobs and slow service tiers: data that genai-prices does not have. Each is the provider's
 * own published rule for all its models with such an interface, in percent of the standard price of tokens.
 *
 * - openai: https://openai.com/api/pricing ("Save 50% on inputs and outputs with the Batch API"), flex processing at the rates of batches
 * - azure: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch ("at 50% less cost than global standard")
 * - anthropic: https://docs.claude.com/en/docs/build-with-claude/batch-processing ("50% of the standard API prices", caching included)
 * - google: https://ai.google.dev/gemini-api/docs/batch-api ("50% of the standard cost")
 * - aws: https://aws.amazon.com/bedrock/pricing ("batch inference at a 50% lower price")
 * - mistral: https://docs.mistral.ai/capabilities/batch ("a 50% discount")
 * - groq: https://console.groq.com/docs/batch ("50% cost discount")
 */
export const batchDiscounts: readonly PriceOverride[] = [
  { provider: 'openai', batch: { percent: 50 }, service_tiers: { flex: { percent: 50 } } },
  ...['azure', 'anthropic', 'google', 'aws', 'mistral', 'groq'].map((provider) => ({ provider, batch: { percent: 50 } })),
];
