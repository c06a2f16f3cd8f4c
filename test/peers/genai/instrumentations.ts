import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TokenKind } from '@millrace/genai';
import { install } from '../install.ts';
import { peers } from '../peers.ts';

/**
 * What an instrumentation does not tell of a vendor's bill. `of` a bucket: its tokens appear in the bucket `into`, or as `tells`, or nowhere.
 * `usage`: nothing of it is told. `responseModel`: only the model that was asked for is. `maker`: the model's name is told without its maker.
 * `provider`: that it is one of Google's services is told, but not which. `error`: a stream that broke off looks as if it ended well.
 * `span`: there is none. `once`: the call is told twice by spans that nothing connects.
 */
export interface Loss {
  readonly of: TokenKind | 'usage' | 'responseModel' | 'maker' | 'provider' | 'error' | 'span' | 'once';
  readonly into?: TokenKind;
  readonly tells?: number;
  readonly why: string;
  /** The cases it happens in, as `vendor-name`; all that have the bucket when absent. */
  readonly cases?: readonly string[];
}

/** A real instrumentation with the vendors whose clients it observes. */
export interface Instrumentation {
  readonly language: 'js' | 'python';
  readonly package: string;
  /** Distinguishes settings of one package; part of the fixtures' names. */
  readonly variant?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly vendors: readonly ('openai' | 'anthropic' | 'gemini' | 'bedrock')[];
  /** The word that the calling program wants. */
  readonly argument: string;
  /** What makes the calls, a module of callers/; the vendor's own client when absent. */
  readonly caller?: 'langchain' | 'litellm';
  /** The cases to record; all when absent. */
  readonly cases?: readonly string[];
  readonly recipe?: 'genaiPython' | 'genaiPythonLatest' | 'genaiPythonLitellm';
  readonly losses?: readonly Loss[];
}

/** Without its server, which it would send to. */
const langsmith = {
  LANGSMITH_TRACING: 'true',
  LANGSMITH_TRACING_MODE: 'otel',
  LANGSMITH_API_KEY: 'none',
  LANGSMITH_ENDPOINT: 'http://127.0.0.1:1',
};
const latest = { OTEL_SEMCONV_STABILITY_OPT_IN: 'gen_ai_latest_experimental' };
/** Anthropic's clients tell spans themselves unless they are told not to. */
const clientIsSilent = { ANTHROPIC_OPEN_TELEMETRY: 'false' };

const noAttribute = 'it has no attribute for them';
const noCacheRead: Loss = { of: 'cache_read', into: 'input', why: noAttribute };
const noCacheWrite: Loss = { of: 'cache_write', into: 'input', why: noAttribute };
const noReasoning: Loss = { of: 'reasoning', into: 'output', why: noAttribute };
const noAudio: readonly Loss[] = [
  { of: 'input_audio', into: 'input', why: noAttribute },
  { of: 'output_audio', into: 'output', why: noAttribute },
];
const noTimeToLive: readonly Loss[] = [
  { of: 'cache_write_5m', into: 'cache_write', why: 'it does not tell the time to live' },
  { of: 'cache_write_1h', into: 'cache_write', why: 'it does not tell the time to live' },
];
/** OpenInference's `output.value`, when the application lets it record contents, is the whole answer of a call that is not streamed. */
const inTheAnswer = (loss: Loss): Loss => ({
  ...loss,
  why: `${loss.why}; the copy of the whole answer in output.value, which has it, is not read`,
});
const inTheCompletion = 'the copy of the whole answer in gen_ai.completion, which has it, is not read';
const noAnsweringModel = (why: string, ...cases: readonly string[]): Loss => ({ of: 'responseModel', why, cases });
const ofStreams = 'openai-stream-with-usage';
const openAiCut = ['openai-stream-cut-off'];
const anthropicCut = ['anthropic-stream-cut-off'];
const cut = [...openAiCut, ...anthropicCut];
const openAiStreams = ['openai-stream-with-usage', 'openai-cache-read-stream'];
const neverEnds = 'the span of a stream that breaks off never ends';
const onlyAtTheEnd = 'the vendor tells the output at the end, which did not come';
const nothingOfTheCut: readonly Loss[] = [
  { of: 'usage', why: 'it tells usage of complete streams only', cases: cut },
  { of: 'responseModel', why: 'it tells the answering model of complete streams only', cases: cut },
];
const endOfTheCut: Loss = { of: 'output', why: onlyAtTheEnd, cases: anthropicCut };
const startOfTheCut: Loss = { of: 'output', tells: 1, why: `${onlyAtTheEnd}; it tells the 1 of the first event`, cases: anthropicCut };

