const assert = require('node:assert/strict');
require('reflect-metadata');
const { PiAmount, PiAuthGuard, PiModule } = require('nestjs-pi');
const { PiEmulator } = require('pi-emulator');

assert.equal(typeof PiModule.forRootAsync, 'function');
assert.equal(typeof PiAuthGuard, 'function');
assert.equal(typeof PiEmulator.start, 'function');
assert.equal(PiAmount.of('1.5').toFixed(), '1.5000000');
console.log('✓ require');
