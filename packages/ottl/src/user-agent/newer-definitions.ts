import type { ProductDefinition } from './definitions.ts';

/** Where a definition goes: in front of the one of uap-core whose expression begins so. */
interface Newer {
  readonly before: string;
  readonly definitions: readonly ProductDefinition[];
}

/** A name, and the tokens (`EdgA/120.0.1`) that a program tells itself by, which may be expressions. */
const programs: readonly (readonly [name: string, tokens: string])[] = [
  ['Edge Mobile', 'EdgiOS|EdgA'],
  ['Brave', '[Bb]rave(?: Chrome)?'],
  ['Huawei Browser', 'HuaweiBrowser'],
  ['AVG', 'AVG'],
  ['Avast Secure Browser', 'AvastSecureBrowser|Avast'],
  ['Instabridge', 'Instabridge'],
  ['Aloha Browser', 'AlohaBrowser'],
  ['VivoBrowser', 'VivoBrowser'],
  ['Yandex Browser', 'YaSearchBrowser'],
  ['Ladybird', 'Ladybird'],
  ['MullvadBrowser', 'MullvadBrowser'],
];

const version = String.raw`(\d+)(?:\.(\d+)|)(?:\.(\d+)|)`;

const program = (name: string, tokens: string): ProductDefinition => [`(?:${tokens})/${version}`, name, '$1', '$2', '$3'];

/** Browsers that uap-core 0.18 does not know yet, or not in all their forms. */
export const newerBrowsers: readonly Newer[] = [
  {
    before: '(EdgiOS|EdgA)/',
    definitions: [
      [String.raw`^Mozilla.+Mobile.+(?:DuckDuckGo|Ddg)/(\d+)(?:\.(\d+)|)`, 'DuckDuckGo Mobile', '$1', '$2'],
      [String.raw`^Mozilla.+(?:DuckDuckGo|Ddg)/(\d+)(?:\.(\d+)|)`, 'DuckDuckGo', '$1', '$2'],
      [`Ecosia ios@${version}`, 'Ecosia iOS', '$1', '$2', '$3'],
      [`Ecosia android@${version}`, 'Ecosia Android', '$1', '$2', '$3'],
      [`HiBrowser/v${version}`, 'HiBrowser', '$1', '$2', '$3'],
      ...programs.map(([name, tokens]) => program(name, tokens)),
    ],
  },
  { before: '(CriOS)/', definitions: [program('Chrome Mobile iOS', 'CriOS')] },
  { before: '(Vivaldi)/', definitions: [program('Vivaldi', 'Vivaldi')] },
];

const chromecast = String.raw`CrKey(?:/(\d+)\.(\d+)(?:\.(\d+)|)|)`;

/** Systems that uap-core 0.18 does not know yet: kinds of Chromecast, and releases of iOS by the kernel that applications report. */
export const newerSystems: readonly Newer[] = [
  {
    before: String.raw`(Android)[ \-/](\d+)`,
    definitions: [
      [String.raw`Android (\d+)\.(\d+).*CrKey`, 'Chromecast Android', '$1', '$2', '$3', '$4'],
      [`Fuchsia.*${chromecast}`, 'Chromecast Fuchsia', '$1', '$2', '$3', '$4'],
      [`Linux.*${chromecast}.*DeviceType/SmartSpeaker`, 'Chromecast SmartSpeaker', '$1', '$2', '$3', '$4'],
      [`Linux.*${chromecast}`, 'Chromecast Linux', '$1', '$2', '$3', '$4'],
    ],
  },
  {
    before: 'CFNetwork/.{0,100} Darwin/22',
    definitions: [
      ['22', '16'],
      ['23', '17'],
      ['24', '18'],
    ].flatMap(([darwin, ios]): ProductDefinition[] => [
      [String.raw`CFNetwork/.{0,100} Darwin/${darwin!}\.([0-5])\.\d`, 'iOS', ios!, '$1', '$2', '$3'],
      [String.raw`CFNetwork/.{0,100} Darwin/${darwin!}\.\d`, 'iOS', ios!, '$1', '$2', '$3'],
    ]),
  },
];

/** Puts the newer definitions to their places. Throws an Error when uap-core lacks the definition that one goes before. */
export function withNewer(definitions: readonly ProductDefinition[], newer: readonly Newer[]): ProductDefinition[] {
  const result = [...definitions];
  for (const { before, definitions: added } of newer) {
    const place = result.findIndex(([expression]) => expression.startsWith(before));
    if (place === -1) throw new Error(`uap-core has no definition ${before}`);
    result.splice(place, 0, ...added);
  }
  return result;
}
