import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { PiHorizonClient, PiHttpService, PiModule, PiPlatformClient } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';

/** The clients as an app gets them, by injection, with what OpenTelemetry and the shutdown see of them. */
it('measures calls to Pi and its chain by endpoint and status, and closes their connections with the app', async () => {
  Logger.overrideLogger(['error']);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
  const testing = await Test.createTestingModule({
    imports: [
      PiModule.forRoot({
        apiKey: pi.apiKey,
        network: 'testnet',
        platformUrl: pi.platformUrl,
        horizonUrl: pi.horizonUrl,
      }),
    ],
  }).compile();
  const app = await testing.init();
  const close = jest.spyOn(PiHttpService.prototype, 'close');
  try {
    await app.get(PiPlatformClient).incompleteServerPayments();
    await app
      .get(PiPlatformClient)
      .getPayment('x'.repeat(28))
      .catch(() => undefined);
    await app.get(PiHorizonClient).network();

    await provider.forceFlush();
    const scope = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const points = scope
      .flatMap((metric) => metric.metrics)
      .filter(({ descriptor }) => descriptor.name === 'pi.call.duration')
      .flatMap(({ dataPoints }) =>
        dataPoints.map(({ attributes }) => `${attributes['endpoint']} ${attributes['status']}`),
      );
    expect(points.toSorted()).toEqual([
      'GET / 200',
      'GET /payments/incomplete_server_payments 200',
      'GET /payments/{id} 404',
    ]);
  } finally {
    await app.close();
    expect(close).toHaveBeenCalledTimes(1);
    close.mockRestore();
    await pi.stop();
    await provider.shutdown();
    metrics.disable();
  }
});
