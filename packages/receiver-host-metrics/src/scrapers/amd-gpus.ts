import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFiles } from '../host-files.ts';

/** What the driver says of an AMD GPU; NaN where it says nothing. */
export interface AmdGpu {
  readonly id: string;
  readonly name: string;
  readonly memoryBytes: number;
  readonly usedBytes: number;
  /** 0 to 100. */
  readonly busyPercent: number;
  readonly watts: number;
  readonly celsius: number;
}

const amdVendor = '0x1002';

/** The GPUs of driver amdgpu, from /sys/class/drm (https://docs.kernel.org/gpu/amdgpu/thermal.html); none where there are none. */
export function amdGpus(files: HostFiles): AmdGpu[] {
  const folder = files.sys('class', 'drm');
  return namesIn(folder)
    .filter((name) => /^card\d+$/.test(name))
    .map((name) => ({ name, device: join(folder, name, 'device') }))
    .filter(({ device }) => line(join(device, 'vendor')) === amdVendor && line(join(device, 'gpu_busy_percent')) !== '')
    .map(({ name, device }) => {
      const [sensors = ''] = namesIn(join(device, 'hwmon'));
      const sensor = (file: string): number => number(join(device, 'hwmon', sensors, file));
      const average = sensor('power1_average');
      return {
        id: line(join(device, 'unique_id')) || name,
        name: line(join(device, 'product_name')) || name,
        memoryBytes: number(join(device, 'mem_info_vram_total')),
        usedBytes: number(join(device, 'mem_info_vram_used')),
        busyPercent: number(join(device, 'gpu_busy_percent')),
        watts: (Number.isNaN(average) ? sensor('power1_input') : average) / 1e6,
        celsius: sensor('temp1_input') / 1e3,
      };
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

/** A file of one line; '' where there is none. */
function line(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function number(path: string): number {
  const text = line(path);
  return text === '' ? Number.NaN : Number(text);
}
