import { execFile } from 'node:child_process';
import type { Context } from '@millrace/api';
import type { HostFiles } from '../host-files.ts';
import type { Recorder } from '../recorder.ts';
import { gauge, level } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';
import { amdGpus } from './amd-gpus.ts';

const attributes = ['hw.id', 'hw.name', 'hw.vendor'];
const typed = [...attributes, 'hw.type'];

/** Names by the semantic conventions for hardware. */
const metrics: MetricTable = {
  'hw.gpu.memory.limit': level('int', 'By', 'Size of the GPU memory.', attributes),
  'hw.gpu.memory.usage': level('int', 'By', 'GPU memory used.', attributes),
  'hw.gpu.memory.utilization': gauge('double', '1', 'Fraction of GPU memory used.', attributes),
  'hw.gpu.utilization': gauge('double', '1', 'Fraction of time spent in a specific task.', [...attributes, 'hw.gpu.task']),
  'hw.power': gauge('double', 'W', 'Instantaneous power consumed by the component.', typed),
  'hw.temperature': gauge('double', 'Cel', 'Temperature in degrees Celsius.', typed),
};

const program = 'nvidia-smi';
const fields = 'uuid,name,memory.total,memory.used,utilization.gpu,utilization.encoder,utilization.decoder,power.draw,temperature.gpu';
/** The program hangs when the driver does. */
const answerMs = 10_000;
const mebibyte = 1024 * 1024;

function ask(signal: AbortSignal): Promise<string> {
  const options = { env: process.env, timeout: answerMs, killSignal: 'SIGKILL', signal, maxBuffer: mebibyte } as const;
  return new Promise((resolve, reject) => {
    execFile(program, [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'], options, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}

class GpuScraper implements Scraper {
  readonly #files: HostFiles;
  readonly #context: Context;
  #isMissing = false;

  constructor(files: HostFiles, context: Context) {
    this.#files = files;
    this.#context = context;
  }

  async scrape(out: Recorder): Promise<void> {
    const cards = amdGpus(this.#files);
    for (const { id, name, memoryBytes, usedBytes, busyPercent, watts, celsius } of cards) {
      recordGpu(out, [id, name, 'AMD'], [memoryBytes, usedBytes, busyPercent / 100, NaN, NaN, watts, celsius]);
    }
    if (!this.#isMissing) await this.#scrapeNvidia(out, cards.length > 0);
  }

  async #scrapeNvidia(out: Recorder, hasOthers: boolean): Promise<void> {
    let answer: string;
    try {
      answer = await ask(out.signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#isMissing = true;
      if (!hasOthers) this.#context.logger.warn(`${program} is not installed, so no GPU is measured`);
      return;
    }
    for (const line of answer.split('\n')) {
      if (line.trim() === '') continue;
      // A field that the card does not know is `[N/A]` or alike.
      const [id = '', name = '', ...rest] = line.split(',').map((field) => field.trim());
      const [total, used, busy, encoder, decoder, watts, celsius] = rest.map((text) => (text === '' ? NaN : Number(text)));
      recordGpu(
        out,
        [id, name, 'NVIDIA'],
        [total! * mebibyte, used! * mebibyte, busy! / 100, encoder! / 100, decoder! / 100, watts ?? NaN, celsius ?? NaN],
      );
    }
  }
}

type Numbers = readonly [total: number, used: number, busy: number, encoder: number, decoder: number, watts: number, celsius: number];

/** Memory in bytes, times as shares. What is not a number is left out. */
function recordGpu(out: Recorder, gpu: readonly string[], [total, used, busy, encoder, decoder, watts, celsius]: Numbers): void {
  const record = (metric: string, value: number, ...more: string[]): void => {
    if (Number.isFinite(value)) out.record(metric, value, ...gpu, ...more);
  };
  record('hw.gpu.memory.limit', total);
  record('hw.gpu.memory.usage', used);
  record('hw.gpu.memory.utilization', used / total);
  record('hw.gpu.utilization', busy, 'general');
  record('hw.gpu.utilization', encoder, 'encoder');
  record('hw.gpu.utilization', decoder, 'decoder');
  record('hw.power', watts, 'gpu');
  record('hw.temperature', celsius, 'gpu');
}

/** NVIDIA GPUs, through nvidia-smi where that is installed, and AMD GPUs, from /sys. The Collector has no such scraper. */
export const gpu: ScraperType = { metrics, make: (_config, files, context) => new GpuScraper(files, context) };
