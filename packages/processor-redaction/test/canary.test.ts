import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { messages, requestMessage } from '@millrace/wire';
import { fromPlain } from '@millrace/wire/plain';
import { testHost } from '@millrace/api/testing';
import { pass } from './run.ts';

type Plain = { [name: string]: unknown };

/** A request of a signal with an address in every field of the schema that can hold text or ids; where each of them is. */
class Canaries {
  readonly places = new Map<string, string>();
  readonly #depth = new Map<string, number>();

  #next(place: string): string {
    const name = `canary${this.places.size}`;
    this.places.set(name, place);
    return `see ${name}x@leak.example.com there`;
  }

  message(name: string, path: string): Plain {
    const depth = this.#depth.get(name) ?? 0;
    this.#depth.set(name, depth + 1);
    const plain: Plain = {};
    for (const { jsonName, name: field, type, message, repeated } of messages.get(name)!.fields) {
      const place = `${path}.${field}`;
      let value: unknown;
      if (type === 'string') value = this.#next(`${name}.${field}`);
      else if (type === 'bytes') value = Buffer.from(this.#next(`${name}.${field}`));
      else if (type === 'id') value = Buffer.from(field === 'trace_id' ? 'can@leak.example' : 'a@b.info').toString('hex');
      else if (message === 'AnyValue') value = this.#anyValue(place, depth);
      else if (message === 'KeyValue') {
        plain[jsonName] = this.#keyValues(place, depth);
        continue;
      } else if (message !== undefined && depth < 3) value = this.message(message, place);
      if (value !== undefined) plain[jsonName] = repeated ? [value] : value;
    }
    this.#depth.set(name, depth);
    return plain;
  }

  #keyValues(place: string, depth: number): Plain[] {
    return this.#values(place, depth).map((value) => ({ key: this.#next(`${place} key`), value }));
  }

  #anyValue(place: string, depth: number): Plain {
    return { arrayValue: { values: this.#values(place, depth) } };
  }

  /** Every kind of value. */
  #values(place: string, depth: number): Plain[] {
    const text = (what: string): string => this.#next(`${place} ${what}`);
    const json = (): string =>
      JSON.stringify({
        [text('JSON name')]: [{ parts: [{ content: `two\n${text('JSON text')}` }] }],
        inner: JSON.stringify([`"${text('JSON in JSON')}"`]),
      });
    const values: Plain[] = [
      { stringValue: text('string') },
      { bytesValue: Buffer.from(text('bytes')) },
      { stringValue: json() },
      { stringValue: json().replaceAll('@', '\\u0040') },
    ];
    if (depth < 2) {
      values.push({ arrayValue: { values: this.#values(`${place}[]`, depth + 1) } });
      values.push({ kvlistValue: { values: this.#values(`${place}{}`, depth + 1).map((value) => ({ key: text('nested key'), value })) } });
    }
    return values;
  }
}

/** One request for every member of every oneof that holds messages: a metric has one kind of data at a time. */
function requests(signal: 'traces' | 'metrics' | 'logs'): { readonly bytes: Buffer; readonly places: ReadonlyMap<string, string> }[] {
  const kinds = signal === 'metrics' ? messages.get('Metric')!.fields.filter(({ oneof }) => oneof !== undefined) : [undefined];
  return kinds.map((kind) => {
    const canaries = new Canaries();
    const plain = canaries.message(requestMessage[signal], signal);
    if (kind !== undefined) {
      for (const group of plain['resourceMetrics'] as Plain[])
        for (const scope of group['scopeMetrics'] as Plain[])
          for (const metric of scope['metrics'] as Plain[])
            for (const { jsonName, oneof } of messages.get('Metric')!.fields)
              if (oneof !== undefined && jsonName !== kind.jsonName) delete metric[jsonName];
    }
    using batch = fromPlain(signal, plain as never, testHost().pool);
    const bytes = Buffer.from(batch.bytes);
    const text = bytes.toString('latin1');
    // Without those of the kinds of data that were taken out.
    return { bytes, places: new Map([...canaries.places].filter(([name]) => text.includes(`${name}x`))) };
  });
}

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
/** `Message.field` of the list in the README. */
const listed = [...readme.matchAll(/^- `(\w+\.\w+)`/gm)].map(([, field]) => field!);

describe.each(['traces', 'metrics', 'logs'] as const)('an address in every field of %s', (signal) => {
  it.each([{ action: 'mask' }, { action: 'hash', hmac_key: 'k'.repeat(32) }, { action: 'remove' }, { action: 'partial' }])(
    'is gone with $action',
    (settings) => {
      for (const { bytes, places } of requests(signal)) {
        expect(places.size).toBeGreaterThan(50);
        const output = pass({ detectors: ['email'], ...settings }, signal, bytes).bytes.toString('latin1');
        const survivors = Array.from(places, ([name, place]) => (output.includes(`${name}x`) ? place : '')).filter((place) => place !== '');
        expect(survivors).toEqual([]);
      }
    },
  );

  it('is only counted in a dry run', () => {
    for (const { bytes, places } of requests(signal)) {
      const output = pass({ detectors: ['email'], dry_run: true }, signal, bytes).bytes.toString('latin1');
      const missing = Array.from(places, ([name, place]) => (output.includes(`${name}x`) ? '' : place)).filter((place) => place !== '');
      expect(missing).toEqual([]);
      if (signal !== 'metrics') expect(output).toContain('redaction.found');
    }
  });
});

describe('the fields that are left as they are', () => {
  it('are the ids, and the README lists them', () => {
    const ids = [...messages.values()].flatMap(({ name, fields }) =>
      fields.filter(({ type }) => type === 'id').map((field) => `${name}.${field.name}`),
    );
    expect(listed.toSorted()).toEqual(ids.toSorted());
    for (const signal of ['traces', 'metrics', 'logs'] as const)
      for (const { bytes } of requests(signal)) {
        const output = pass({ detectors: ['all'] }, signal, bytes).bytes.toString('latin1');
        expect(output.split('can@leak.example').length).toEqual(bytes.toString('latin1').split('can@leak.example').length);
      }
  });
});
