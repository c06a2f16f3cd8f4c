import { execFile } from 'node:child_process';
import type { Context } from '@millrace/api';
import type { Recorder } from '../recorder.ts';
import { gauge, level } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';

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
  readonly #context: Context;
  #isMissing = false;

  constructor(context: Context) {
    this.#context = context;
  }

  async scrape(out: Recorder): Promise<void> {
    if (this.#isMissing) return;
    let answer: string;
    try {
      answer = await ask(out.signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#isMissing = true;
      this.#context.logger.warn(`${program} is not installed, so no GPU is measured`);
      return;
    }
    for (const line of answer.split('\n'))
      if (line.trim() !== '')
        recordGpu(
          out,
          line.split(',').map((field) => field.trim()),
        );
  }
}

/** A field that the card does not know is `[N/A]` or alike, and is left out. */
function recordGpu(out: Recorder, [id = '', name = '', ...numbers]: readonly string[]): void {
  const gpu = [id, name, 'NVIDIA'];
  const [total, used, busy, encoder, decoder, watts, celsius] = numbers.map((text) => (text === '' ? NaN : Number(text)));
  const record = (metric: string, value: number | undefined, ...more: string[]): void => {
    if (value !== undefined && Number.isFinite(value)) out.record(metric, value, ...gpu, ...more);
  };
  record('hw.gpu.memory.limit', total === undefined ? undefined : total * mebibyte);
  record('hw.gpu.memory.usage', used === undefined ? undefined : used * mebibyte);
  record('hw.gpu.memory.utilization', total === undefined || used === undefined ? undefined : used / total);
  record('hw.gpu.utilization', busy === undefined ? undefined : busy / 100, 'general');
  record('hw.gpu.utilization', encoder === undefined ? undefined : encoder / 100, 'encoder');
  record('hw.gpu.utilization', decoder === undefined ? undefined : decoder / 100, 'decoder');
  record('hw.power', watts, 'gpu');
  record('hw.temperature', celsius, 'gpu');
}

/** NVIDIA GPUs, through nvidia-smi; nothing where that is not installed. The Collector has no such scraper. */
export const gpu: ScraperType = { metrics, make: (_config, _files, context) => new GpuScraper(context) };
