import { describe, expect, it } from '@jest/globals';
import { lab, span, texts } from './lab.ts';

const policies = [
  { name: 'many', type: 'span_count', span_count: { min_spans: 2 } },
  { name: 'live', type: 'string_attribute', string_attribute: { key: 'route', values: ['/live'] } },
  { name: 'no', type: 'drop', drop: { drop_sub_policy: [{ name: 'x', type: 'trace_flags' }] } },
  { name: 'bad', type: 'ottl_condition', ottl_condition: { error_mode: 'propagate', span: ['attributes["route"] / 0 == 1'] } },
];

async function decided(gates: string[], id = 'tail_sampling') {
  const { clock, send, metrics, context, stop } = await lab({ decision_wait: '1s', policies }, { gates, id });
  await send(span(1), span(1), span(2, texts({ route: '/live' })), span(3), span(4, { flags: 1 }));
  await clock.advance(1_100);
  const found = await metrics();
  await stop();
  return { found, dropped: context.items.dropped };
}

describe('The metrics of tail_sampling', () => {
  it('tell what each policy said and what became of the traces', async () => {
    const { found, dropped } = await decided([]);
    expect(found).toMatchObject({
      'global_count_traces_sampled true sampled': 2,
      'global_count_traces_sampled false not_sampled': 1,
      'global_count_traces_sampled false dropped': 1,
      'count_traces_sampled many true sampled': 1,
      'count_traces_sampled many false not_sampled': 2,
      'count_traces_sampled live true sampled': 1,
      'count_traces_sampled no false dropped': 1,
      'count_traces_sampled no false not_sampled': 3,
      'sampling_policy_execution_count no': 4,
      'sampling_policy_execution_count many': 3,
      'sampling_policy_execution_count bad': 3,
      sampling_policy_evaluation_error: 3,
      new_trace_id_received: 4,
      sampling_traces_on_memory: 4,
      traces_dropped_too_large: 0,
      sampling_trace_dropped_too_early: 0,
    });
    expect(found['sampling_decision_timer_latency']).toBeGreaterThan(0);
    expect(found['sampling_policy_execution_time_sum many']).toBeGreaterThanOrEqual(0);
    expect(Object.keys(found).filter((name) => name.includes('bad') && name.startsWith('count_'))).toEqual([]);
    expect(Object.keys(found).filter((name) => name.startsWith('count_spans') || name.startsWith('count_bytes'))).toEqual([]);
    expect(dropped).toEqual({ not_sampled: 1, dropped_by_policy: 1 });
  });

  it('count spans and bytes by policy when their feature gates are on', async () => {
    const { found } = await decided(['metricstatcountspanssampled', 'metricstatcountbytessampled']);
    expect(found['count_spans_sampled many true sampled']).toBe(2);
    expect(found['count_spans_sampled many false not_sampled']).toBe(2);
    expect(found['count_bytes_sampled many true sampled']).toBeGreaterThan(50);
  });

  it('name policies with the name of the processor', async () => {
    const { found } = await decided([], 'tail_sampling/own');
    expect(found['count_traces_sampled own.many true sampled']).toBe(1);
  });
});
