import type { INestApplication, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { ModuleMetadata } from '@nestjs/common';

/** For `describe.each`: everything that speaks HTTP is tested on both. */
export const ADAPTERS = [
  ['Express', ExpressAdapter],
  ['Fastify', FastifyAdapter],
] as const satisfies readonly (readonly [string, Type])[];

export type AdapterType = (typeof ADAPTERS)[number][1];

/** Starts an app on a free port of this machine. */
export async function listen(
  Adapter: AdapterType,
  metadata: ModuleMetadata,
): Promise<{ app: INestApplication; url: string }> {
  const testing = await Test.createTestingModule(metadata).compile();
  const app = testing.createNestApplication(new Adapter());
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
