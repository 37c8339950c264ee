// The tests of PouchDB's suites that ask the server to run a function of a design document: to filter, to map, or to
// validate. mycouch runs none, so they are no measure of it.
const filters = [
  'Changes filter',
  'Changes limit and filter',
  'Changes limit and view instead of filter',
  'Changes with shorthand function name',
  '#3609 view option implies filter: _view',
  '#3606 - live replication with filtered ddoc',
  '#3606 - live repl with filtered ddoc+query_params',
  '#3606 - live repl with view',
  '#3543 replication with a ddoc filter',
  '#3578 replication with a ddoc filter w/ _deleted=true',
  '#3578 replication with a ddoc filter w/ remove()',
];

const views = [
  'Basic views',
  'Concurrent queries',
  'Test _conflicts key',
  'test docs with reserved javascript ids',
];

const validations = [
  '#2935 new_edits=false with single unauthorized',
  '#2268 dont stop replication if single forbidden',
  '#2268 dont stop replication if single unauth',
  '#2268 dont stop replication if many unauth',
  '#3171 Forbidden validate_doc_update error message',
  '#3171 Unauthorized validate_doc_update error message',
  '#3070 Doc IDs with validate_doc_update errors',
  '#3270 triggers "denied" events',
  '#3270 triggers "denied" events, reverse direction',
];

export const runningFunctions = [...filters, ...views, ...validations];

// Those that only store one, which a tenant's user may not.
export const storingFunctions = [
  'Changes accepts "_design" as filter property',
  'Test writing design doc',
  '3356 throw inside a filter',
];
