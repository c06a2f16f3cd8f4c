import { aws } from './patterns/aws.ts';
import { cisco } from './patterns/cisco.ts';
import { mongodb, postgresql, redis } from './patterns/databases.ts';
import { iptables, junos, netscreen } from './patterns/firewalls.ts';
import { java } from './patterns/java.ts';
import { network, paths } from './patterns/network.ts';
import { ruby } from './patterns/ruby.ts';
import { bind9, exim } from './patterns/servers.ts';
import { syslog } from './patterns/syslog.ts';
import { text } from './patterns/text.ts';
import { time } from './patterns/time.ts';
import { haproxy, httpd, squid } from './patterns/web.ts';
import { zeek } from './patterns/zeek.ts';

/**
 * The patterns that every expression may refer to. Their names, their fields and what they refer to are those of the Collector's
 * ExtractGrokPatterns; what each matches is written from the grammar or the log format that it stands for.
 */
export const standardPatterns: ReadonlyMap<string, string> = new Map(
  [
    text,
    network,
    paths,
    time,
    syslog,
    httpd,
    haproxy,
    squid,
    aws,
    zeek,
    bind9,
    exim,
    mongodb,
    postgresql,
    redis,
    ruby,
    java,
    iptables,
    netscreen,
    junos,
    cisco,
  ].flatMap(Object.entries),
);
