import { PiEmulator } from './emulator.js';

const emulator = await PiEmulator.start();
console.log(`pi-emulator: ${emulator.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.stop());
