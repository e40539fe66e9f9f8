import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Transport } from './transport.js';

/**
 * gRPC metadata, and the headers of NATS, Kafka, RabbitMQ and MQTT 5, under `authorization`. A transport without headers (TCP, Redis)
 * has no token to show, so it is denied unless `extractToken` is overridden.
 */
export const rpcTransport: Transport = {
  carrier: (context) => asObject(context.getArgByIndex(1)),
  token: (context) => bearerToken(sole(header(context))),
  async exception(error, context) {
    const { RpcException } = await import('@nestjs/microservices');
    const isGrpc = canGet(context.getArgByIndex<object>(1));
    return new RpcException(
      isGrpc ? { code: grpcCode(error.getStatus()), message: error.message } : error.getResponse(),
    );
  },
};

/** UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE, INTERNAL. A client of gRPC gets a number and a text, nothing else. */
function grpcCode(status: number): number {
  switch (status) {
    case 401:
      return 16;
    case 403:
      return 7;
    case 503:
      return 14;
    default:
      return 13;
  }
}

function header(context: object): unknown {
  // gRPC: Metadata.get() gives every value of the name.
  if (canGet(context)) return context.get('authorization');
  // NATS: its get() gives the first of several.
  const nats = asObject(call(context, 'getHeaders'));
  if (nats) return call(nats, 'values', 'authorization');
  const headers =
    property(call(context, 'getMessage'), 'headers') ?? // Kafka
    property(property(call(context, 'getMessage'), 'properties'), 'headers') ?? // RabbitMQ
    property(property(call(context, 'getPacket'), 'properties'), 'userProperties'); // MQTT 5
  return property(headers, 'authorization');
}

/** Of several tokens none counts: which was meant would be a guess. Kafka's are bytes. */
function sole(value: unknown): unknown {
  const only = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return Buffer.isBuffer(only) ? only.toString('utf8') : only;
}

function canGet(value: object): value is { get(name: string): unknown } {
  return typeof property(value, 'get') === 'function';
}

function call(target: object, method: string, ...args: unknown[]): unknown {
  const found = property(target, method);
  return typeof found === 'function' ? found.apply(target, args) : undefined;
}
