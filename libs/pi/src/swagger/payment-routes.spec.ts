import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { PiModule, type PiModuleExtras } from 'nestjs-pi';
import { addPiPayments, type PiPaymentRoutesOptions } from 'nestjs-pi/swagger';

const ROUTES = ['approve', 'complete', 'cancel', 'error', 'incomplete'];

async function documentOf(extras: PiModuleExtras, options?: PiPaymentRoutesOptions): Promise<OpenAPIObject> {
  const pi = { apiKey: 'emulated_key', network: 'testnet', platformUrl: 'http://127.0.0.1:9/v2' } as const;
  const testing = await Test.createTestingModule({ imports: [PiModule.forRoot({ ...pi, ...extras })] }).compile();
  const app = testing.createNestApplication({ logger: false });
  const plain = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  await app.close();
  return addPiPayments(plain, options);
}

describe.each([
  ['the default path', { paymentsController: true }, undefined, '/pi_payment'],
  ['a path of the app', { paymentsController: { path: 'api/pi' } }, { path: '/api/pi/' }, '/api/pi'],
] as const)('addPiPayments at %s', (_where, extras, options, base) => {
  let document: OpenAPIObject;
  beforeAll(async () => {
    document = await documentOf(extras, options);
  });
  const bodyOf = (route: string) => {
    const body = document.paths[`${base}/${route}`]?.post?.requestBody;
    return body && 'content' in body ? body.content['application/json']?.schema : undefined;
  };

  it.each([
    ['approve', ['paymentId'], ['paymentId', 'accessToken']],
    ['complete', ['paymentId', 'transactionId'], ['paymentId', 'transactionId']],
    ['cancel', ['paymentId'], ['paymentId']],
    ['error', ['paymentId'], ['paymentId', 'error']],
    ['incomplete', ['paymentId'], ['paymentId', 'transactionId']],
  ])('documents the body of %s', (route, required, fields) => {
    const schema = bodyOf(route) as { required: string[]; properties: Record<string, unknown> };
    expect(schema.required).toEqual(required);
    expect(Object.keys(schema.properties)).toEqual(fields);
  });

  it('documents the answers, those of a token only where one is asked for', () => {
    const answersOf = (route: string) => Object.keys(document.paths[`${base}/${route}`]?.post?.responses ?? {});
    for (const route of ROUTES)
      expect(answersOf(route)).toEqual(expect.arrayContaining(['200', '400', '404', '409', '503']));
    expect(ROUTES.filter((route) => answersOf(route).includes('401'))).toEqual(['approve']);
  });
});

it('leaves a document without those routes as it is', async () => {
  expect((await documentOf({})).paths).toEqual({});
});
