import { valueText } from '@millrace/trace-format';
import {
  type AttributesEdit,
  type Batch,
  BatchBuilder,
  type BufferPool,
  key,
  type LogView,
  type Plain,
  type ResourceEdit,
  type Verdict,
  type Visitor,
  walk,
} from '@millrace/wire';
import type { DefaultLabels } from './config.ts';
import { attributeValue, hintedNames } from './hinted-names.ts';
import { formatLine } from './line-format.ts';

/** The records of a batch for one tenant; '' when no hint names one. */
export interface TenantLogs {
  readonly tenant: string;
  readonly batch: Batch;
}

const hints = {
  attributes: key('loki.attribute.labels'),
  resources: key('loki.resource.labels'),
  tenant: key('loki.tenant'),
  format: key('loki.format'),
} as const;
const hintPrefix = Buffer.from('loki.');

const names = {
  exporter: key('exporter'),
  job: key('job'),
  instance: key('instance'),
  level: key('level'),
  serviceName: key('service.name'),
  serviceNamespace: key('service.namespace'),
  serviceInstanceId: key('service.instance.id'),
} as const;
const exporterLabel = key('OTLP');

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** The level of a severity number from 1 to 24: its name, and from its second step on a number. */
function levelOf(severity: number): string {
  const step = (severity - 1) % 4;
  return `${levels[(severity - 1) >> 2]}${step === 0 ? '' : step + 1}`;
}

/** Whether sending the batch as it is would be the same. */
export function needsNothing(batch: Batch, labels: DefaultLabels): boolean {
  return !labels.exporter && !labels.job && !labels.instance && !labels.level && !batch.bytes.includes(hintPrefix);
}

/**
 * What a batch is after the hints are obeyed and the labels added: a batch for each tenant, to be released. `tenantOf` is given the index of
 * the tenant of every record, in the order of the batch.
 */
export function prepareLogs(batch: Batch, labels: DefaultLabels, pool: BufferPool, tenantOf: Uint32Array): TenantLogs[] {
  const visitor = new LogPreparer(labels, pool, tenantOf);
  try {
    const problems: unknown[] = [];
    walk([visitor], (_visitor, problem) => problems.push(problem)).run(batch);
    if (problems.length > 0) throw problems[0];
    return visitor.finish(batch);
  } catch (error) {
    visitor.abandon();
    throw error;
  }
}

class LogPreparer implements Visitor {
  readonly traits = { editsUpward: true } as const;
  readonly #labels: DefaultLabels;
  readonly #pool: BufferPool;
  readonly #tenantOf: Uint32Array;
  readonly #tenants = new Map<string, { readonly index: number; readonly builder: BatchBuilder }>();
  #record = 0;
  /** What the resource says. */
  #resourceLabels: readonly string[] = [];
  #tenant: string | undefined;
  #format: string | undefined;
  #resources: { readonly [key: string]: Plain } = {};

  constructor(labels: DefaultLabels, pool: BufferPool, tenantOf: Uint32Array) {
    this.#labels = labels;
    this.#pool = pool;
    this.#tenantOf = tenantOf;
  }

  onResource({ attributes }: ResourceEdit): void {
    this.#resourceLabels = hintedNames(takePlain(attributes, hints.resources));
    this.#format = takeText(attributes, hints.format);
    const tenant = hintedNames(takePlain(attributes, hints.tenant));
    this.#resources = attributes.toPlain();
    this.#tenant = tenant.length === 0 ? undefined : valueText(attributeValue(this.#resources, tenant[0]!));
    this.#addLabels(attributes);
  }

  #addLabels(attributes: AttributesEdit): void {
    const { exporter, job, instance } = this.#labels;
    const service = attributes.string(names.serviceName);
    const namespace = attributes.string(names.serviceNamespace);
    const id = attributes.string(names.serviceInstanceId);
    if (exporter && !attributes.has(names.exporter)) attributes.setString(names.exporter, exporterLabel);
    if (job && service !== undefined && !attributes.has(names.job)) {
      attributes.setString(names.job, namespace === undefined ? service : `${namespace}/${service}`);
    }
    if (instance && id !== undefined && !attributes.has(names.instance)) attributes.setString(names.instance, id);
  }

  onLog(log: LogView): Verdict {
    const { attributes } = log;
    const promoted = hintedNames(takePlain(attributes, hints.attributes));
    const resourceLabels = [...this.#resourceLabels, ...hintedNames(takePlain(attributes, hints.resources))];
    const format = takeText(attributes, hints.format) ?? this.#format;
    const ownTenant = this.#ownTenant(attributes);
    const tenant = this.#tenant ?? ownTenant;
    const moved = this.#promote(log, promoted);
    if (format !== undefined) this.#writeLine(log, format, resourceLabels);
    const { severityNumber } = log;
    if (this.#labels.level && severityNumber >= 1 && severityNumber <= 24 && !attributes.has(names.level)) {
      attributes.setString(names.level, levelOf(severityNumber));
    }
    this.#add(log, tenant);
    for (const restore of moved) restore();
    return 'drop';
  }

  #ownTenant(attributes: AttributesEdit): string {
    const tenant = hintedNames(takePlain(attributes, hints.tenant));
    return tenant.length === 0 ? '' : valueText(attributeValue(attributes.toPlain(), tenant[0]!));
  }

  /** Moves attributes to the resource, from which alone Loki takes labels. Returns what puts the resource back for the next record. */
  #promote(log: LogView, promoted: readonly string[]): (() => void)[] {
    if (promoted.length === 0) return [];
    const resource = log.resource.attributes as AttributesEdit;
    const plain = log.attributes.toPlain();
    const restores: (() => void)[] = [];
    for (const name of promoted) {
      const value = attributeValue(plain, name);
      if (value === undefined) continue;
      const label = key(name);
      const before = resource.value(label)?.toPlain();
      log.attributes.delete(label);
      resource.setString(label, valueText(value));
      restores.push(() => void (before === undefined ? resource.delete(label) : resource.setPlain(label, before)));
    }
    return restores.toReversed();
  }

  #writeLine(log: LogView, format: string, resourceLabels: readonly string[]): void {
    const resources = Object.fromEntries(Object.entries(this.#resources).filter(([name]) => !resourceLabels.includes(name)));
    const line = formatLine(format, log, log.attributes.toPlain(), resources);
    if (line !== undefined) log.setBody(line);
  }

  #add(log: LogView, tenant: string): void {
    let entry = this.#tenants.get(tenant);
    if (entry === undefined) {
      entry = { index: this.#tenants.size, builder: new BatchBuilder('logs', this.#pool) };
      this.#tenants.set(tenant, entry);
    }
    entry.builder.copy(log);
    this.#tenantOf[this.#record++] = entry.index;
  }

  finish(batch: Batch): TenantLogs[] {
    return [...this.#tenants].map(([tenant, { builder }]) => ({ tenant, batch: builder.finish(batch.client)! }));
  }

  abandon(): void {
    for (const { builder } of this.#tenants.values()) builder[Symbol.dispose]();
  }
}

function takePlain(attributes: AttributesEdit, name: (typeof hints)[keyof typeof hints]): Plain {
  const value = attributes.value(name)?.toPlain();
  if (value !== undefined) attributes.delete(name);
  return value;
}

function takeText(attributes: AttributesEdit, name: (typeof hints)[keyof typeof hints]): string | undefined {
  const value = takePlain(attributes, name);
  return value === undefined ? undefined : valueText(value);
}
