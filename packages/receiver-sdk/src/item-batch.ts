import type { Batch, BufferPool } from '@millrace/api';
import { BatchBuilder, ByteWriter } from '@millrace/wire';
import type { NewResource, NewScope } from '@millrace/wire';
import { plainAttributes } from './add-metrics.ts';
import type { Resource, Scope } from './write-attributes.ts';
import { writeLog } from './write-log.ts';
import type { EmittedLog } from './write-log.ts';
import { writeSpan } from './write-span.ts';
import type { EndedSpan } from './write-span.ts';

const noScope: Scope = { name: '' };

/** Spans or log records of an application, put together into one batch after the other. */
export class ItemBatch {
  readonly #builder: BatchBuilder;
  readonly #writer: ByteWriter = new ByteWriter();
  /** Headers that are written already; of objects that SDKs make once. */
  readonly #resources = new Map<Resource, { readonly to: NewResource; readonly scopes: Map<Scope, NewScope> }>();

  constructor(signal: 'traces' | 'logs', pool: BufferPool) {
    this.#builder = new BatchBuilder(signal, pool);
  }

  get items(): number {
    return this.#builder.items;
  }

  get sizeBytes(): number {
    return this.#builder.sizeBytes;
  }

  /** Adds a span. Throws, adding nothing, when it has ids that are none. */
  addSpan(span: EndedSpan): void {
    this.#writer.position = 0;
    writeSpan(this.#writer, span);
    this.#scope(span.resource, span.instrumentationScope ?? span.instrumentationLibrary ?? noScope).spanBytes(this.#writer);
  }

  /** Adds a log record. Throws, adding nothing, when it has ids that are none. */
  addLog(log: EmittedLog): void {
    this.#writer.position = 0;
    writeLog(this.#writer, log);
    this.#scope(log.resource, log.instrumentationScope).logBytes(this.#writer);
  }

  /** Everything that was added since the last time; undefined for nothing. */
  finish(): Batch | undefined {
    this.#resources.clear();
    return this.#builder.finish();
  }

  #scope(resource: Resource, scope: Scope): NewScope {
    let known = this.#resources.get(resource);
    if (known === undefined) {
      const to = this.#builder.resource(plainAttributes(resource.attributes), resource.schemaUrl);
      this.#resources.set(resource, (known = { to, scopes: new Map() }));
    }
    let found = known.scopes.get(scope);
    if (found === undefined) {
      found = known.to.scope(scope.name, scope.version, plainAttributes(scope.attributes ?? {}), scope.schemaUrl);
      known.scopes.set(scope, found);
    }
    return found;
  }
}
