import type { ContentTypeParserDoneFunction } from 'fastify/types/content-type-parser.js';
import type { FastifyRequest } from 'fastify';

/** Parser of JSON bodies for fastify: an empty one is none, as many clients announce JSON and send nothing. */
export function readJson(_request: FastifyRequest, body: string | Buffer, done: ContentTypeParserDoneFunction): void {
  if (body.length === 0) return done(null, undefined);
  try {
    done(null, JSON.parse(String(body)));
  } catch {
    done(Object.assign(new Error('The body is not JSON.'), { statusCode: 400 }));
  }
}
