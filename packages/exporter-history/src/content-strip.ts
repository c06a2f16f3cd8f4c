import { isContentEvent, isContentKey, isEventContentKey } from '@millrace/redaction';
import { key } from '@millrace/wire';
import type { AttributesEdit, ByteRange, LogView, SpanView, Visitor } from '@millrace/wire';

const eventName = key('event.name');

/** Leaves out what was said to and by models, in attributes, span events and log records. */
export class ContentStrip implements Visitor {
  onSpan(span: SpanView): undefined {
    strip(span.attributes, isContentKey);
    const { events } = span;
    for (let i = 0; i < events.size; i++) {
      const event = events.at(i);
      strip(event.attributes, isContentEvent(event.name) ? isEventContentKey : isContentKey);
    }
    return undefined;
  }

  onLog(log: LogView): undefined {
    const { attributes } = log;
    const isEvent = isContentEvent(log.eventName || attributes.string(eventName) || '');
    strip(attributes, isEvent ? isEventContentKey : isContentKey);
    if (isEvent && log.body.type !== 'empty') log.setBody(undefined);
    return undefined;
  }
}

function strip(attributes: AttributesEdit, isContent: (key: ByteRange) => boolean): void {
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
    if (isContent(attributes.keyRangeAt(slot))) attributes.deleteAt(slot);
  }
}
