export { attributeActionsSchema } from './attribute-action.ts';
export type { AttributeAction } from './attribute-action.ts';
export { AttributeActions } from './attribute-actions.ts';
export { AttributesMatcher } from './attributes-matcher.ts';
export { checkForMetrics } from './check-properties.ts';
export { goFixed } from './go-number.ts';
export { ItemRules } from './item-rules.ts';
export {
  attributesSchema,
  matchConfigProperties,
  matchTypeSchema,
  regexpSchema,
  spanMatchConfigProperties,
  textsSchema,
} from './match-config.ts';
export type { AttributeMatch, LibraryMatch, MatchConfig, MatchProperties, MatchType, RegexpConfig } from './match-config.ts';
export { MetricRules } from './metric-rules.ts';
export type { MetricMatch } from './metric-rules.ts';
export { validateActions } from './validate-actions.ts';
