import type { Workload } from './load/workload.ts';
import type { Row } from './rows.ts';

/** PII in 1 % of the spans. */
const spans: Workload = { signal: 'traces', protocol: 'http', itemsPerRequest: 100, pii: 0.01 };

const email = String.raw`'[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}'`;
const card = String.raw`'\b(?:\d[ -]?){13,16}\b'`;
const ssn = String.raw`'\b\d{3}-\d{2}-\d{4}\b'`;
const apiKey = String.raw`'\bsk-[A-Za-z0-9]{20,}\b'`;
/** Nothing in these must occur literally in what they match. */
const phone = String.raw`'\b\d{3}[ .]?\d{3}[ .]?\d{4}\b'`;
const hash = String.raw`'\b[0-9a-f]{40,64}\b'`;
const iban = String.raw`'\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b'`;

const blocking = (...patterns: string[]): string => `{ allow_all_keys: true, blocked_values: [${patterns.join(', ')}], summary: silent }`;
const fourPatterns = { redaction: blocking(email, card, ssn, apiKey) };
const detectors = { redaction: '{ detectors: [all], summary: silent }' };
const insert = { attributes: '{ actions: [{ key: deployment.region, value: eu-west-1, action: insert }] }' };
const twoConditions = {
  filter: `{ error_mode: ignore, traces: { span: ['attributes["http.route"] == "/healthz"', 'IsMatch(name, "^SELECT carts")'] } }`,
};
const fiveStatements = {
  transform: `
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - set(attributes["env"], "prod")
          - set(status.code, 2) where attributes["http.response.status_code"] == 500
          - delete_key(attributes, "user_agent.original")
          - replace_pattern(attributes["url.path"], "/[0-9]+", "/{id}")
          - set(name, Concat([attributes["http.request.method"], attributes["http.route"]], " ")) where attributes["http.route"] != nil`,
};
/** Keeps about two fifths of the traces: those with an error, those that took longest, a tenth of the rest. */
const threePolicies = {
  tail_sampling: `
    decision_wait: 2s
    num_traces: 2000000
    policies:
      - { name: errors, type: status_code, status_code: { status_codes: [ERROR] } }
      - { name: slow, type: latency, latency: { threshold_ms: 900000 } }
      - { name: some, type: probabilistic, probabilistic: { sampling_percentage: 10 } }`,
};
const twoDimensions = '{ dimensions: [{ name: http.route }, { name: gen_ai.request.model }], metrics_flush_interval: 15s }';
const fourSpansATrace: Workload = { ...spans, spansPerTrace: 4 };
const manyAttributes: Workload = { ...spans, extraAttributes: 200 };
const longTexts: Workload = { ...spans, itemsPerRequest: 1, longTextBytes: 2 ** 20 };

/** Traces over HTTP through processors and connectors, PII in 1 % of the spans unless the title says otherwise. */
export const processingRows: readonly Row[] = [
  { name: 'attributes', title: '`attributes`, one insert', workload: spans, processors: insert },
  { name: 'redaction', title: '`redaction`, four patterns', workload: spans, processors: fourPatterns },
  {
    name: 'redaction-no-literals',
    title: '`redaction`, four patterns without a literal',
    workload: spans,
    processors: { redaction: blocking(card, phone, hash, iban) },
  },
  {
    name: 'redaction-detectors',
    title: '`redaction`, all detectors against four patterns',
    workload: spans,
    processors: fourPatterns,
    millraceProcessors: detectors,
  },
  {
    name: 'redaction-spanmetrics',
    title: '`redaction` and `spanmetrics`',
    workload: spans,
    processors: fourPatterns,
    spanMetrics: twoDimensions,
  },
  {
    name: 'genai',
    title: '`genai` and `genaimetrics` against `spanmetrics`, a third of the spans of generative AI',
    workload: spans,
    millraceProcessors: { genai: '{}' },
    spanMetrics: twoDimensions,
    millraceConnector: 'genaimetrics',
  },
  { name: 'filter', title: '`filter`, two conditions', workload: spans, processors: twoConditions, drops: true },
  { name: 'transform', title: '`transform`, five statements', workload: spans, processors: fiveStatements },
  {
    name: 'tail-sampling',
    title: '`tail_sampling`, three policies',
    workload: fourSpansATrace,
    processors: threePolicies,
    drops: true,
  },
  {
    name: 'tail-sampling-memory',
    title: '`tail_sampling`, 40,000 spans a second',
    workload: { ...fourSpansATrace, itemsPerSecond: 40_000 },
    processors: threePolicies,
    drops: true,
  },
  { name: 'redaction-all-match', title: '`redaction`, PII in every span', workload: { ...spans, pii: 1 }, processors: fourPatterns },
  {
    name: 'detectors-all-match',
    title: '`redaction`, all detectors against four patterns, PII in every span',
    workload: { ...spans, pii: 1 },
    processors: fourPatterns,
    millraceProcessors: detectors,
  },
  {
    name: 'redaction-200-attributes',
    title: '`redaction`, 200 more attributes a span',
    workload: manyAttributes,
    processors: fourPatterns,
  },
  {
    name: 'detectors-200-attributes',
    title: '`redaction`, all detectors against four patterns, 200 more attributes a span',
    workload: manyAttributes,
    processors: fourPatterns,
    millraceProcessors: detectors,
  },
  {
    name: 'transform-200-attributes',
    title: '`transform`, 200 more attributes a span',
    workload: manyAttributes,
    processors: fiveStatements,
  },
  {
    name: 'redaction-1mb',
    title: '`redaction`, one span with a text of 1 MB a request',
    workload: longTexts,
    batchSize: 8,
    processors: fourPatterns,
  },
  {
    name: 'detectors-1mb',
    title: '`redaction`, all detectors against four patterns, one span with a text of 1 MB a request',
    workload: longTexts,
    batchSize: 8,
    processors: fourPatterns,
    millraceProcessors: detectors,
  },
];
