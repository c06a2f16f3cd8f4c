import type { ComponentInfo, OwnSpan, ServiceInfo } from '@millrace/api';
import type { Table } from './page.ts';

function statusOf({ report }: ComponentInfo): string {
  return report.error === undefined ? report.status : `${report.status}: ${report.error.message}`;
}

/** What runs, since when. */
export function serviceTables({ program, startedAtMs }: ServiceInfo, nowMs: number): Table[] {
  const seconds = Math.floor((nowMs - startedAtMs) / 1000);
  const rows = [
    ['Program', program.name],
    ['Version', program.version],
    ['Node.js', process.version],
    ['System', `${process.platform} ${process.arch}`],
    ['Process', String(process.pid)],
    ['Started', new Date(startedAtMs).toISOString()],
    ['Up', `${seconds} s`],
  ];
  return [{ title: 'Build and runtime', columns: ['Property', 'Value'], rows }];
}

/** Every pipeline as it is configured, and how its components fare. */
export function pipelineTables(service: ServiceInfo): Table[] {
  const components = service.components();
  return [
    {
      title: 'Pipelines',
      columns: ['Pipeline', 'Signal', 'Receivers', 'Processors', 'Exporters'],
      rows: service.pipelines.map(({ id, signal, receivers, processors, exporters }) => [
        id,
        signal,
        receivers.join(', '),
        processors.join(', '),
        exporters.join(', '),
      ]),
    },
    {
      title: 'Components',
      columns: ['Kind', 'Component', 'Pipelines', 'Status'],
      rows: components
        .filter(({ kind }) => kind !== 'extension')
        .map((component) => [component.kind, component.id, component.pipelines.join(', '), statusOf(component)]),
    },
  ];
}

/** The extensions and how they fare. */
export function extensionTables(service: ServiceInfo): Table[] {
  const extensions = service.components().filter(({ kind }) => kind === 'extension');
  return [{ title: 'Extensions', columns: ['Extension', 'Status'], rows: extensions.map((one) => [one.id, statusOf(one)]) }];
}

/** The feature gates. */
export function featureTables({ featureGates }: ServiceInfo): Table[] {
  return [
    {
      title: 'Feature gates',
      columns: ['Gate', 'Enabled', 'Stage', 'Description'],
      rows: featureGates.map(({ id, enabled, stage, description }) => [id, String(enabled), stage, description]),
    },
  ];
}

const boundsMs = [1, 10, 100, 1_000, 10_000];
const bucketNames = ['< 1 ms', '< 10 ms', '< 100 ms', '< 1 s', '< 10 s', 'longer'];

/** The service's own latest spans: how many of each name took how long, and those of the name that is asked for. */
export function spanTables(service: ServiceInfo, name: string | undefined): Table[] {
  const byName = new Map<string, OwnSpan[]>();
  for (const span of service.recentSpans()) {
    const same = byName.get(span.name);
    if (same === undefined) byName.set(span.name, [span]);
    else same.push(span);
  }
  const summary: Table = {
    title: 'Latest spans by duration',
    columns: ['Name', ...bucketNames, 'Errors'],
    rows: [...byName].map(([spanName, spans]) => [
      { text: spanName, href: `/debug/tracez?zspanname=${encodeURIComponent(spanName)}` },
      ...bucketNames.map((_, bucket) => String(spans.filter((span) => bucketOf(span.durationMs) === bucket).length)),
      String(spans.filter((span) => span.error).length),
    ]),
  };
  if (name === undefined) return [summary];
  const rows = (byName.get(name) ?? []).map((span) => [
    new Date(span.startMs).toISOString(),
    `${span.durationMs.toFixed(3)} ms`,
    span.traceId,
    span.spanId,
    span.error ? 'error' : '',
    JSON.stringify(span.attributes),
  ]);
  return [summary, { title: name, columns: ['Start', 'Duration', 'Trace', 'Span', 'Status', 'Attributes'], rows }];
}

function bucketOf(durationMs: number): number {
  const bucket = boundsMs.findIndex((bound) => durationMs < bound);
  return bucket < 0 ? boundsMs.length : bucket;
}
