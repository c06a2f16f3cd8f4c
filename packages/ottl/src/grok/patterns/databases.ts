import { oneOf } from './format.ts';
import type { Patterns } from './format.ts';

/** Lines of MongoDB, before version 3 and since. */
export const mongodb: Patterns = {
  MONGO_LOG: String.raw`%{SYSLOGTIMESTAMP:timestamp} \[%{WORD:db.mongodb.component}\] %{GREEDYDATA:message}`,
  MONGO_QUERY_CONTENT: '.*?',
  MONGO_QUERY: String.raw`\{ %{MONGO_QUERY_CONTENT:MONGO_QUERY} \} ntoreturn:`,
  MONGO_WORDDASH: String.raw`\b[\w-]+\b`,
  MONGO_SLOWQUERY: [
    String.raw`%{WORD:db.mongodb.profile.op} %{MONGO_WORDDASH:db.mongodb.database}\.%{MONGO_WORDDASH:db.mongodb.collection} `,
    String.raw`%{WORD}: \{ %{MONGO_QUERY_CONTENT:db.mongodb.query.original} \}`,
    ...['ntoreturn', 'ntoskip', 'nscanned'].map((count) => ` ${count}:%{NONNEGINT:db.mongodb.profile.${count}:int}`),
    '.*? nreturned:%{NONNEGINT:db.mongodb.profile.nreturned:int}',
    '.*? %{INT:db.mongodb.profile.duration:int}ms',
  ].join(''),
  MONGO3_SEVERITY: String.raw`\w`,
  MONGO3_COMPONENT: '%{WORD}',
  MONGO3_LOG: [
    '%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:log.level} ',
    oneOf('-', '%{MONGO3_COMPONENT:db.mongodb.component}'),
    String.raw`%{SPACE}(?:\[%{DATA:db.mongodb.context}\])? %{GREEDYDATA:message}`,
  ].join(''),
};

/** Lines of PostgreSQL with the prefix `%t %u %c %p`. */
export const postgresql: Patterns = {
  POSTGRESQL:
    '%{DATESTAMP:timestamp} %{TZ:event.timezone} %{DATA:user.name} %{GREEDYDATA:postgresql.log.connection_id} %{POSINT:process.pid:int}',
};

/** Lines of Redis, and what its command MONITOR prints. */
export const redis: Patterns = {
  REDISTIMESTAMP: '%{MONTHDAY} %{MONTH} %{TIME}',
  REDISLOG: String.raw`\[%{POSINT:process.pid:int}\] %{REDISTIMESTAMP:timestamp} \*`,
  REDISMONLOG: [
    String.raw`%{NUMBER:timestamp} \[%{INT:redis.database.id} %{IP:client.address}:%{POSINT:client.port:int}\] `,
    String.raw`"%{WORD:redis.command.name}"\s?%{GREEDYDATA:redis.command.args}`,
  ].join(''),
};
