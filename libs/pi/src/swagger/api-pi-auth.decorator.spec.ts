import { Controller, Get } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { ApiPiAuth, addPiAuth } from 'nestjs-pi/swagger';

async function documentOf(controller: Type): Promise<OpenAPIObject> {
  const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
  const app = await testing.createNestApplication().init();
  const document = SwaggerModule.createDocument(app, addPiAuth(new DocumentBuilder()).build());
  await app.close();
  return document;
}

describe('@ApiPiAuth', () => {
  @Controller()
  class Routes {
    @Get('me')
    @ApiPiAuth()
    me(): void {}

    @Get('orders')
    @ApiPiAuth({ scopes: ['payments'] })
    orders(): void {}
  }

  it('documents the token and every answer of the guard', async () => {
    const { paths, components } = await documentOf(Routes);
    expect(components?.securitySchemes).toMatchObject({ pi: { type: 'http', scheme: 'bearer' } });
    const me = paths['/me']?.get;
    expect(me?.security).toEqual([{ pi: [] }]);
    expect(Object.keys(me?.responses ?? {}).toSorted()).toEqual(['401', '503']);
    expect(me?.responses).toMatchObject({
      401: { headers: { 'WWW-Authenticate': {} } },
      503: { headers: { 'Retry-After': {} } },
    });
  });

  it('documents the scopes a route asks for', async () => {
    const { paths } = await documentOf(Routes);
    expect(paths['/orders']?.get?.responses).toMatchObject({
      403: { description: 'The Pioneer has not granted: payments.' },
    });
  });

  it('documents a whole controller at once', async () => {
    @ApiPiAuth({ scopes: ['username'] })
    @Controller('all')
    class Guarded {
      @Get()
      get(): void {}
    }
    const operation = (await documentOf(Guarded)).paths['/all']?.get;
    expect(operation?.security).toEqual([{ pi: [] }]);
    expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(['401', '403', '503']));
  });
});
