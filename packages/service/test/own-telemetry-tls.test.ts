import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@millrace/api/testing';
import { makeAuthority } from '../../../test/certificates.ts';
import { startLab } from './telemetry-lab.ts';

describe('The otlp exporter of own telemetry', () => {
  it('trusts the given authority, and shows its own certificate to a destination that asks for one', async () => {
    const authority = makeAuthority('Own Authority');
    const [server, client] = [authority.issue('destination'), authority.issue('agent')];
    const names: unknown[] = [];
    const destination = createServer(
      { cert: server.cert, key: server.key, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        names.push((request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject.CN);
        request.resume().on('end', () => response.end());
      },
    );
    await once(destination.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `https://127.0.0.1:${(destination.address() as AddressInfo).port}`;
    const keys = { client_certificate: client.certFile, client_key: client.keyFile };
    const traced = async (protocol: string): Promise<string> => {
      const exporter = { otlp: { endpoint, protocol, certificate: authority.certFile, ...keys } };
      const lab = await startLab({ metrics: { level: 'none' }, traces: { level: 'basic', processors: [{ batch: { exporter } }] } });
      await lab.service.start();
      await lab.send(1);
      await lab.service.shutdown();
      return lab.lines.join('');
    };
    const run = async (tls: object): Promise<string> => {
      const otlp = { endpoint, ...tls };
      const readers = [{ periodic: { exporter: { otlp } } }];
      const lab = await startLab({ metrics: { readers } }, { clock: new FakeClock() });
      await lab.service.start();
      await lab.service.shutdown();
      return lab.lines.join('');
    };
    expect(await run({ certificate: authority.certFile, ...keys })).not.toContain('failed to upload metrics');
    expect(names).toEqual(['agent']);
    expect(await run({ certificate: authority.certFile })).toContain('failed to upload metrics');
    expect(await run(keys)).toContain('failed to upload metrics');
    expect(names).toEqual(['agent']);
    for (const protocol of ['http/protobuf', 'http/json']) expect(await traced(protocol)).not.toContain('failed to export own spans');
    expect(names).toEqual(['agent', 'agent', 'agent']);
    destination.closeAllConnections();
    destination.close();
  });
});
