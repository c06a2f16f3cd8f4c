/** `datadog.trace.StatsPayload`: statistics of spans by time, environment and group. */
export interface StatsPayload {
  readonly agentHostname: string;
  readonly agentEnv: string;
  agentVersion: string;
  clientComputed: boolean;
  splitPayload: boolean;
  readonly stats: ClientStats[];
}

/** `datadog.trace.ClientStatsPayload`: the statistics of one source. */
export interface ClientStats {
  hostname: string;
  env: string;
  version: string;
  lang: string;
  tracerVersion: string;
  runtimeId: string;
  sequence: bigint;
  agentAggregation: string;
  service: string;
  containerId: string;
  tags: string[];
  gitCommitSha: string;
  imageTag: string;
  processTagsHash: bigint;
  processTags: string;
  buckets: StatsBucket[];
}

/** `datadog.trace.ClientStatsBucket`. Times are nanoseconds. */
export interface StatsBucket {
  start: bigint;
  duration: bigint;
  agentTimeShift: bigint;
  groups: GroupedStats[];
}

/** `datadog.trace.ClientGroupedStats`. */
export interface GroupedStats {
  service: string;
  name: string;
  resource: string;
  httpStatusCode: number;
  type: string;
  dbType: string;
  hits: bigint;
  errors: bigint;
  /** Sum of the durations in nanoseconds. */
  duration: bigint;
  /** Encoded sketch of the durations of spans without an error. */
  okSummary: Uint8Array;
  errorSummary: Uint8Array;
  synthetics: boolean;
  topLevelHits: bigint;
  spanKind: string;
  peerTags: string[];
  /** 1 true, 2 false, 0 not known. */
  isTraceRoot: number;
  grpcStatusCode: string;
  httpMethod: string;
  httpEndpoint: string;
}

/** Statistics of a source without its buckets; what is left out is empty. */
export function clientStats(fields: Partial<ClientStats>): ClientStats {
  return {
    hostname: '',
    env: '',
    version: '',
    lang: '',
    tracerVersion: '',
    runtimeId: '',
    sequence: 0n,
    agentAggregation: '',
    service: '',
    containerId: '',
    tags: [],
    gitCommitSha: '',
    imageTag: '',
    processTagsHash: 0n,
    processTags: '',
    buckets: [],
    ...fields,
  };
}

/** One group; what is left out is empty. */
export function groupedStats(fields: Partial<GroupedStats>): GroupedStats {
  return {
    service: '',
    name: '',
    resource: '',
    httpStatusCode: 0,
    type: '',
    dbType: '',
    hits: 0n,
    errors: 0n,
    duration: 0n,
    okSummary: new Uint8Array(),
    errorSummary: new Uint8Array(),
    synthetics: false,
    topLevelHits: 0n,
    spanKind: '',
    peerTags: [],
    isTraceRoot: 0,
    grpcStatusCode: '',
    httpMethod: '',
    httpEndpoint: '',
    ...fields,
  };
}
