import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const types: Readonly<Record<number, string>> = { 1: 'A', 5: 'CNAME', 12: 'PTR', 28: 'AAAA' };

function encodedName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
}

/** A DNS server on 127.0.0.1 that knows records by `TYPE name`; `silent` never answers. */
export interface DnsServer {
  readonly address: string;
  close(): void;
}

export async function startDnsServer(records: Readonly<Record<string, string>> | 'silent'): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    if (records === 'silent') return;
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at]!; length > 0; length = question[at]!) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = question.readUInt16BE(at + 1);
    const asked = question.subarray(12, at + 5);
    const value = records[`${types[type]} ${labels.join('.')}`];
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    const known = Object.keys(records).some((key) => key.endsWith(` ${labels.join('.')}`));
    header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(value === undefined ? 0 : 1, 6);
    const data = type === 1 ? Buffer.from((value ?? '').split('.').map(Number)) : encodedName(value ?? '');
    const answer = Buffer.alloc(12);
    answer.writeUInt16BE(0xc00c, 0);
    answer.writeUInt16BE(type, 2);
    answer.writeUInt16BE(1, 4);
    answer.writeUInt32BE(60, 6);
    answer.writeUInt16BE(data.length, 10);
    socket.send(Buffer.concat(value === undefined ? [header, asked] : [header, asked, answer, data]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => void socket.close() };
}
