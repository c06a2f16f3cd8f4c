const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1000,
  m: 1000 ** 2,
  mb: 1000 ** 2,
  g: 1000 ** 3,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** The bytes of a size as the Collector's file receivers write it: a number, or a number with a unit (`1MiB`, `1kb`). Undefined when it is none. */
export function byteSize(size: number | string): number | undefined {
  if (typeof size === 'number') return size;
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(size);
  const unit = parts === null ? undefined : units[parts[2].toLowerCase()];
  return parts === null || unit === undefined ? undefined : Math.floor(Number(parts[1]) * unit);
}
