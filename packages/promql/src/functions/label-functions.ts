import { Regex } from '@millrace/regex';
import type { Call, StringLiteral } from '../ast.ts';
import { unwrap } from '../ast.ts';
import { labelOf, setLabel } from '../labels.ts';
import { QueryError } from '../query-error.ts';
import { mergeSeries } from '../vector.ts';
import type { VectorSeries } from '../vector.ts';

function texts({ args }: Call): string[] {
  return args.slice(1).map((arg) => (unwrap(arg) as StringLiteral).value);
}

function checkName(name: string, which: string): void {
  if (name === '') throw new QueryError('execution', `invalid ${which}: ${name}`);
}

/** `label_replace(v, dst, replacement, src, regex)`. */
export function labelReplace(call: Call, input: readonly VectorSeries[], count: number): VectorSeries[] {
  const [target, replacement, source, pattern] = texts(call) as [string, string, string, string];
  let regex: Regex;
  try {
    regex = new Regex(pattern, { whole: true });
  } catch (error) {
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${pattern}`, { cause: error });
  }
  checkName(target, 'destination label name in label_replace()');
  for (const series of input) {
    const match = regex.exec(labelOf(series.labels, source));
    if (match !== undefined) series.relabel(setLabel(series.labels, target, regex.expand(match, replacement)));
  }
  return mergeSeries(input, count);
}

/** `label_join(v, dst, separator, src...)`. */
export function labelJoin(call: Call, input: readonly VectorSeries[], count: number): VectorSeries[] {
  const [target, separator, ...sources] = texts(call) as [string, string, ...string[]];
  for (const source of sources) checkName(source, 'source label name in label_join()');
  checkName(target, 'destination label name in label_join()');
  for (const series of input) {
    series.relabel(setLabel(series.labels, target, sources.map((source) => labelOf(series.labels, source)).join(separator)));
  }
  return mergeSeries(input, count);
}
