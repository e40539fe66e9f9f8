import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PiEmulator } from 'pi-emulator';

const BIN = join(process.cwd(), 'libs/pi-emulator/bin/pi-emulator.js');

/** The command line as a user runs it: the tracked bin file over the built package. */
class Cli {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly exit: Promise<unknown[]>;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [BIN, ...args], { env: { PATH: process.env['PATH'], ...env } });
    this.child.stdout?.on('data', (chunk) => (this.stdout += chunk));
    this.child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.exit = once(this.child, 'close');
  }

  /** The address it printed, once everything is printed. */
  async ready(): Promise<string> {
    while (!this.stdout.includes('Ctrl-C ends it')) {
      if (this.child.exitCode !== null) throw new Error(`pi-emulator ended: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return /http:\/\/[\d.:]+/.exec(this.stdout)?.[0] ?? '';
  }

  async ended(): Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }> {
    const [code, signal] = await this.exit;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

describe('the pi-emulator command', () => {
  let running: Cli[] = [];
  const directories: string[] = [];
  const cli = (args: string[], env?: Record<string, string>): Cli => {
    const started = new Cli(args, env);
    running.push(started);
    return started;
  };
  afterEach(async () => {
    for (const { child } of running) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(running.map((started) => started.ended()));
    running = [];
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  it('lets many requests wait at once, and Node warns of no leak', async () => {
    const started = cli(['--port', '0']);
    const url = await started.ready();
    await fetch(`${url}/_emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ match: { path: '/v2/me' }, fault: 'latency', latencyMs: 1_000 }),
    });
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/v2/me`)));
    started.child.kill('SIGTERM');
    expect((await started.ended()).stderr).not.toContain('MaxListenersExceededWarning');
  });

  it('prints what a backend needs, and it works', async () => {
    const started = cli(['--port', '0', '--wallets', '2']);
    const url = await started.ready();
    const app = (await (await fetch(`${url}/_emulator/app`)).json()) as {
      apiKey: string;
      wallets: { address: string; seed: string }[];
    };
    const pioneers = (await (await fetch(`${url}/_emulator/pioneers`)).json()) as { username: string }[];
    for (const told of [
      `${url}/v2`,
      `${url}/pi-sdk.js`,
      `${url}/_emulator`,
      app.apiKey,
      ...app.wallets.flatMap(({ address, seed }) => [address, seed]),
      ...pioneers.map(({ username }) => username),
    ])
      expect(started.stdout).toContain(told);
    expect([app.wallets.length, pioneers.length]).toEqual([2, 3]);
    const answer = await fetch(`${url}/v2/payments/incomplete_server_payments`, {
      headers: { authorization: `Key ${app.apiKey}` },
    });
    expect(answer.status).toBe(200);
  });

  // The command never calls process.exit(): it ends because stop() leaves no socket, timer or ledger behind.
  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly on %s, with a connection and a wait open', async (signal) => {
    const started = cli(['--port', '0']);
    const url = await started.ready();
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => get(`${url}/v2/me`, { agent }, (answer) => answer.resume().on('end', resolve)));
    await fetch(`${url}/_emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fault: 'latency', latencyMs: 600_000 }),
    });
    const waiting = fetch(`${url}/v2/me`).catch(() => 'cut');
    const journal = async (): Promise<unknown[]> =>
      (await (await fetch(`${url}/_emulator/journal`)).json()) as unknown[];
    while ((await journal()).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const start = performance.now();
    started.child.kill(signal);
    expect(await started.ended()).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(performance.now() - start).toBeLessThan(3000);
    expect(await waiting).toBe('cut');
    agent.destroy();
  });

  it('takes the port from PI_EMULATOR_PORT, and says in one message when it is busy', async () => {
    const other = await PiEmulator.start({ port: 0 });
    const { port } = new URL(other.url);
    const { code, stdout, stderr } = await cli([], { PI_EMULATOR_PORT: port }).ended();
    await other.stop();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^pi-emulator: Port ${port} on 127\\.0\\.0\\.1 is in use.*--port 31416`)),
    ]);
  });

  it.each([
    [['--prot', '1'], /Unknown option '--prot'/],
    [['--network', 'moon'], /network is 'moon': give 'testnet' or 'mainnet'/],
  ])('%j is a clear error', async (args, message) => {
    const { code, stdout, stderr } = await cli(args).ended();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('See pi-emulator --help.');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('explains itself', async () => {
    const { code, stdout } = await cli(['--help']).ended();
    expect(code).toBe(0);
    for (const flag of ['port', 'host', 'network', 'ledger-ms', 'state-file', 'wallets', 'pioneers', 'seed', 'version'])
      expect(stdout).toContain(`--${flag}`);
  });

  it('tells its version', async () => {
    expect((await cli(['--version']).ended()).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('keeps its world through kill -9', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pi-emulator-cli-'));
    directories.push(directory);
    const args = ['--port', '0', '--ledger-ms', '50', '--state-file', join(directory, 'state.json')];
    const before = cli(args);
    const made = await fetch(`${await before.ready()}/_emulator/pioneers`, { method: 'POST' });
    const { uid, accessToken } = (await made.json()) as { uid: string; accessToken: string };
    before.child.kill('SIGKILL');
    await before.ended();
    const url = await cli(args).ready();
    const me = await fetch(`${url}/v2/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(await me.json()).toMatchObject({ uid });
  });
});
