import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** For servers that cannot pick one themselves. */
export function freePort(): Promise<number> {
  return new Promise((free) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => free(port));
    });
  });
}
