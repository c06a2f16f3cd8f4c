import type { EventView, LinkView, ListView } from '@millrace/wire';
import { attributesOf, escapedString, json, textOf } from '../attributes.ts';

/** The events of a span, as the text of its meta entry `events`. */
export function eventsJson(events: ListView<EventView>): string {
  const texts: string[] = [];
  for (let i = 0; i < events.size; i++) {
    const event = events.at(i);
    const members: string[] = [];
    if (event.timeUnixNano !== 0n) members.push(`"time_unix_nano":${event.timeUnixNano}`);
    if (event.name !== '') members.push(`"name":${escapedString(event.name)}`);
    const attributes = [...attributesOf(event.attributes)].map(([key, value]) => `${escapedString(key)}:${json(value, escapedString)}`);
    if (attributes.length > 0) members.push(`"attributes":{${attributes.join(',')}}`);
    if (event.droppedAttributesCount !== 0) members.push(`"dropped_attributes_count":${event.droppedAttributesCount}`);
    texts.push(`{${members.join(',')}}`);
  }
  return `[${texts.join(',')}]`;
}

/** The links of a span, as the text of its meta entry `_dd.span_links`. */
export function linksJson(links: ListView<LinkView>): string {
  const texts: string[] = [];
  for (let i = 0; i < links.size; i++) {
    const link = links.at(i);
    const members = [`"trace_id":"${link.traceIdHex.padStart(32, '0')}"`, `"span_id":"${link.spanIdHex.padStart(16, '0')}"`];
    if (link.traceState !== '') members.push(`"tracestate":${JSON.stringify(link.traceState)}`);
    const attributes = [...attributesOf(link.attributes)].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(textOf(value))}`);
    if (attributes.length > 0) members.push(`"attributes":{${attributes.join(',')}}`);
    if (link.droppedAttributesCount !== 0) members.push(`"dropped_attributes_count":${link.droppedAttributesCount}`);
    texts.push(`{${members.join(',')}}`);
  }
  return `[${texts.join(',')}]`;
}
