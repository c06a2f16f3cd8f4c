import { valueText } from '@millrace/wire';
import type { LogView, ValueView } from '@millrace/wire';
import { OttlError } from '../ottl-error.ts';
import { fromView } from '../values/from-view.ts';
import { indexView, withIndexed } from '../values/index-key.ts';
import type { IndexKey } from '../values/index-key.ts';
import { toPlain } from '../values/to-plain.ts';
import { idEntries, numberEntry, textEntry, timeEntries } from './access.ts';
import type { Access, PathOwner } from './access.ts';
import { attributesEntry } from './map-entry.ts';

const uint32 = (value: bigint): bigint => BigInt.asUintN(32, value);

const time = timeEntries(
  ({ log }) => log.timeUnixNano,
  ({ log }, nanos) => log.fields.setFixed64(1, nanos),
);
const observedTime = timeEntries(
  ({ log }) => log.observedTimeUnixNano,
  ({ log }, nanos) => log.fields.setFixed64(11, nanos),
);
const traceId = idEntries(
  'trace',
  ({ log }) => log.traceIdHex,
  ({ log }, bytes) => setId(log, 9, bytes),
);
const spanId = idEntries(
  'span',
  ({ log }) => log.spanIdHex,
  ({ log }, bytes) => setId(log, 10, bytes),
);

function setId({ fields }: LogView, field: number, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) fields.remove(field, 2);
  else fields.setBytes(field, bytes);
}

const bodyTypes = { empty: 'Empty', string: 'Str', bool: 'Bool', int: 'Int', double: 'Double', bytes: 'Bytes' };

function bodyAccess(keys: readonly IndexKey[]): Access {
  if (keys.length === 0) {
    return {
      get: ({ log }) => fromView(log.body),
      set({ log }, value) {
        if (value !== undefined) log.setBody(toPlain(value));
      },
    };
  }
  const indexable = ({ body }: LogView): ValueView => {
    const { type } = body;
    if (type === 'kvlist' || type === 'array') return body;
    throw new OttlError(`log bodies of type ${bodyTypes[type]} cannot be indexed`);
  };
  return {
    get: (context) => indexView(indexable(context.log), keys, 0, context),
    set(context, value) {
      const { log } = context;
      log.setBody(toPlain(withIndexed(fromView(indexable(log)), keys, 0, context, value)));
    },
  };
}

/** `log.body` and its like. */
export const logPaths: PathOwner = {
  name: 'log',
  paths: {
    time_unix_nano: time.int,
    time: time.time,
    observed_time_unix_nano: observedTime.int,
    observed_time: observedTime.time,
    severity_number: numberEntry(
      ({ log }) => log.severityNumber,
      ({ log }, value) => log.setSeverity(Number(BigInt.asIntN(32, value))),
    ),
    severity_text: textEntry(
      ({ log }) => log.severityText,
      ({ log }, value) => log.setSeverityText(value),
    ),
    body: { indexable: true, access: bodyAccess },
    'body.string': textEntry(
      ({ log }) => valueText(log.body),
      ({ log }, value) => log.setBody(value),
    ),
    attributes: attributesEntry(({ log }) => log.attributes),
    dropped_attributes_count: numberEntry(
      ({ log }) => log.droppedAttributesCount,
      ({ log }, value) => log.fields.setVarint(7, uint32(value)),
    ),
    flags: numberEntry(
      ({ log }) => log.flags,
      ({ log }, value) => log.fields.setFixed32(8, Number(uint32(value))),
    ),
    trace_id: traceId.id,
    'trace_id.string': traceId.text,
    span_id: spanId.id,
    'span_id.string': spanId.text,
    event_name: textEntry(
      ({ log }) => log.eventName,
      ({ log }, value) => log.fields.setBytes(12, value),
    ),
  },
};
