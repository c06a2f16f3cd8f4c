import { describe, expect, it } from '@jest/globals';
import { evaluate } from './evaluate.ts';

/** Bytes of the text; what the reference implementations make of it. */
const digests = [
  [0, '2d06800538d394c2', '99aa06d3014798d86001c324468d497f', '00000000', '00000000000000000000000000000000'],
  [1, 'e6c632b61e964e1f', 'a96faf705af16834e6c632b61e964e1f', 'b269253c', '897859f6655555855a890e51483ab5e6'],
  [3, '78af5f94892f3950', '06b05ab6733a618578af5f94892f3950', 'fa93ddb3', '6778ad3f3f3f96b4522dca264174a23b'],
  [4, '6497a96f53a89890', '8d6b60383dfa90c21be79eecd1b1353d', '6a67ed43', '4fcd5646d6b77bb875e87360883e00f2'],
  [8, '6f45a76842a96483', 'dac23237af37353342b702b313880f12', 'c4ccdd49', '028cef37b00a8acca14069eb600d8948'],
  [9, 'e0dde4fc174590a0', 'b43ff5bc5ff2e0adc0646b2d7986db98', 'f0061442', '64793cf1cfc0470533e041b7f53db579'],
  [16, '3d3ccac9af14d8a8', '1f58fc809b1b8c4b3e8e153ff12f6330', 'ed9162e7', '23b74c22a33ccac41aeb31b395d63343'],
  [17, 'ca7f3571df47cacf', '11078c38a5ca3a8dc3acc9940596efab', '4a5e65b6', '57a6bd887f746475e40d11a19d49daec'],
  [128, '3e99edc6c76f21c6', 'a87f157ac617df254c5499b1fc6dae1e', 'c5be0bac', '2b9fdbc5f9881375161177635fda7287'],
  [129, '852cb20608c9d2c7', '8ebb4a9854af5bc41ac468f67a442b6a', '80d4a74f', 'ca01ce768098f117bb0beb21b07cde72'],
  [240, 'ea0e0f78188232ed', 'ee81fc0343b09d3079750202eaee16bc', '327b0995', '1d6cb171476b7dace313aa12f824a864'],
  [241, 'bb0a906af5b5c211', '4c1a7e587365bd1ebb0a906af5b5c211', '773409c3', 'efdcce140a246022cbc7284a7fc97046'],
  [1024, '5e6a406e127165a8', 'a0e8f48f4e7973c45e6a406e127165a8', '29631d42', '1ab1b469a108b7eefae18235001b86ac'],
  [1025, 'c180534771fac3f5', '3cfd5791794dbdf7c180534771fac3f5', 'bd138e5c', '3241108b98245d8df8a592431bca4b66'],
  [5000, 'eb0f5845c1ec4cc2', '0acf3f2690e48fadeb0f5845c1ec4cc2', '5fb79c7d', 'b30abb4f74028ec5639e0863f072304d'],
] as const;

describe('hashes', () => {
  it.each(digests)('of %i bytes are those of the reference implementations', (size, xxh3, xxh128, murmur3, murmur3Wide) => {
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(200).slice(0, size);
    expect(evaluate(`XXH3("${text}")`)).toBe(xxh3);
    expect(evaluate(`XXH128("${text}")`)).toBe(xxh128);
    expect(evaluate(`Murmur3Hash("${text}")`)).toBe(murmur3);
    expect(evaluate(`Murmur3Hash128("${text}")`)).toBe(murmur3Wide);
  });
});
