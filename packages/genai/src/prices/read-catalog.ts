import type { CatalogProvider } from './genai-prices.ts';

/**
 * The catalogue that comes with package @pydantic/genai-prices, in dollars. Takes 50 ms and 5 MiB, so that it is for those who ask for prices.
 *
 * In the bundle this module parses the same from JSON text, without what prices do not need, which takes 2 ms (scripts/build.ts).
 */
export async function readCatalog(): Promise<readonly CatalogProvider[]> {
  const { waitForUpdate } = await import('@pydantic/genai-prices');
  // Nobody has asked the package for an update, so this is its own data: it exports them nowhere else.
  return slimCatalog(((await waitForUpdate()) ?? []) as readonly CatalogProvider[]);
}

function slimCatalog(providers: readonly CatalogProvider[]): readonly CatalogProvider[] {
  return providers.map((provider) => ({
    id: provider.id,
    ...(provider.provider_match === undefined ? {} : { provider_match: provider.provider_match }),
    ...(provider.model_match === undefined ? {} : { model_match: provider.model_match }),
    ...(provider.fallback_model_providers === undefined ? {} : { fallback_model_providers: provider.fallback_model_providers }),
    models: provider.models.map(({ id, match, prices }) => ({ id, match, prices })),
  }));
}
