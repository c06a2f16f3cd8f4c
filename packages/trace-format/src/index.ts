export { ByteReader } from './byte-reader.ts';
export { formatIp, parseIp } from './ip-address.ts';
export { ProtoReader, wireType } from './proto-reader.ts';
export { ThriftBinaryReader } from './thrift-binary-reader.ts';
export { ThriftCompactReader } from './thrift-compact-reader.ts';
export { ThriftReader, thriftType } from './thrift-reader.ts';
export { valueJson, valueText } from './value-text.ts';
