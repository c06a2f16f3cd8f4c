import { protoFields } from './proto-fields.ts';

/** The `partial_success` of an Export*ServiceResponse. */
export interface PartialSuccess {
  /** Spans, data points, log records or profiles that the destination did not keep. */
  readonly rejectedItems: number;
  readonly message: string;
}

const rejectedNames: readonly string[] = [
  'rejectedSpans',
  'rejectedDataPoints',
  'rejectedLogRecords',
  'rejectedProfiles',
  'rejected_spans',
  'rejected_data_points',
  'rejected_log_records',
  'rejected_profiles',
];

/** Reads an Export*ServiceResponse from protobuf; `undefined` when everything was kept and nothing is said. Throws when it is not protobuf. */
export function readExportResponse(bytes: Buffer): PartialSuccess | undefined {
  let rejectedItems = 0;
  let message = '';
  for (const { number, value } of protoFields(bytes)) {
    if (number !== 1 || !(value instanceof Buffer)) continue;
    for (const field of protoFields(value)) {
      if (field.number === 1 && typeof field.value === 'number') rejectedItems = field.value;
      else if (field.number === 2 && field.value instanceof Buffer) message = field.value.toString();
    }
  }
  return rejectedItems === 0 && message === '' ? undefined : { rejectedItems, message };
}

/** Reads an Export*ServiceResponse from JSON; `undefined` when everything was kept and nothing is said. Throws when it is not one. */
export function readExportResponseJson(text: string): PartialSuccess | undefined {
  const response: unknown = JSON.parse(text);
  if (!isObject(response)) throw new Error('not an object');
  const partial = response['partialSuccess'] ?? response['partial_success'] ?? {};
  if (!isObject(partial)) throw new Error('partialSuccess is not an object');
  let rejectedItems = 0;
  for (const name of rejectedNames) {
    const value = partial[name];
    if (value === undefined || value === null) continue;
    rejectedItems = Number(value);
    if (!Number.isFinite(rejectedItems)) throw new Error(`${name} is not a number`);
  }
  const message = partial['errorMessage'] ?? partial['error_message'] ?? '';
  if (typeof message !== 'string') throw new Error('errorMessage is not a string');
  return rejectedItems === 0 && message === '' ? undefined : { rejectedItems, message };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
