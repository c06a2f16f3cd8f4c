import { startGrpcLoad } from './grpc-load.ts';
import { startHttp1Load, type LoadCounters } from './http1-load.ts';
import { grpcPath, requestsOf, requestSource, type Workload } from './workload.ts';

/**
 * The load generator's process: `load.ts PORT WORKLOAD_AS_JSON [HTTP_CONNECTIONS]`, with an IPC channel. It sends `'ready'`, then answers each `'sample'` with
 * its LoadCounters so far; `'stop'` ends the load after the requests in flight.
 */
const port = Number(process.argv[2]);
const workload = JSON.parse(process.argv[3]!) as Workload;
const counters: LoadCounters = { acknowledged: 0, refused: 0, failed: 0 };
const requests = requestsOf(workload, port);
const httpConnections = Number(process.argv[4] ?? 8);
const grpcConnections = 2;
const grpcCallsInFlight = 8;
const stop =
  workload.protocol === 'http'
    ? startHttp1Load(
        port,
        requestSource(workload, requests),
        httpConnections,
        counters,
        workload.itemsPerSecond === undefined ? Infinity : workload.itemsPerSecond / workload.itemsPerRequest,
      )
    : startGrpcLoad(
        { port, path: grpcPath(workload), headers: workload.compression === 'gzip' ? { 'grpc-encoding': 'gzip' } : {} },
        requests,
        grpcConnections,
        grpcCallsInFlight,
        counters,
      );

process.on('message', (message) => {
  if (message === 'sample') process.send!({ ...counters });
  else if (message === 'stop') stop();
});
process.on('disconnect', () => process.exit());
process.send!('ready');
