import { labelName, metricName, unitName } from '@millrace/prometheus-format';
import type { FamilyType, HistogramValue, Label, MetricFamily, NativeBuckets, Sample } from '@millrace/prometheus-format';
import type { PrometheusReaderConfig } from '@millrace/config';
import { keyFilter } from './key-filter.ts';
import { attributeText, scopeName } from './own-resource.ts';
import type { OwnResource } from './own-resource.ts';
import type { ExponentialSnapshot, HistogramSnapshot, MetricSnapshot, PointSnapshot, TelemetrySnapshot } from './snapshot.ts';

const types: Readonly<Record<MetricSnapshot['type'], FamilyType>> = {
  counter: 'counter',
  updown: 'gauge',
  gauge: 'gauge',
  histogram: 'histogram',
  exponential: 'histogram',
};

/**
 * Own metrics as Prometheus families, in order of their names, `target_info` last. With the default flags names are as they are
 * (`otelcol_exporter_sent_spans`); with `without_type_suffix: false` counters end in `_total`, with `without_units: false` names have their unit.
 */
export class Exposition {
  readonly #config: PrometheusReaderConfig;
  readonly #constant: readonly Label[];
  readonly #targetInfo: MetricFamily;

  constructor(config: PrometheusReaderConfig, { attributes: resource, version }: OwnResource) {
    this.#config = config;
    const labels = Object.entries(resource).map(([name, value]): Label => [labelName(name), attributeText(value)]);
    const filter = config.with_resource_constant_labels;
    const keeps = filter === undefined ? (): boolean => false : keyFilter(filter);
    const scope: Label[] = [
      ['otel_scope_name', scopeName],
      ['otel_scope_schema_url', ''],
      ['otel_scope_version', version],
    ];
    this.#constant = [
      ...Object.keys(resource).flatMap((name, i) => (keeps(name) ? [labels[i]] : [])),
      ...(config.without_scope_info ? [] : scope),
    ];
    this.#targetInfo = { name: 'target_info', type: 'gauge', help: 'Target metadata', samples: [{ labels, value: 1 }] };
  }

  families({ metrics }: TelemetrySnapshot): MetricFamily[] {
    const families = metrics.map((metric) => this.#family(metric)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [...families, this.#targetInfo];
  }

  #family({ name, description, unit, type, points }: MetricSnapshot): MetricFamily {
    const { without_units: noUnit, without_type_suffix: noType } = this.#config;
    const kind = noType ? 'other' : type === 'counter' ? 'counter' : type === 'gauge' || type === 'updown' ? 'gauge' : 'other';
    const unitOfName = noUnit ? '' : unit;
    // As in the Collector: suffixes are put behind the name as it is, then what only UTF-8 names may have is escaped.
    const suffixed = metricName(name, unitOfName, kind, { suffixes: !noUnit || !noType, utf8: true });
    return {
      name: metricName(suffixed, '', 'other', { suffixes: false, utf8: false }),
      type: types[type],
      help: description,
      unit: unitName(unitOfName),
      samples: points.map((point) => this.#sample(point)),
    };
  }

  #sample({ attributes, value, startMs }: PointSnapshot): Sample {
    const labels = Object.entries(attributes).map(([name, text]): Label => [labelName(name), String(text)]);
    return { labels: [...labels, ...this.#constant], value: typeof value === 'number' ? value : histogram(value), createdMs: startMs };
  }
}

function histogram(value: HistogramSnapshot | ExponentialSnapshot): HistogramValue {
  const { count, sum } = value;
  if ('bounds' in value) {
    let total = 0;
    return { count, sum, bounds: value.bounds, counts: value.bounds.map((_, i) => (total += value.counts[i] ?? 0)) };
  }
  const { scale, zeroCount, positive, negative } = value;
  const native = { schema: scale, zeroThreshold: 0, zeroCount, positive: buckets(positive), negative: buckets(negative) };
  return { count, sum, bounds: [], counts: [], native };
}

/** Prometheus counts buckets by their upper, OpenTelemetry by their lower end. */
function buckets({ offset, counts }: ExponentialSnapshot['positive']): NativeBuckets {
  return { spans: counts.length === 0 ? [] : [offset + 1, counts.length], counts };
}
