import { createMillrace } from '@millrace/sdk';
import type { SdkOptions } from '@millrace/sdk';
import { APIPromise } from 'openai/core/api-promise';

/**
 * What recording a call costs by itself: by hand, and by an observed client beyond the same call of one that is not. The clients make promises of
 * `openai` and no requests, whose own cost would hide that of observing. All in small portions, in turn, so that what else runs on the machine meets
 * all alike. Run by benchmarks/sdk-overhead.ts, to which it sends the microseconds of CPU of each portion.
 */

const rounds = Number(process.argv[2]);
/** Portions that do not count: what runs for the first ten thousand times is compiled meanwhile. */
const warmUp = 40;
const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'An answer.', refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 812, completion_tokens: 46, total_tokens: 858, prompt_tokens_details: { cached_tokens: 512, audio_tokens: 0 } },
  service_tier: 'default',
});

interface Client {
  readonly baseURL: string;
  readonly chat: { readonly completions: { create(params: object): PromiseLike<unknown> } };
}

function client(): Client {
  const parse = async (): Promise<unknown> => JSON.parse(answer);
  const create = (): PromiseLike<unknown> => new APIPromise({} as never, Promise.resolve({} as never), parse);
  return { baseURL: 'http://127.0.0.1:8080/v1', chat: { completions: { create } } };
}

/** Microseconds of CPU of this process. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const start: SdkOptions = { serviceName: 'service', env: {} };
const pipeline = { receivers: ['sdk'], exporters: ['nop'] };
const recording = await createMillrace(start);
const forwarding = await createMillrace({
  ...start,
  receivers: { sdk: {} },
  exporters: { nop: {} },
  service: { pipelines: { traces: pipeline, metrics: pipeline } },
});
await Promise.all([recording.recorder.ready(), forwarding.recorder.ready()]);
const [plain, observed, traced] = [client(), recording.observe(client()), forwarding.observe(client())];

function record(): number {
  const times = 2000;
  const begin = cpu();
  for (let i = 0; i < times; i++) {
    recording.recordInference({
      model: 'gpt-4o-2024-08-06',
      requestedModel: 'gpt-4o',
      provider: 'openai',
      usage: { input: 300, cache_read: 512, output: 46 },
      durationMs: 700 + (i % 100),
      task: 'answer',
      serverAddress: '127.0.0.1',
      serverPort: 8080,
    });
  }
  return (cpu() - begin) / times;
}

async function ask(of: Client): Promise<number> {
  const times = 1000;
  const begin = cpu();
  for (let i = 0; i < times; i++) await of.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
  return (cpu() - begin) / times;
}

const results: { recordInference: number[]; without: number[]; observed: number[]; traced: number[] } = {
  recordInference: [],
  without: [],
  observed: [],
  traced: [],
};
for (let round = -warmUp; round < rounds; round++) {
  const us = { recordInference: record(), without: await ask(plain), observed: await ask(observed), traced: await ask(traced) };
  if (round < 0) continue;
  for (const name of ['recordInference', 'without', 'observed', 'traced'] as const) results[name].push(us[name]);
}
await Promise.all([recording.shutdown(), forwarding.shutdown()]);
process.send!(results);
process.disconnect!();
