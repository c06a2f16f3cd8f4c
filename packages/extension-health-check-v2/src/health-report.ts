import type { ComponentInfo, ServiceInfo, Status, StatusReport } from '@millrace/api';

/** Health as the page shows it; the names are the Collector's. */
export interface HealthReport {
  readonly start_time?: string;
  readonly healthy: boolean;
  readonly status: string;
  readonly error?: string;
  readonly status_time: string;
  readonly components?: Readonly<Record<string, HealthReport>>;
}

/** Which errors count. */
export interface HealthRules {
  readonly permanentErrors: boolean;
  /** How long a temporary error may last before it counts; absent: for ever. */
  readonly recoveryMs?: number;
}

/** What the whole has when its parts differ: the first of these that one of them has. */
const precedence: readonly Status[] = ['FatalError', 'Stopping', 'Stopped', 'Starting', 'PermanentError', 'RecoverableError', 'OK'];
/** The same where temporary errors count and permanent ones do not: they must not hide the ones that do. */
const temporaryFirst: readonly Status[] = ['FatalError', 'Stopping', 'Stopped', 'Starting', 'RecoverableError', 'PermanentError', 'OK'];

/** HTTP status for a component or a whole. */
export function httpStatus({ status, atMs }: StatusReport, rules: HealthRules, nowMs: number): 200 | 500 | 503 {
  switch (status) {
    case 'OK':
      return 200;
    case 'Starting':
    case 'Stopping':
    case 'Stopped':
      return 503;
    case 'FatalError':
      return 500;
    case 'PermanentError':
      return rules.permanentErrors ? 500 : 200;
    default:
      return rules.recoveryMs !== undefined && nowMs - atMs > rules.recoveryMs ? 500 : 200;
  }
}

/** Whether a component or a whole does its work. */
export function isHealthy(report: StatusReport, rules: HealthRules, nowMs: number): boolean {
  return httpStatus(report, rules, nowMs) === 200;
}

/** The components of a scope: all (empty), the extensions, or a pipeline; undefined when there is no such pipeline. */
function componentsOf(service: ServiceInfo, scope: string): readonly ComponentInfo[] | undefined {
  const components = service.components();
  if (scope === '') return components;
  if (scope === 'extensions') return components.filter(({ kind }) => kind === 'extension');
  if (!service.pipelines.some(({ id }) => id === scope)) return undefined;
  return components.filter(({ pipelines }) => pipelines.includes(scope));
}

/** The state of several components together: of an error since it began first, otherwise since the last change. Without any: OK. */
function together(components: readonly ComponentInfo[], rules: HealthRules, startedAtMs: number): StatusReport {
  const order = rules.recoveryMs !== undefined && !rules.permanentErrors ? temporaryFirst : precedence;
  let whole: StatusReport | undefined;
  for (const { report } of components) {
    const rank = order.indexOf(report.status) - (whole === undefined ? Infinity : order.indexOf(whole.status));
    const isError = report.status.endsWith('Error');
    if (rank < 0 || (rank === 0 && (isError ? report.atMs < whole!.atMs : report.atMs > whole!.atMs))) whole = report;
  }
  return whole ?? { status: 'OK', atMs: startedAtMs };
}

/** The state of the service (empty scope), of its `extensions`, or of one pipeline; undefined when there is no such pipeline. */
export function scopeStatus(service: ServiceInfo, rules: HealthRules, scope: string): StatusReport | undefined {
  const components = componentsOf(service, scope);
  return components && together(components, rules, service.startedAtMs);
}

/** As `scopeStatus`, for people and programs to read. `verbose` adds every component. */
export function healthReport(
  service: ServiceInfo,
  rules: HealthRules,
  nowMs: number,
  scope: string,
  verbose: boolean,
): { readonly code: 200 | 500 | 503; readonly report: HealthReport } | undefined {
  const entry = (report: StatusReport, parts?: HealthReport['components']): HealthReport => ({
    healthy: isHealthy(report, rules, nowMs),
    status: `Status${report.status}`,
    ...(report.error !== undefined && { error: report.error.message }),
    status_time: new Date(report.atMs).toISOString(),
    ...(verbose && parts !== undefined && { components: parts }),
  });
  const partsOf = (some: readonly ComponentInfo[]): Record<string, HealthReport> =>
    Object.fromEntries(some.map((component) => [`${component.kind}:${component.id}`, entry(component.report)]));
  const group = (name: string): HealthReport => {
    const own = componentsOf(service, name)!;
    return entry(together(own, rules, service.startedAtMs), partsOf(own));
  };

  const whole = scopeStatus(service, rules, scope);
  if (whole === undefined) return undefined;
  const code = httpStatus(whole, rules, nowMs);
  if (scope !== '') return { code, report: group(scope) };
  const groups: Record<string, HealthReport> = {
    ...(componentsOf(service, 'extensions')!.length > 0 && { extensions: group('extensions') }),
  };
  for (const { id } of service.pipelines) groups[`pipeline:${id}`] = group(id);
  return { code, report: { start_time: new Date(service.startedAtMs).toISOString(), ...entry(whole, groups) } };
}
