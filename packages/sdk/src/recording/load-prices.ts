import { PriceList } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';

/** Loads the price list: the catalogue, unless the settings say otherwise. In a file of its own, to be loaded with the first call. */
export async function loadPrices(settings: Partial<PricesConfig> | undefined): Promise<PriceList> {
  return PriceList.load(settings);
}
