import { defineProcessor, key } from '@millrace/api';
import type { AttributesView, Clock, ResourceView } from '@millrace/api';

/** More tenants than this in one minute share one budget, so that memory is bounded. */
const maxTenants = 10_000;
const minuteMs = 60_000;

/**
 * Lets so many items of each tenant pass in a minute and drops the rest; they are counted as `filtered`. Items without a tenant always pass. One
 * instance counts for all threads of the process.
 */
export default defineProcessor({
  type: 'tenant_budget',
  configSchema: {
    type: 'object',
    required: ['per_minute'],
    properties: {
      tenant: {
        type: 'string',
        minLength: 1,
        default: 'tenant.id',
        description: 'Key of the attribute, of the item or its resource, that names the tenant.',
      },
      per_minute: { type: 'integer', minimum: 0, description: 'Items of one tenant that pass in a minute.' },
      overrides: {
        type: 'object',
        default: {},
        additionalProperties: { type: 'integer', minimum: 0 },
        description: 'Items in a minute, of tenants that have another budget.',
      },
    },
  },
  scope: 'process',
  setup: (config, { clock }) => new Budget(key(config.tenant), config.per_minute, new Map(Object.entries(config.overrides)), clock),
  spans: (span, budget) => budget.spend(span.attributes, span.resource),
  logs: (log, budget) => budget.spend(log.attributes, log.resource),
  points: (point, budget) => budget.spend(point.attributes, point.resource),
});

class Budget {
  readonly #tenant: ReturnType<typeof key>;
  readonly #perMinute: number;
  readonly #overrides: ReadonlyMap<string, number>;
  readonly #clock: Clock;
  readonly #spent = new Map<string, number>();
  #minute = 0;

  constructor(tenant: ReturnType<typeof key>, perMinute: number, overrides: ReadonlyMap<string, number>, clock: Clock) {
    this.#tenant = tenant;
    this.#perMinute = perMinute;
    this.#overrides = overrides;
    this.#clock = clock;
  }

  /** Counts one item; `drop` when the budget is spent. */
  spend(attributes: AttributesView, resource: ResourceView): 'drop' | undefined {
    const found = attributes.string(this.#tenant) ?? resource.attributes.string(this.#tenant);
    if (found === undefined) return undefined;
    const minute = Math.floor(this.#clock.now() / minuteMs);
    if (minute !== this.#minute) this.#spent.clear();
    this.#minute = minute;
    const tenant = this.#spent.has(found) || this.#spent.size < maxTenants ? found : '';
    const spent = this.#spent.get(tenant) ?? 0;
    if (spent >= (this.#overrides.get(found) ?? this.#perMinute)) return 'drop';
    this.#spent.set(tenant, spent + 1);
    return undefined;
  }
}
