// Type-checked with skipLibCheck off: the published declarations stand on the declared dependencies alone.
import { PiModule, type PiModuleOptions } from 'nestjs-pi';
import * as config from 'nestjs-pi/config';
import * as swagger from 'nestjs-pi/swagger';
import * as terminus from 'nestjs-pi/terminus';
import * as testing from 'nestjs-pi/testing';
import * as websockets from 'nestjs-pi/websockets';
import { PiEmulator } from 'pi-emulator';

const options: PiModuleOptions = { apiKey: 'key', network: 'testnet' };
export const module = PiModule.forRoot(options);
export const start = (): Promise<PiEmulator> => PiEmulator.start({ port: 0 });
export const subPaths = { config, swagger, terminus, testing, websockets };
