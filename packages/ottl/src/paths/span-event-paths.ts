import { numberEntry, textEntry, timeEntries } from './access.ts';
import type { PathOwner } from './access.ts';
import { attributesEntry } from './map-entry.ts';

const time = timeEntries(
  ({ event }) => event.timeUnixNano,
  ({ event }, nanos) => event.fields.setFixed64(1, nanos),
);

/** `spanevent.name` and its like. */
export const spanEventPaths: PathOwner = {
  name: 'spanevent',
  paths: {
    time_unix_nano: time.int,
    time: time.time,
    name: textEntry(
      ({ event }) => event.name,
      ({ event }, value) => event.setName(value),
    ),
    attributes: attributesEntry(({ event }) => event.attributes),
    dropped_attributes_count: numberEntry(
      ({ event }) => event.droppedAttributesCount,
      ({ event }, value) => event.fields.setVarint(4, BigInt.asUintN(32, value)),
    ),
  },
};