const askedIsAnswering = noAnsweringModel('it tells the model that was asked for as the one that answered', ofStreams);
const whichOfGoogle: Loss = {
  of: 'provider',
  why: "it tells that Google's client was used, not of which service",
  cases: everyOf('gemini'),
};
const noMaker: Loss = { of: 'maker', why: "it cuts the model's name at its first dot", cases: everyOf('bedrock') };

const single: readonly Instrumentation[] = [
  {
    language: 'js',
    package: '@opentelemetry/instrumentation-openai',
    vendors: ['openai'],
    argument: '@opentelemetry/instrumentation-openai',
    losses: [noCacheRead, noCacheWrite, noReasoning, ...noAudio, { of: 'span', why: neverEnds, cases: openAiCut }],
  },
  {
    language: 'js',
    package: '@traceloop/instrumentation-openai',
    vendors: ['openai'],
    argument: '@traceloop/instrumentation-openai',
    losses: [
      noCacheRead,
      noCacheWrite,
      noReasoning,
      ...noAudio,
      { of: 'usage', why: 'it does not read the usage of streams', cases: [...openAiStreams, 'openai-responses-cache-read-stream'] },
      { of: 'responseModel', why: 'it does not read the stream', cases: ['openai-responses-cache-read-stream'] },
      { of: 'span', why: 'it does not observe embeddings', cases: ['openai-embeddings'] },
      { of: 'span', why: 'the span of a failed call never ends', cases: ['openai-error', ...openAiCut] },
    ],
  },
  {
    language: 'js',
    package: '@traceloop/instrumentation-anthropic',
    vendors: ['anthropic'],
    argument: '@traceloop/instrumentation-anthropic',
    losses: [...noTimeToLive, noReasoning, ...nothingOfTheCut],
  },
  {
    language: 'js',
    package: '@arizeai/openinference-instrumentation-openai',
    vendors: ['openai'],
    argument: '@arizeai/openinference-instrumentation-openai',
    losses: [
      inTheAnswer(noCacheWrite),
      { of: 'usage', why: 'it does not read the usage of streams of chat completions', cases: openAiStreams },
      {
        of: 'responseModel',
        why: 'it does not read it of streams of chat completions',
        cases: [...openAiStreams, 'openai-stream-without-usage'],
      },
      { of: 'usage', why: 'it does not tell the usage of embeddings', cases: ['openai-embeddings'] },
      { of: 'span', why: 'the span of a failed call never ends', cases: ['openai-error', ...openAiCut] },
    ],
  },
  {
    language: 'js',
    package: '@arizeai/openinference-instrumentation-anthropic',
    vendors: ['anthropic'],
    argument: '@arizeai/openinference-instrumentation-anthropic',
    losses: [...[...noTimeToLive, noReasoning].map(inTheAnswer), { of: 'span', why: neverEnds, cases: anthropicCut }],
  },
  {
    language: 'js',
    package: 'ai',
    variant: 'experimental_telemetry',
    vendors: ['openai', 'anthropic'],
    argument: 'ai@6',
    losses: [...noAudio, { of: 'span', why: neverEnds, cases: cut }],
  },
  {
    language: 'js',
    package: '@ai-sdk/otel',
    vendors: ['openai', 'anthropic'],
    argument: 'ai@7',
    losses: [...noTimeToLive, noReasoning, ...noAudio, ...nothingOfTheCut],
  },
  {
    language: 'js',
    package: '@ai-sdk/otel',
    variant: 'legacy',
    vendors: ['openai', 'anthropic'],
    argument: 'ai@7-legacy',
    losses: [...noAudio, ...nothingOfTheCut],
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-openai-v2',
    vendors: ['openai'],
    argument: 'opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor',
    losses: v2Losses(),
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-openai-v2',
    variant: 'latest',
    env: latest,
    vendors: ['openai'],
    argument: 'opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor',
    losses: v2Losses(),
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-genai-openai',
    recipe: 'genaiPythonLatest',
    vendors: ['openai'],
    argument: 'opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor',
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-genai-anthropic',
    recipe: 'genaiPythonLatest',
    vendors: ['anthropic'],
    argument: 'opentelemetry.instrumentation.genai.anthropic:AnthropicInstrumentor',
    losses: [...noTimeToLive, startOfTheCut],
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-openai',
    vendors: ['openai'],
    argument: 'opentelemetry.instrumentation.openai:OpenAIInstrumentor',
    losses: [noCacheWrite, ...noAudio, { of: 'error', why: 'it gives the span of a stream that breaks off no status', cases: openAiCut }],
  },
  {
    language: 'python',
    package: 'opentelemetry-instrumentation-anthropic',
    vendors: ['anthropic'],
    argument: 'opentelemetry.instrumentation.anthropic:AnthropicInstrumentor',
    losses: [
      ...noTimeToLive,
      noReasoning,
      ...(
        [
          ['stream', 8],
          ['reasoning-stream', 234],
          ['cache-write-stream', 54],
        ] as const
      ).map(([name, tells]): Loss => ({
        of: 'output',
        tells,
        why: 'it adds the 1 of the first event to the sum that the last event tells',
        cases: [`anthropic-${name}`],
      })),
      { of: 'span', why: neverEnds, cases: anthropicCut },
      {
        of: 'once',
        why: "the client's own span is in a trace of its own, and neither has a response to be known by",
        cases: ['beside-client-anthropic-error'],
      },
    ],
  },
  {
    language: 'python',
    package: 'openinference-instrumentation-openai',
    vendors: ['openai'],
    argument: 'openinference.instrumentation.openai:OpenAIInstrumentor',
  },
  {
    language: 'python',
    package: 'openinference-instrumentation-anthropic',
    vendors: ['anthropic'],
    argument: 'openinference.instrumentation.anthropic:AnthropicInstrumentor',
    losses: [...noTimeToLive.map(inTheAnswer), startOfTheCut],
  },
  ...[
    {
      package: 'opentelemetry-instrumentation-google-genai',
      argument: 'opentelemetry.instrumentation.google_genai:GoogleGenAiSdkInstrumentor',
    },
    {
      package: 'opentelemetry-instrumentation-google-generativeai',
      argument: 'opentelemetry.instrumentation.google_generativeai:GoogleGenerativeAiInstrumentor',
      losses: [whichOfGoogle],
    },
    {
      package: 'openinference-instrumentation-google-genai',
      argument: 'openinference.instrumentation.google_genai:GoogleGenAIInstrumentor',
      losses: [whichOfGoogle],
    },
  ].map((one) => ({ ...one, language: 'python', recipe: 'genaiPythonLatest', vendors: ['gemini'] }) as const),
  ...[
    { package: 'opentelemetry-instrumentation-botocore', argument: 'opentelemetry.instrumentation.botocore:BotocoreInstrumentor' },
    {
      package: 'opentelemetry-instrumentation-bedrock',
      argument: 'opentelemetry.instrumentation.bedrock:BedrockInstrumentor',
      losses: [noMaker],
    },
    { package: 'openinference-instrumentation-bedrock', argument: 'openinference.instrumentation.bedrock:BedrockInstrumentor' },
  ].map((one) => ({ ...one, language: 'python', recipe: 'genaiPythonLatest', vendors: ['bedrock'] }) as const),
  // Agents: the spans around the calls repeat their usage.
  ...[
    {
      package: 'openinference-instrumentation-langchain',
      argument: 'openinference.instrumentation.langchain:LangChainInstrumentor',
      losses: [inTheAnswer(noAnsweringModel('it does not read it of streams', ofStreams))],
    },
    {
      package: 'opentelemetry-instrumentation-langchain',
      argument: 'opentelemetry.instrumentation.langchain:LangchainInstrumentor',
      losses: [noReasoning, askedIsAnswering],
    },
    {
      package: 'langsmith',
      argument: 'none',
      env: langsmith,
      losses: [
        noAnsweringModel(
          `it has no attribute for it; ${inTheCompletion}`,
          'openai-plain',
          ofStreams,
          'openai-cache-read',
          'openai-reasoning',
          'openai-agent',
        ),
      ],
    },
    {
      package: 'langfuse',
      argument: 'none',
      env: { TOLD_BY: 'langfuse' },
      losses: [noAnsweringModel('it does not read it of streams', ofStreams)],
    },
  ].map((one) => ({
    ...one,
    language: 'python' as const,
    recipe: 'genaiPythonLatest' as const,
    caller: 'langchain' as const,
    vendors: ['openai'] as const,
    cases: ['plain', 'stream-with-usage', 'cache-read', 'reasoning', 'error', 'agent'],
  })),
  {
    language: 'python',
    package: 'langsmith',
    variant: 'wrapper',
    recipe: 'genaiPythonLatest',
    env: { ...langsmith, TOLD_BY: 'langsmith' },
    vendors: ['openai'],
    argument: 'none',
    losses: [
      noCacheWrite,
      noAnsweringModel(`it tells it of answers with usage only; ${inTheCompletion}`, ...openAiCut, 'openai-stream-without-usage'),
      { of: 'span', why: 'it does not observe embeddings', cases: ['openai-embeddings'] },
    ],
  },
  {
    language: 'python',
    package: 'litellm',
    recipe: 'genaiPythonLitellm',
    caller: 'litellm',
    vendors: ['openai'],
    argument: 'none',
    cases: ['plain', 'stream-with-usage', 'cache-read', 'reasoning', 'embeddings', 'error', 'cache-hit'],
    losses: [askedIsAnswering],
  },
];

