// Says which packages of the ledger and which optional ones, and how many files of ours, are loaded by the import of the built package, and by opening a ledger of the URL given.
import { register } from 'node:module';

const seen = `
  const ours = new Set();
  const names = /node_modules\\/(kysely|pg|keyv|@electric-sql\\/pglite|@stellar\\/stellar-base|@nestjs\\/(?:config|swagger|terminus|websockets|microservices|graphql))\\//;
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    const name = names.exec(found.url)?.[1];
    if (name) process._rawDebug('loaded ' + name);
    if (found.url.includes('/libs/pi/dist/') && !ours.has(found.url)) process._rawDebug('file of ours');
    ours.add(found.url);
    return found;
  }`;
register(`data:text/javascript,${encodeURIComponent(seen)}`);

const { PiLedger } = await import('nestjs-pi');
process._rawDebug('imported');
const ledger = new PiLedger({ url: process.argv[2] });
process._rawDebug('constructed');
await ledger.onModuleInit();
await ledger.onApplicationShutdown();
process._rawDebug('opened');
