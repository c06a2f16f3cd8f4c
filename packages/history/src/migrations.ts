/**
 * What makes version n + 1 of the schema of version n, by n. Never changed once released: a new version adds one at the end.
 *
 * `blocks` are committed points as they came, until they are compacted into `chunks`: runs of samples of one series (tier 0), and its rollups by
 * 1 minute, 5 minutes, an hour and a day (tiers 1 to 4). A chunk is open while samples are added to it;
 * `before` is the number before its first; `spans` are the sums and extremes of a rollup, which most readers pass over.
 */
export const migrations: readonly string[] = [
  `create table meta(key text primary key, value) without rowid;
   create table series(id integer primary key autoincrement, hash integer not null, kind integer not null, labels text not null);
   create index series_by_hash on series(hash);
   create table pairs(id integer primary key, name text not null, value text not null, unique(name, value));
   create table postings(pair integer not null, series integer not null, primary key(pair, series)) without rowid;
   create table metadata(name text primary key, type text not null, help text not null, unit text not null) without rowid;
   create table blocks(id integer primary key autoincrement, start_ms integer not null, end_ms integer not null, points integer not null,
     bytes blob not null);
   create table chunks(id integer primary key, series integer not null, tier integer not null, start_ms integer not null,
     end_ms integer not null, size integer not null, open integer not null, before real, bytes blob not null, spans blob);
   create index chunks_by_series on chunks(series, tier, start_ms, end_ms);
   create index chunks_open on chunks(series, tier) where open = 1;
   create index chunks_by_end on chunks(tier, end_ms)`,
  `create table exemplars(series integer not null, time_ms real not null, value real not null, labels text not null);
   create index exemplars_by_time on exemplars(time_ms);
   create table items(id integer primary key autoincrement, signal text not null, start_ms integer not null, end_ms integer not null,
     count integer not null, longest_ms real not null, services text not null, size integer not null, bytes blob not null);
   create index items_by_end on items(signal, end_ms, size);
   create table traces(trace blob not null, item integer not null, primary key(trace, item)) without rowid;
   create index traces_by_item on traces(item)`,
];
