import { components } from '@millrace/distribution';

type Section = Record<string, unknown>;
/** A configuration, or a part of one, as it is written. */
export type PartialConfig = Record<string, Section | null | undefined> & {
  service?: { extensions?: string[]; pipelines?: Record<string, Record<string, string[]>> };
};

/** The first signal that a component works on and, of a connector, the one that it makes. */
async function signalsOf(kind: string, id: string): Promise<[from: string, to?: string]> {
  const type = id.split('/')[0]!;
  const entry = components.find((each) => each.kind === kind && (each.type === type || each.aliases?.includes(type)));
  const factory = (await entry?.load())?.factory;
  if (factory?.kind !== 'connector') return [Object.keys((factory as { stability?: object } | undefined)?.stability ?? { traces: '' })[0]!];
  const [[from, to]] = Object.entries(factory.signals) as [[string, object]];
  return [from, Object.keys(to)[0]!];
}

/**
 * Makes a part of a configuration a whole one: components get pipelines of a signal that they support, unless the part has pipelines.
 * Sections that are left out are filled with `nop`; those that are there have to stand for themselves.
 */
export async function completeConfig(part: PartialConfig): Promise<unknown> {
  const service = { ...part.service };
  const pipelines: Record<string, Record<string, string[]>> = { ...service.pipelines };
  const given = Object.keys(pipelines).length > 0;
  const connectors = Object.keys(part['connectors'] ?? {});
  const filled = (section: string, ids: string[] = []): string[] =>
    part[section] === undefined ? [...new Set(ids.map((id) => (connectors.includes(id) ? id : 'nop')))] : ids;
  for (const [id, pipeline] of Object.entries(pipelines)) {
    pipelines[id] = {
      receivers: filled('receivers', pipeline['receivers']),
      processors: part['processors'] === undefined ? [] : (pipeline['processors'] ?? []),
      exporters: filled('exporters', pipeline['exporters']),
    };
  }
  for (const kind of given ? [] : ['receiver', 'processor', 'exporter', 'connector']) {
    for (const id of Object.keys(part[`${kind}s`] ?? {})) {
      const [from, to] = await signalsOf(kind, id);
      const name = `${from}/${kind}_${id.replace('/', '_')}`;
      const nops = { receivers: ['nop'], processors: [], exporters: ['nop'] };
      pipelines[name] = { ...nops, [`${kind}s`]: [id] };
      if (to === undefined) continue;
      pipelines[name] = { ...nops, exporters: [id] };
      pipelines[`${to}/from_${id.replace('/', '_')}`] = { ...nops, receivers: [id] };
    }
  }
  if (Object.keys(pipelines).length === 0) pipelines['traces'] = { receivers: ['nop'], exporters: ['nop'] };
  return {
    ...part,
    receivers: { nop: null, ...part['receivers'] },
    exporters: { nop: null, ...part['exporters'] },
    service: {
      ...service,
      extensions: part['extensions'] === undefined ? [] : (service.extensions ?? Object.keys(part['extensions'] ?? {})),
      pipelines,
    },
  };
}
