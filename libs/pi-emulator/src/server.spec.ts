import { Agent, createServer, request } from 'node:http';
import { connect } from 'node:net';
import { PiEmulator } from 'pi-emulator';

describe('the port', () => {
  it.each([1, 2])('is free again after stop (%i)', async () => {
    const first = await PiEmulator.start({ port: 0 });
    const port = Number(new URL(first.url).port);
    await first.stop();
    const second = await PiEmulator.start({ port });
    expect(second.url).toBe(`http://127.0.0.1:${port}`);
    await second.stop();
  });

  it('that is busy is one clear error with the fix', async () => {
    const pi = await PiEmulator.start({ port: 0 });
    const { port } = new URL(pi.url);
    await expect(PiEmulator.start({ port: Number(port) })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use, perhaps by another pi-emulator: end that program, or choose another port (PI_EMULATOR_PORT=31416, --port 31416`,
    );
    await pi.stop();
  });

  it('is closed to other machines by default', async () => {
    const pi = await PiEmulator.start({ port: 0 });
    expect(new URL(pi.url).hostname).toBe('127.0.0.1');
    await pi.stop();
  });
});

describe('stop', () => {
  it('cuts idle keep-alive connections, half-sent requests and long waits', async () => {
    const pi = await PiEmulator.start({ port: 0, ledgerMs: 60_000 });
    const { port } = new URL(pi.url);
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      request({ port, path: '/v2/me', agent }, (answer) => answer.resume().on('end', resolve)).end(),
    );
    const half = connect(Number(port), '127.0.0.1', () => half.write('POST /v2/payments HTTP/1.1\r\nhost: x\r\n'));
    half.on('error', () => {});
    const cut = new Promise((resolve) => half.on('close', resolve));
    pi.addFault({ match: { path: '/v2/me' }, fault: 'latency', latencyMs: 60_000 });
    const slow = fetch(`${pi.platformUrl}/me`).catch(() => 'cut');
    while (pi.journal().length < 2) await new Promise(setImmediate);
    const start = performance.now();
    await pi.stop();
    await Promise.all([cut, slow]);
    expect(performance.now() - start).toBeLessThan(1000);
    agent.destroy();
  });

  it('may be called twice', async () => {
    const pi = await PiEmulator.start({ port: 0 });
    await pi.stop();
    await expect(pi.stop()).resolves.toBeUndefined();
  });
});

describe('wrong options', () => {
  it('are listed all at once, each with its fix', async () => {
    const start = PiEmulator.start({
      port: 70_000,
      ledgerMs: 0,
      ledgerSeconds: 0,
      submitTimeoutMs: -1,
      network: 'testnet2' as never,
      apiKey: 'a-real-key',
      wallets: 0,
      walletBalance: 'much',
      pioneers: -1,
      a2uLimit: 'none' as never,
    });
    await expect(start).rejects.toThrow(
      expect.objectContaining({
        name: 'EmulatorOptionsError',
        problems: [
          expect.stringMatching(/^port is 70000: give/),
          expect.stringMatching(/^ledgerMs is 0: give/),
          expect.stringMatching(/^ledgerSeconds is 0: give/),
          expect.stringMatching(/^submitTimeoutMs is -1: give/),
          expect.stringMatching(/^network is 'testnet2': give/),
          expect.stringMatching(/^apiKey does not start with 'emulated_'/),
          expect.stringMatching(/^wallets is 0: give/),
          expect.stringMatching(/^pioneers is -1: give/),
          expect.stringMatching(/^walletBalance is much: give/),
          expect.stringMatching(/^a2uLimit is 'none': give/),
        ],
      }),
    );
    await expect(start).rejects.not.toThrow('a-real-key');
  });

  it('leave a port alone that another program holds', async () => {
    const other = createServer((_request, answer) => answer.end('other'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(PiEmulator.start({ port })).rejects.toThrow(/is in use/);
    expect(await (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text()).toBe('other');
    await new Promise((resolve) => other.close(resolve));
  });
});