/** Every instrumentation that spans are recorded of. */
export const instrumentations: readonly Instrumentation[] = [
  ...single.map((one) => (isOfAnthropicClient(one) ? { ...one, env: { ...one.env, ...clientIsSilent } } : one)),
  // What most applications have: the client's own spans beside those of the instrumentation.
  ...single.filter(isOfAnthropicClient).map((one) => ({
    ...one,
    variant: 'beside-client',
    cases: ['plain', 'cache-write-stream', 'tool', 'error'],
    // The span that ends first counts: in Python it is the client's, which tells everything.
    losses: besideClient(one),
  })),
  { language: 'js', package: '@anthropic-ai/sdk', vendors: ['anthropic'], argument: 'none', losses: [endOfTheCut] },
  { language: 'python', package: 'anthropic', vendors: ['anthropic'], argument: 'none', losses: [endOfTheCut] },
];

function besideClient({ language, losses = [] }: Instrumentation): Loss[] {
  if (language === 'python') return losses.filter(({ of }) => of === 'once');
  return losses.map((loss) => ({
    ...loss,
    why: `the client's own span, which tells it, comes after that of the instrumentation: ${loss.why}`,
  }));
}

/** What `opentelemetry-instrumentation-openai-v2` does not tell, whatever conventions it is told to follow. */
function v2Losses(): Loss[] {
  const responses = ['openai-responses-reasoning', 'openai-responses-cache-read-stream'];
  return [noCacheRead, noCacheWrite, noReasoning, ...noAudio, { of: 'span', why: 'it does not observe responses', cases: responses }];
}

