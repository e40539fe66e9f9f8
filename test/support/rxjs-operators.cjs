// What `rxjs/operators` exports, out of the one file that Jest maps `rxjs` to.
module.exports = require('rxjs').operators;
