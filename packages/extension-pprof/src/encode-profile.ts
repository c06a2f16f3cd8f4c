import { gzipSync } from 'node:zlib';
import { Function as ProfileFunction, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';

/** A function of a call tree as V8 reports it. */
export interface CallNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children: readonly CallNode[];
  /** What was measured in this function itself, one number for each kind of value; empty for nothing. */
  readonly values: readonly number[];
}

/** What the numbers of a profile are, such as `cpu` in `nanoseconds`. */
export interface ValueKind {
  readonly type: string;
  readonly unit: string;
}

/** When a profile was taken. */
export interface ProfileTime {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Encodes a call tree as `go tool pprof` reads it: gzip of perftools.profiles.Profile (github.com/google/pprof, proto/profile.proto). */
export function encodeProfile(root: CallNode, kinds: readonly ValueKind[], time: ProfileTime): Buffer {
  const strings = new StringTable();
  const functions = new Map<string, ProfileFunction>();
  const locations = new Map<string, Location>();
  const samples: Sample[] = [];

  const locationOf = ({ functionName, url, lineNumber }: CallNode['callFrame']): number => {
    const name = functionName === '' ? '(anonymous)' : functionName;
    const key = `${name} ${url} ${lineNumber}`;
    let location = locations.get(key);
    if (location === undefined) {
      const id = functions.size + 1;
      // Line numbers start with 0 in V8 and with 1 in pprof.
      const startLine = lineNumber + 1;
      const text = strings.dedup(name);
      functions.set(key, new ProfileFunction({ id, name: text, systemName: text, filename: strings.dedup(url), startLine }));
      location = new Location({ id, line: [new Line({ functionId: id, line: startLine })] });
      locations.set(key, location);
    }
    return Number(location.id);
  };

  const visit = (node: CallNode, callers: readonly number[]): void => {
    const stack = [locationOf(node.callFrame), ...callers];
    if (node.values.length > 0) samples.push(new Sample({ locationId: stack, value: [...node.values] }));
    for (const child of node.children) visit(child, stack);
  };
  // The root of V8's tree stands for no function.
  for (const child of root.children) visit(child, []);

  const profile = new Profile({
    sampleType: kinds.map(({ type, unit }) => new ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) })),
    sample: samples,
    location: [...locations.values()],
    function: [...functions.values()],
    timeNanos: BigInt(Math.round(time.startMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(time.durationMs)) * 1_000_000n,
    stringTable: strings,
  });
  return gzipSync(profile.encode());
}
