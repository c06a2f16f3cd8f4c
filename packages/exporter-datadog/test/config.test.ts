import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import type { DatadogConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

const problems = (settings: object): readonly string[] =>
  factory.validateConfig!(configOf<DatadogConfig>(factory, { api: { key: 'f00d' }, ...settings }));

describe('The settings', () => {
  it('need a key, and nothing else', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ api: {} })).toEqual(['api.key is not set']);
    expect(problems({ api: { key: '  ' } })).toEqual(['api.key is not set']);
  });

  it('have the Collector’s defaults', () => {
    const config = configOf<DatadogConfig>(factory, { api: { key: 'f00d' } });
    expect(config).toMatchObject({
      api: { site: 'datadoghq.com', fail_on_invalid_key: false },
      only_metadata: false,
      metrics: {
        delta_ttl: 3600,
        histograms: { mode: 'distributions' },
        sums: { cumulative_monotonic_mode: 'to_delta' },
        summaries: { mode: 'gauges' },
      },
      traces: { compute_stats_by_span_kind: true, peer_tags_aggregation: true, span_name_as_resource_name: false },
      logs: { use_compression: true, compression_level: 6 },
      host_metadata: { enabled: true, hostname_source: 'config_or_system', reporter_period: '30m' },
      timeout: '15s',
      idle_conn_timeout: '45s',
      max_idle_conns: 100,
      max_idle_conns_per_host: 5,
    });
  });

  it.each([
    [
      { only_metadata: true },
      "only_metadata can't be enabled when host_metadata::enabled = false or host_metadata::hostname_source != first_resource",
    ],
    [{ hostname: 'not a host' }, "hostname field is invalid: 'not a host' is not RFC1123 compliant"],
    [{ metrics: { endpoint: '' } }, 'endpoint cannot be empty'],
    [{ traces: { endpoint: 'trace.agent' } }, 'traces::endpoint: must be a valid URL'],
    [{ traces: { ignore_resources: ['('] } }, "'(' is not valid resource filter regular expression"],
    [{ traces: { span_name_remappings: { a: '' } } }, "'' is not valid value for span name remapping"],
    [{ traces: { span_name_remappings: { '': 'a' } } }, "'' is not valid key for span name remapping"],
    [
      { metrics: { histograms: { mode: 'nobuckets' } } },
      "'nobuckets' mode and `send_aggregation_metrics` set to false will send no histogram metrics",
    ],
    [
      { metrics: { sums: { cumulative_monotonic_mode: 'raw_value', initial_cumulative_monotonic_value: 'keep' } } },
      '"metrics::sums::initial_cumulative_monotonic_value" can only be configured when "metrics::sums::cumulative_monotonic_mode" is set to "to_delta"',
    ],
    [{ host_metadata: { reporter_period: '1m' } }, 'reporter_period must be 5 minutes or higher'],
    [{ timeout: '-1s' }, "'timeout' must be non-negative"],
  ])('%j are refused', (settings, problem) => {
    expect(problems(settings)).toEqual([problem]);
  });
});
