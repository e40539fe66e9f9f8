// Type-checked with skipLibCheck off: the published declarations stand on the declared dependencies alone.
import { PiModule, type PiModuleOptions } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';

const options: PiModuleOptions = { apiKey: 'key', network: 'testnet' };
export const module = PiModule.forRoot(options);
export const start = (): Promise<PiEmulator> => PiEmulator.start({ port: 0 });
