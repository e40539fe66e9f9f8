import { spawnSync } from 'node:child_process';
import { canResolve, describeIfInstalled, startServer } from './broker.js';
import type { RunningBroker } from './broker.js';

export const describeWithKafka = describeIfInstalled({
  'apt-get install kcat': spawnSync('kcat', ['-V']).status === 0,
  'npm i -D kafkajs': canResolve('kafkajs'),
});

/**
 * A Kafka broker of its own on a free port of this machine: the one librdkafka, Confluent's client, carries for tests. It speaks Kafka's
 * protocol, makes topics as they are asked for, and keeps consumer groups. It lives as long as the client around it, which reads a topic
 * where nothing is ever written.
 */
export async function startKafka(): Promise<RunningBroker> {
  const reader = ['-C', '-q', '-b', 'its-own', '-t', 'nothing'];
  const { said, stop } = await startServer('kcat', [...reader, '-X', 'test.mock.num.brokers=1'], {
    ready: 'replaced with 127.0.0.1:',
    env: { ...process.env, KCAT_CONFIG: '/dev/null' },
  });
  const port = /replaced with 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
  return { url: `127.0.0.1:${port}`, stop };
}
