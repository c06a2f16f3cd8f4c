import { metricName } from '@millrace/prometheus-format';
import type { Definition } from './definition.ts';

/** The name of a metric in Prometheus text. */
export function exposedName({ name, unit, kind }: Definition): string {
  return metricName(name, unit, kind === 'counter' ? 'counter' : kind === 'gauge' || kind === 'updown' ? 'gauge' : 'other', {
    suffixes: true,
    utf8: false,
  });
}
