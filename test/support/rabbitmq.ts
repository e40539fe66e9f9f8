import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canResolve, describeIfInstalled, startServer } from './broker.js';
import type { RunningBroker } from './broker.js';

/** RabbitMQ's own script: the one on the PATH is Debian's, which changes the user. */
const EXECUTABLE = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export const describeWithRabbitMq = describeIfInstalled({
  'apt-get install rabbitmq-server': existsSync(EXECUTABLE),
  'npm i -D amqplib amqp-connection-manager': canResolve('amqplib') && canResolve('amqp-connection-manager'),
});

/** A RabbitMQ of its own on free ports of this machine, without plugins; what it writes goes with it. It takes five seconds to start. */
export async function startRabbitMq(): Promise<RunningBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'pi-rabbitmq-'));
  const nowhere = join(folder, 'none');
  const ports = await quietPorts();
  const env = {
    PATH: process.env['PATH'],
    HOME: folder, // Erlang's cookie
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: ports.names,
    RABBITMQ_NODENAME: 'pi-test@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: ports.amqp,
    RABBITMQ_DIST_PORT: ports.distribution,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_LOGS: '-',
    // Nothing of this machine's own configuration.
    RABBITMQ_CONF_ENV_FILE: nowhere,
    RABBITMQ_CONFIG_FILE: nowhere,
    RABBITMQ_CONFIG_FILES: nowhere,
    RABBITMQ_ADVANCED_CONFIG_FILE: nowhere,
    RABBITMQ_ENABLED_PLUGINS_FILE: nowhere,
    // Without them a shell stands between us and the server, and would outlive its end.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_START_ARGS: '-noinput',
  };
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.toReversed()) await end();
  };
  try {
    // Erlang's registry of names, ours: RabbitMQ would start one as a daemon that nobody ends.
    const names = await startServer('epmd', ['-d', '-d'], { ready: 'entering the main select() loop', env });
    stops.push(names.stop);
    const server = await startServer(EXECUTABLE, [], { ready: 'Server startup complete', env });
    stops.push(server.stop);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `amqp://127.0.0.1:${ports.amqp}`, stop };
}

/** Below those the system hands out: RabbitMQ takes them only seconds later, beside tests that open many. */
async function quietPorts(): Promise<{ names: string; amqp: string; distribution: string }> {
  const first = randomInt(3_400, 10_600) * 3;
  const ports = [first, first + 1, first + 2];
  const free = await Promise.all(ports.map(isFree));
  if (free.includes(false)) return quietPorts();
  const [names, amqp, distribution] = ports.map(String) as [string, string, string];
  return { names, amqp, distribution };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = createServer().once('error', () => answer(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => answer(true)));
  });
}
