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

/** The state of several components together. Without any: as `otherwise`. */
export function together(components: readonly ComponentInfo[], otherwise: StatusReport): StatusReport {
  let worst: StatusReport | undefined;
  for (const { report } of components) {
    if (worst === undefined || precedence.indexOf(report.status) < precedence.indexOf(worst.status)) worst = report;
  }
  return worst ?? otherwise;
}

/** The health of the service, or of one pipeline; undefined when there is no such pipeline. `verbose` adds every component. */
export function healthReport(
  service: ServiceInfo,
  rules: HealthRules,
  nowMs: number,
  pipeline: string | undefined,
  verbose: boolean,
): { readonly code: 200 | 500 | 503; readonly report: HealthReport } | undefined {
  const components = service.components();
  const ready: StatusReport = { status: 'OK', atMs: service.startedAtMs };
  const entry = (report: StatusReport, parts?: HealthReport['components']): HealthReport => ({
    healthy: httpStatus(report, rules, nowMs) === 200,
    status: `Status${report.status}`,
    ...(report.error !== undefined && { error: report.error.message }),
    status_time: new Date(report.atMs).toISOString(),
    ...(verbose && parts !== undefined && { components: parts }),
  });
  const partsOf = (some: readonly ComponentInfo[]): Record<string, HealthReport> =>
    Object.fromEntries(some.map((component) => [`${component.kind}:${component.id}`, entry(component.report)]));
  const inPipeline = (id: string): ComponentInfo[] => components.filter((component) => component.pipelines.includes(id));

  if (pipeline !== undefined) {
    if (!service.pipelines.some(({ id }) => id === pipeline)) return undefined;
    const own = inPipeline(pipeline);
    const whole = together(own, ready);
    return { code: httpStatus(whole, rules, nowMs), report: entry(whole, partsOf(own)) };
  }
  const extensions = components.filter(({ kind }) => kind === 'extension');
  const groups: Record<string, HealthReport> = {
    ...(extensions.length > 0 && { extensions: entry(together(extensions, ready), partsOf(extensions)) }),
  };
  for (const { id } of service.pipelines) {
    const own = inPipeline(id);
    groups[`pipeline:${id}`] = entry(together(own, ready), partsOf(own));
  }
  const whole = together(components, ready);
  return {
    code: httpStatus(whole, rules, nowMs),
    report: { start_time: new Date(service.startedAtMs).toISOString(), ...entry(whole, groups) },
  };
}
