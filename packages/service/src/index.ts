export { catalogOf } from './catalog.ts';
export { enabledGates, featureGates, isOnByDefault } from './feature-gates.ts';
export type { FeatureGate } from './feature-gates.ts';
export { Ledger, LedgerEntry } from './item-ledger.ts';
export { createLogger } from './logger.ts';
export type { LoggerOptions } from './logger.ts';
export { Service } from './service.ts';
export type { ServiceOptions } from './service.ts';
