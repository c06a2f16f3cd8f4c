const unitsMs: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};
const pattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const order = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];

/** Milliseconds of a duration as Prometheus writes it, such as `1h30m` or `0`; undefined for anything else. */
export function prometheusDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : pattern.exec(text);
  if (match === null) return undefined;
  return order.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unitsMs[unit]!, 0);
}

const sizes: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 2 ** 10,
  KiB: 2 ** 10,
  MB: 2 ** 20,
  MiB: 2 ** 20,
  GB: 2 ** 30,
  GiB: 2 ** 30,
  TB: 2 ** 40,
  TiB: 2 ** 40,
};

/** Bytes of a size as Prometheus writes it, such as `10MB` (which is 2^20 times 10); undefined for anything else. */
export function prometheusSizeBytes(text: string): number | undefined {
  const match = /^(\d+)([A-Za-z]*)$/.exec(text);
  const unit = match === null ? undefined : sizes[match[2]!];
  return unit === undefined ? undefined : Number(match![1]) * unit;
}
