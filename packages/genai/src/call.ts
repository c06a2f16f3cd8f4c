import { Usage } from './usage.ts';

/** Who wrote the telemetry of an operation. `semconv`: OpenTelemetry up to 1.36, 1.37 to 1.41, and the repository of its own after that. */
export type Dialect =
  | 'semconv_1.36'
  | 'semconv_1.37'
  | 'semconv_latest'
  | 'openinference'
  | 'traceloop'
  | 'vercel'
  | 'langsmith'
  | 'langfuse'
  | 'body'
  | 'api';

/**
 * What kind of operation it is. Usage and cost are counted of `inference`, `embeddings` and `rerank` (calls of a model); what an `agent` or
 * `workflow` says repeats them. `cache` is a look into the application's own cache by itself. `none`: nothing to do with generative AI.
 */
export type Level =
  | 'none'
  | 'inference'
  | 'embeddings'
  | 'rerank'
  | 'agent'
  | 'workflow'
  | 'tool'
  | 'retrieval'
  | 'evaluation'
  | 'memory'
  | 'cache';

/** How a gateway's or application's own response cache answered. Not the prompt cache of a vendor, which is in the usage. */
export type CacheResult = '' | 'hit' | 'miss';

/**
 * One operation of an application with generative AI, whatever library or vendor described it. Reused by its reader: valid until the next
 * `read`. Texts are '' and numbers NaN when the telemetry does not say.
 */
export class Call {
  dialect: Dialect = 'semconv_latest';
  level: Level = 'none';
  /** `gen_ai.operation.name` in the newest words: chat, text_completion, generate_content, embeddings, invoke_agent, execute_tool, ... */
  operation = '';
  /** `gen_ai.provider.name`, a well-known value where there is one: openai, anthropic, aws.bedrock, gcp.gemini, ... */
  provider = '';
  requestModel = '';
  /** What answered, which is what is billed. */
  responseModel = '';
  /** The vendor's own id of the answer: the same in two spans when two instrumentations, such as a vendor's client itself, tell of one call. */
  responseId = '';
  readonly usage: Usage;
  /** Whether the answer was streamed. */
  streamed = false;
  /** Whether the same call is told elsewhere: by the span that a log record belongs to, or by a span of another instrumentation that was read before. */
  repeated = false;
  /** Whether a model call that ended well said nothing of its usage. */
  usageMissing = false;
  /** `error.type`; '' when it went well. */
  errorType = '';
  /** Seconds from the request to the first chunk of a streamed answer. */
  timeToFirstChunk = Number.NaN;
  /** Characters of the input and of the output, when contents are there and the usage is missing: what an estimate rests on. */
  inputCharacters = 0;
  outputCharacters = 0;
  /** What the vendor calls it: standard, priority, flex, batch, ... */
  serviceTier = '';
  /** Whether it was part of a batch job, which has prices of its own. */
  batch = false;
  cacheResult: CacheResult = '';
  /** The tier of the application's cache that answered or was asked, such as `1` or `semantic`. */
  cacheTier = '';
  /** What the provider or caller says it cost, exact as written; '' when nobody said. */
  reportedCost = '';
  /** ISO 4217; of `reportedCost`. */
  reportedCurrency = '';
  /** The person or account that the application names (`user.id`, `enduser.id`, `langfuse.user.id`, ...). */
  user = '';
  /** `team`, `key` and `task`: `millrace.team`, `millrace.api_key.id`, `millrace.task_type`, and what gateways call them. */
  team = '';
  apiKeyId = '';
  task = '';
  conversation = '';
  /** Between 0 and 1 or whatever the evaluation says. */
  qualityScore = Number.NaN;
  evaluation = '';
  serverAddress = '';
  serverPort = Number.NaN;

  /** The model that is billed: what answered, else what was asked for. */
  get model(): string {
    return this.responseModel || this.requestModel;
  }

  /** Whether usage and cost of this operation count: it is a call of a model, not a summary of several, and told here for the first time. */
  get billed(): boolean {
    return !this.repeated && (this.level === 'inference' || this.level === 'embeddings' || this.level === 'rerank');
  }

  constructor(usage: Usage = new Usage()) {
    this.usage = usage;
  }

  /** A copy that no reader writes. */
  copy(): Call {
    const { usage, ...rest } = this;
    return Object.assign(new Call(usage.copy()), rest);
  }

  /** As new. */
  clear(): void {
    this.dialect = 'semconv_latest';
    this.level = 'none';
    this.operation = this.provider = this.requestModel = this.responseModel = this.responseId = '';
    this.usage.clear();
    this.streamed = this.repeated = this.usageMissing = this.batch = false;
    this.errorType = this.serviceTier = '';
    this.timeToFirstChunk = this.qualityScore = this.serverPort = Number.NaN;
    this.inputCharacters = this.outputCharacters = 0;
    this.cacheResult = '';
    this.cacheTier = this.reportedCost = this.reportedCurrency = '';
    this.user = this.team = this.apiKeyId = this.task = this.conversation = this.evaluation = this.serverAddress = '';
  }
}
