import { Regex } from '@millrace/regex';
import type { SpanConfig } from './config.ts';
import { statusCodes } from './span-visitor.ts';

/** What is wrong with a configuration, in the Collector's words. */
export function validateConfig({ name, status }: SpanConfig): string[] {
  const rules = name.to_attributes?.rules ?? [];
  if (name.from_attributes.length === 0 && rules.length === 0 && status === undefined)
    return [
      'error creating "span" processor: either "from_attributes" or "to_attributes" must be specified in "name:" or "setStatus" must be specified',
    ];
  if (status !== undefined && !statusCodes.has(status.code))
    return ['status: error creating "span" processor: "status" must have specified "code" as "Ok" or "Error" or "Unset"'];
  if (status !== undefined && status.description !== '' && status.code !== 'Error')
    return ['status: error creating "span" processor: "description" can be specified only for "code" "Error"'];
  return rules.flatMap((rule, index) => {
    try {
      void new Regex(rule);
      return [];
    } catch {
      return [`name::to_attributes::rules::${index}: invalid regexp pattern ${rule}`];
    }
  });
}
