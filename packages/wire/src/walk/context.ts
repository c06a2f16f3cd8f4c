import type { Client } from '../client.ts';
import type { Memory } from './memory.ts';
import type { Metric } from './metric.ts';
import type { Resource } from './resource.ts';
import type { Scope } from './scope.ts';

/** A range of addresses. */
export interface Extent {
  start: number;
  end: number;
}

/** What the views of one walk share: the bytes, and whose turn it is. */
export interface Context {
  readonly memory: Memory;
  /** The client of the batch. */
  client: Client;
  /** The visitor whose hook runs. Every visitor sees its own version of resource, scope and metric. */
  visitor: number;
  /** By visitor. */
  readonly resources: Resource[];
  readonly scopes: Scope[];
  readonly metrics: Metric[];
  /** The current ResourceSpans (ResourceMetrics, ResourceLogs), ScopeSpans (...), Metric, and the message of the metric's data. */
  readonly resourceGroup: Extent;
  readonly scopeGroup: Extent;
  readonly metric: Extent;
  readonly data: Extent;
  /** The metric's data: the number of its field in Metric, 0 for none. */
  dataField: number;
}