function isOfAnthropicClient({ package: name, vendors }: Instrumentation): boolean {
  return vendors.length === 1 && vendors[0] === 'anthropic' && name.includes('instrumentation');
}

/** Every case of a vendor. */
function everyOf(vendor: string): string[] {
  const all = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')) as {
    readonly name: string;
    readonly vendor: string;
  }[];
  return all.filter((one) => one.vendor === vendor).map(({ name }) => `${vendor}-${name}`);
}

/** What `of` does not tell of a case, whose bill has these buckets. */
export function lossesOf(of: Instrumentation, vendor: string, name: string, buckets: ReadonlySet<string>): Omit<Loss, 'cases'>[] {
  const known = [`${vendor}-${name}`, `${of.variant}-${vendor}-${name}`];
  const all = (of.losses ?? [])
    .filter(({ of: what, cases }) => (cases === undefined ? buckets.has(what) : cases.some((one) => known.includes(one))))
    .map(({ cases: _cases, ...loss }) => loss);
  const isWhole = all.some(({ of: what }) => what === 'span' || what === 'usage');
  return isWhole ? all.filter(({ of: what }) => !buckets.has(what)) : all;
}

/** The pinned version. */
export function versionOf(of: Instrumentation): string {
  if (of.language === 'python') {
    const text = readFileSync(join(import.meta.dirname, '..', peers[of.recipe ?? 'genaiPython'].files, 'requirements.txt'), 'utf8');
    return text
      .split('\n')
      .find((line) => line.startsWith(`${of.package}==`))!
      .split('==')[1]!;
  }
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', peers.genaiJs.files, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return manifest.dependencies[of.package]!;
}

/** The command that makes the calls of a vendor's cases (all of them, or those named) and prints their spans; installs the packages first. */
export function commandOf(of: Instrumentation, url: string, vendor: string, cases: readonly string[] = []): [string, ...string[]] {
  return of.language === 'python'
    ? [
        install(peers[of.recipe ?? 'genaiPython']),
        '-B',
        join(import.meta.dirname, 'calls.py'),
        url,
        of.argument,
        of.caller ?? vendor,
        vendor,
        ...cases,
      ]
    : [process.execPath, join(import.meta.dirname, 'calls.js'), dirname(install(peers.genaiJs)), url, of.argument, vendor, ...cases];
}
