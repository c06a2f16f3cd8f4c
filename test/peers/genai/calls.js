// Makes calls with real clients under a real instrumentation: `calls.js INSTALLATION VENDOR-URL INSTRUMENTATION VENDOR [CASE...]`. Prints
// `{"case", "bill", "request"}` per case of cases.json, `request` being its spans as an OTLP JSON export request.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [installation, url, instrumentation, vendor, ...only] = process.argv.slice(2);
const load = createRequire(join(installation, 'package.json'));
const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = load('@opentelemetry/sdk-trace-node');
const { JsonTraceSerializer } = load('@opentelemetry/otlp-transformer');
const { registerInstrumentations } = load('@opentelemetry/instrumentation');

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

const question = 'What does the canal feed?';
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

/** Calls through the vendors' own clients, which `name` instruments, or nothing but themselves. */
function clientCalls(name) {
  if (name === 'none') return vendor === 'openai' ? openAiCall : anthropicCall;
  const [, exported] = Object.entries(load(name)).find(([key]) => /^(OpenAI|Anthropic)Instrumentation$/.test(key));
  registerInstrumentations({ instrumentations: [new exported()] });
  return vendor === 'openai' ? openAiCall : anthropicCall;
}

async function openAiCall({ api, scenario, model, stream, includeUsage }) {
  const client = new (load('openai').OpenAI)({ apiKey: 'none', baseURL: `${url}/${scenario}/v1`, maxRetries: 0 });
  if (api === 'embeddings') return client.embeddings.create({ model, input: question });
  const tools = scenario === 'tool' && [{ type: 'function', function: { name: 'weather', parameters } }];
  const body =
    api === 'responses'
      ? { model, input: question, stream: stream === true }
      : {
          model,
          messages: [{ role: 'user', content: question }],
          ...(tools && { tools }),
          ...(stream && { stream }),
          ...(includeUsage && { stream_options: { include_usage: true } }),
        };
  return drain(await (api === 'responses' ? client.responses : client.chat.completions).create(body));
}

async function anthropicCall({ scenario, model, stream }) {
  const client = new (load('@anthropic-ai/sdk').Anthropic)({ apiKey: 'none', baseURL: `${url}/${scenario}`, maxRetries: 0 });
  const body = {
    model,
    max_tokens: 2048,
    messages: [{ role: 'user', content: question }],
    ...(stream && { stream }),
    ...(scenario === 'tool' && { tools: [{ name: 'weather', input_schema: parameters }] }),
    ...(scenario === 'reasoning' && { thinking: { type: 'enabled', budget_tokens: 1024 } }),
  };
  return drain(await client.messages.create(body));
}

/** Calls through the AI SDK, which tells spans itself. */
function aiCalls(ai, openai, anthropic, extra) {
  const { generateText, streamText, embed, tool, jsonSchema, stepCountIs, isStepCount } = ai;
  const telemetry = { isEnabled: true, functionId: 'waterworks' };
  return async ({ api, scenario, model, stream }) => {
    const clients =
      vendor === 'openai'
        ? openai.createOpenAI({ apiKey: 'none', baseURL: `${url}/${scenario}/v1` })
        : anthropic.createAnthropic({ apiKey: 'none', baseURL: `${url}/${scenario}/v1` });
    const common = { maxRetries: 0, [extra]: telemetry };
    if (api === 'embeddings') return embed({ ...common, model: clients.embedding(model), value: question });
    const weather = tool({ description: 'The weather.', inputSchema: jsonSchema(parameters), execute: () => 'sunny' });
    const options = {
      ...common,
      model: api === 'responses' || vendor === 'anthropic' ? clients(model) : clients.chat(model),
      prompt: question,
      onError: () => {},
      ...(scenario === 'tool' && { tools: { weather } }),
      ...(api === 'agent' && { stopWhen: (stepCountIs ?? isStepCount)(3) }),
    };
    if (!stream) return generateText(options);
    return drain(streamText(options).textStream);
  };
}

async function drain(answer) {
  if (answer?.[Symbol.asyncIterator] !== undefined) for await (const _ of answer);
}

const makers = {
  'ai@6': async () => aiCalls(await load('ai'), load('@ai-sdk/openai'), load('@ai-sdk/anthropic'), 'experimental_telemetry'),
  'ai@7': async () => {
    const ai = await load('ai7');
    ai.registerTelemetry(new (load('@ai-sdk/otel').OpenTelemetry)());
    return aiCalls(ai, load('ai-sdk-openai-4'), load('ai-sdk-anthropic-4'), 'telemetry');
  },
  'ai@7-legacy': async () => {
    const ai = await load('ai7');
    ai.registerTelemetry(new (load('@ai-sdk/otel').LegacyOpenTelemetry)());
    return aiCalls(ai, load('ai-sdk-openai-4'), load('ai-sdk-anthropic-4'), 'telemetry');
  },
};

const call = await (makers[instrumentation] ?? clientCalls)(instrumentation);
let told = (await bills()).length;
let current;
// A stream that is cut off fails in a copy of it that an instrumentation reads, too.
process.on('unhandledRejection', (error) => {
  if (current?.scenario !== 'cut') throw error;
});
for (const one of JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8'))) {
  if (one.vendor !== vendor || (only.length > 0 && !only.includes(one.name))) continue;
  // Answers from a cache of the caller's are for others.
  if (one.api === 'cached' || (one.api === 'agent' && makers[instrumentation] === undefined)) continue;
  exporter.reset();
  current = one;
  try {
    await call(one);
  } catch (error) {
    if (!['rate_limited', 'failed', 'cut'].includes(one.scenario)) throw error;
  }
  // Some instrumentations end their spans in a later turn.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  await provider.forceFlush();
  const all = await bills();
  const request = JSON.parse(new TextDecoder().decode(JsonTraceSerializer.serializeRequest(exporter.getFinishedSpans())));
  console.log(JSON.stringify({ case: one.name, bill: all.slice(told), request }));
  told = all.length;
}

async function bills() {
  return (await fetch(`${url}/bills`)).json();
}
