import { request } from 'node:http';
import type { RequestOptions } from 'node:http';
import { hostname } from 'node:os';
import { schemaUrl, switchedOn } from '../detector.ts';
import type { AttributeSwitches, Detected, Detector, DetectorContext } from '../detector.ts';

const largestAnswerBytes = 4 * 1024 * 1024;

/** Where the Docker daemon listens: `DOCKER_HOST`, else its usual socket. */
function daemon(host: string | undefined): RequestOptions {
  const url = new URL(host === undefined || host === '' ? 'unix:///var/run/docker.sock' : host);
  if (url.protocol === 'unix:') return { socketPath: decodeURIComponent(url.pathname) };
  if (url.protocol !== 'tcp:' && url.protocol !== 'http:') throw new Error(`unable to parse docker host ${JSON.stringify(host)}`);
  return { host: url.hostname, port: url.port === '' ? 2375 : url.port };
}

/** Asks the daemon; rejects with its own words when it has no answer. */
function ask(path: string, { env, signal }: DetectorContext): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...daemon(env['DOCKER_HOST']), path, headers: { host: 'docker' }, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > largestAnswerBytes) response.destroy(new Error('the answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          const answer = JSON.parse(text) as Record<string, unknown>;
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`Error response from daemon: ${String(answer['message'])}`));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function named<T>(failure: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new Error(`${failure}: ${(error as Error).message}`, { cause: error });
  }
}

/** `docker`: the host that the Docker daemon runs on, and the container that this process runs in, as the daemon tells. */
export const docker: Detector<{ readonly resource_attributes: AttributeSwitches }> = {
  attributes: {
    'host.name': { enabled: true, description: 'Name of the host of the Docker daemon.' },
    'os.type': { enabled: true, description: 'Operating system of that host.' },
    'container.name': { enabled: false, description: 'Name of the container of this process.' },
    'container.image.name': { enabled: false, description: 'Image of that container, as the daemon tells it.' },
  },
  async detect({ resource_attributes }, context): Promise<Detected> {
    const info = await named('failed getting OS type: failed to fetch Docker OS type', ask('/info', context));
    const container = await named(
      'failed getting container info: failed to fetch container information',
      ask(`/containers/${encodeURIComponent(hostname())}/json`, context),
    );
    const attributes = {
      'host.name': text(info['Name']),
      'os.type': text(info['OSType']),
      'container.name': text(container['Name']),
      'container.image.name': text(container['Image']),
    };
    return { attributes: switchedOn(attributes, resource_attributes), schemaUrl };
  },
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
