import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { schemaUrl, switchedOn } from '../detector.ts';
import type { AttributeSwitches, Detected, Detector } from '../detector.ts';

function owner(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** `process`: this process itself. The Collector has no such detector; the SDKs have. */
export const ownProcess: Detector<{ readonly resource_attributes: AttributeSwitches }> = {
  attributes: {
    'process.pid': { enabled: true, description: 'Id of this process.' },
    'process.parent_pid': { enabled: false, description: 'Id of the parent process.' },
    'process.executable.name': { enabled: true, description: 'File name of the executable.' },
    'process.executable.path': { enabled: true, description: 'Path of the executable.' },
    'process.command': { enabled: true, description: 'Path of the program that runs.' },
    'process.command_args': { enabled: false, description: 'All words of the command line, which may contain secrets.' },
    'process.owner': { enabled: true, description: 'Name of the user who owns this process.' },
    'process.runtime.name': { enabled: true, description: 'Name of the runtime: nodejs.' },
    'process.runtime.version': { enabled: true, description: 'Version of the runtime.' },
    'process.runtime.description': { enabled: true, description: 'The runtime in words.' },
  },
  detect({ resource_attributes }): Detected {
    const attributes = {
      'process.pid': BigInt(process.pid),
      'process.parent_pid': BigInt(process.ppid),
      'process.executable.name': basename(process.execPath),
      'process.executable.path': process.execPath,
      'process.command': process.argv[1] ?? process.execPath,
      'process.command_args': [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
      'process.owner': owner(),
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
      'process.runtime.description': 'Node.js',
    };
    return { attributes: switchedOn(attributes, resource_attributes), schemaUrl };
  },
};
