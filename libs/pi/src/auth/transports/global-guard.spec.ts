import { Controller, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import { lastValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import { eventually } from '../../../../../test/support/eventually.js';
import { freePort } from '../../../../../test/support/free-port.js';
import { StagedMe } from '../../../../../test/support/staged-me.js';

@WebSocketGateway({ path: '/ws' })
class Gateway {
  @SubscribeMessage('secret')
  secret() {
    return { event: 'secret', data: 'told' };
  }
}

@Controller()
class Handlers {
  @MessagePattern('bare')
  bare() {
    return 'told';
  }
  @MessagePattern('guarded')
  @UseGuards(PiAuthGuard)
  guarded() {
    return 'told';
  }
}

/** How far `APP_GUARD` reaches is Nest's affair: this is what docs/sign-in.md says of it. */
describe('PiAuthGuard as APP_GUARD', () => {
  let pi: StagedMe;
  let app: INestApplication;
  beforeEach(async () => {
    pi = await StagedMe.start();
    const module = PiModule.forRoot({ apiKey: 'key', network: 'testnet', platformUrl: pi.platformUrl });
    const testing = await Test.createTestingModule({
      imports: [module],
      controllers: [Handlers],
      providers: [Gateway, { provide: APP_GUARD, useClass: PiAuthGuard }],
    }).compile();
    app = testing.createNestApplication();
    app.useWebSocketAdapter(new WsAdapter(app));
  });
  afterEach(async () => {
    await app.close();
    await pi.stop();
  });

  it('reaches the messages of gateways with Nest 12 (Nest 11 runs no global guard there)', async () => {
    await app.listen(0, '127.0.0.1');
    const socket = new WebSocket(`${(await app.getUrl()).replace('http', 'ws')}/ws`);
    const heard: string[] = [];
    socket.on('message', (data) => heard.push(String(data)));
    await eventually(() => socket.readyState === WebSocket.OPEN);
    socket.send(JSON.stringify({ event: 'secret', data: {} }));
    await eventually(() => heard.length === 1);
    socket.terminate();
    expect(heard).toEqual([expect.stringContaining('PI_TOKEN_REFUSED')]);
  });

  const refused = { errorCode: 'PI_TOKEN_REFUSED' };
  it.each<[string, object, object]>([
    ['does not reach the microservices of a hybrid app: their own @UseGuards does', {}, { bare: 'told' }],
    ['reaches them with inheritAppConfig', { inheritAppConfig: true }, { bare: refused }],
  ])('%s', async (_title, hybrid, expected) => {
    const options = { host: '127.0.0.1', port: await freePort() };
    app.connectMicroservice({ transport: Transport.TCP, options }, hybrid);
    await app.startAllMicroservices();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    const answer = (pattern: string) =>
      lastValueFrom(client.send<unknown, unknown>(pattern, {})).catch((error: unknown) => error);
    expect({ bare: await answer('bare'), guarded: await answer('guarded') }).toMatchObject({
      guarded: refused,
      ...expected,
    });
    await client.close();
  });
});
