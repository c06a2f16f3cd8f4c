import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { getEnvironmentData, isMainThread } from 'node:worker_threads';
import { sharedPorts } from '@millrace/api';
import { parseEndpoint } from '@millrace/transport';

/**
 * A UDP socket that is bound to an endpoint: `localhost` is 127.0.0.1, no host every IPv4 address. Every thread of the process may bind the same
 * port. Rejects in the words of the Collector: `listen udp 127.0.0.1:6831: bind: address already in use`.
 */
export async function bindUdp(endpoint: string, bufferBytes: number): Promise<Socket> {
  const { host = '0.0.0.0', port } = parseEndpoint(endpoint);
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const options: SocketOptions = {
    type: isIPv6(address) ? 'udp6' : 'udp4',
    ...(bufferBytes > 0 && { recvBufferSize: bufferBytes }),
  };
  const reusePort = port !== 0 && getEnvironmentData(sharedPorts) === true;
  if (reusePort && isMainThread) {
    // The kernel would let any process of the user share the port: whether it is free is seen without sharing.
    const probe = await bind(options, address, port);
    await new Promise<void>((resolve) => probe.close(resolve));
  }
  return bind({ ...options, reusePort }, address, port);
}

function bind(options: SocketOptions, address: string, port: number): Promise<Socket> {
  const socket = createSocket(options);
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      const cause = error.code === 'EADDRINUSE' ? 'bind: address already in use' : error.message;
      reject(new Error(`listen udp ${address.includes(':') ? `[${address}]` : address}:${port}: ${cause}`, { cause: error }));
    });
    socket.bind(port, address, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
