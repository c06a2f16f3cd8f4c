import type { ScraperType } from './scraper.ts';
import { cpu } from './scrapers/cpu.ts';
import { disk } from './scrapers/disk.ts';
import { filesystem } from './scrapers/filesystem.ts';
import { gpu } from './scrapers/gpu.ts';
import { load } from './scrapers/load.ts';
import { memory } from './scrapers/memory.ts';
import { network } from './scrapers/network.ts';
import { paging } from './scrapers/paging.ts';
import { process } from './scrapers/process.ts';
import { processes } from './scrapers/processes.ts';
import { system } from './scrapers/system.ts';

const all = { cpu, disk, filesystem, gpu, load, memory, network, paging, process, processes, system };

/** All scrapers by name. Each one only ever gets the configuration that its own settings describe. */
export const scrapers: Readonly<Record<keyof typeof all, ScraperType<never>>> = all;

/** The name of a scraper. */
export type ScraperName = keyof typeof all;
