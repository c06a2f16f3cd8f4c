import { Session } from 'node:inspector/promises';
import type { HeapProfiler, Profiler as CpuProfiler } from 'node:inspector';
import { encodeProfile } from './encode-profile.ts';
import type { CallNode } from './encode-profile.ts';

/** A profile in the two formats that tools open. */
export interface TakenProfile {
  /** For `go tool pprof`, gzip-compressed. */
  pprof(): Buffer;
  /** JSON for the developer tools of Chrome: a .cpuprofile or .heapprofile file. */
  chrome(): string;
}

/** A measurement that runs until it is stopped. */
export interface RunningProfile {
  stop(): Promise<TakenProfile>;
}

/** Starts to sample what this thread spends its time on, as often as given. */
export async function profileCpu(intervalMs = 1): Promise<RunningProfile> {
  const session = new Session();
  session.connect();
  const startMs = Date.now();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: intervalMs * 1000 });
  await session.post('Profiler.start');
  return {
    async stop() {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return {
        pprof: () =>
          encodeProfile(
            cpuTree(profile),
            [
              { type: 'samples', unit: 'count' },
              { type: 'cpu', unit: 'nanoseconds' },
            ],
            { startMs, durationMs: (profile.endTime - profile.startTime) / 1000 },
          ),
        chrome: () => JSON.stringify(profile),
      };
    },
  };
}

/** Starts to sample what allocates memory; the profile holds what is still in use at its end. */
export async function profileHeap(): Promise<RunningProfile> {
  const session = new Session();
  session.connect();
  const startMs = Date.now();
  await session.post('HeapProfiler.startSampling', { samplingInterval: 32 * 1024 });
  return {
    async stop() {
      const { profile } = await session.post('HeapProfiler.stopSampling');
      session.disconnect();
      return {
        pprof: () =>
          encodeProfile(heapTree(profile.head), [{ type: 'inuse_space', unit: 'bytes' }], { startMs, durationMs: Date.now() - startMs }),
        chrome: () => JSON.stringify(profile),
      };
    },
  };
}

function cpuTree({ nodes, samples = [], timeDeltas = [] }: CpuProfiler.Profile): CallNode {
  const hits = new Map<number, { count: number; microseconds: number }>();
  for (const [i, id] of samples.entries()) {
    const hit = hits.get(id) ?? { count: 0, microseconds: 0 };
    hit.count++;
    // The delta before a sample is the time since the one before it.
    hit.microseconds += timeDeltas[i + 1] ?? 0;
    hits.set(id, hit);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const build = (node: CpuProfiler.ProfileNode): CallNode => {
    const hit = hits.get(node.id);
    return {
      callFrame: node.callFrame,
      children: (node.children ?? []).map((id) => build(byId.get(id)!)),
      values: hit === undefined ? [] : [hit.count, Math.max(0, hit.microseconds) * 1000],
    };
  };
  return build(nodes[0]);
}

function heapTree({ callFrame, children, selfSize }: HeapProfiler.SamplingHeapProfileNode): CallNode {
  return { callFrame, children: children.map(heapTree), values: selfSize > 0 ? [selfSize] : [] };
}
