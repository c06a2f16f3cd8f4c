import { providerName } from '../provider.ts';

/** What the catalogue calls providers with well-known names. */
const ids: ReadonlyMap<string, string> = new Map([
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ['aws.bedrock', 'aws'],
  ['azure.ai.openai', 'azure'],
  ['azure.ai.inference', 'azure'],
  ['gcp.gemini', 'google'],
  ['gcp.gen_ai', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['mistral_ai', 'mistral'],
  ['x_ai', 'x-ai'],
  ['moonshot_ai', 'moonshotai'],
  ['together_ai', 'together'],
  ['fireworks_ai', 'fireworks'],
  ['voyage_ai', 'voyageai'],
  ['z_ai', 'zai'],
]);

/** What the catalogue tells apart, and well-known names do not. */
const apart: ReadonlySet<string> = new Set(['zhipuai']);

/** The one name of a provider in prices, whatever convention or library named it. */
export function providerId(name: string): string {
  const lower = name.trim().toLowerCase();
  return apart.has(lower) ? lower : (ids.get(providerName(lower)) ?? lower);
}
