import type { Context } from '@millrace/api';
import type { Written } from './read-result.ts';

/** The Collector's instruments of this exporter (its metadata.yaml), beside those that every exporter has. */
export interface RemoteWriteInstruments {
  translated(series: number): void;
  translationFailed(): void;
  sent(): void;
  written(written: Written): void;
}

/** Makes the instruments for a destination. */
export function openInstruments({ meter, id }: Context, endpoint: string, parallelism: number): RemoteWriteInstruments {
  const attributes = { exporter: id, endpoint };
  const counter = (name: string, unit: string, description: string): ((value: number) => void) => {
    const made = meter.createCounter(`exporter_prometheusremotewrite_${name}`, { unit, description });
    return (value) => {
      if (value > 0) made.add(value, attributes);
    };
  };
  meter
    .createUpDownCounter('exporter_prometheusremotewrite_consumers', {
      unit: '{consumer}',
      description: 'Number of configured workers to use to fan out the outgoing requests',
    })
    .add(parallelism, attributes);
  const translated = counter('translated_time_series', '1', 'Number of Prometheus time series that were translated from OTel metrics');
  const failed = counter(
    'failed_translations',
    '1',
    'Number of translation operations that failed to translate metrics from Otel to Prometheus',
  );
  const sent = counter(
    'sent_batches',
    '{batch}',
    'Number of remote write request batches sent to the remote write endpoint regardless of success or failure',
  );
  const samples = counter('written_samples', '{sample}', 'Number of samples successfully written to the remote endpoint');
  const histograms = counter('written_histograms', '{histogram}', 'Number of histograms successfully written to the remote endpoint');
  const exemplars = counter('written_exemplars', '{exemplar}', 'Number of exemplars successfully written to the remote endpoint');
  return {
    translated,
    translationFailed: () => failed(1),
    sent: () => sent(1),
    written: (written) => {
      samples(written.samples);
      histograms(written.histograms);
      exemplars(written.exemplars);
    },
  };
}
