// The tests of PouchDB's suites that are about functions of design documents, by their groups. mycouch runs none, so they
// are no measure of it.

const filtered = [
  '#3543 replication with a ddoc filter',
  '#3578 replication with a ddoc filter w/ _deleted=true',
  '#3578 replication with a ddoc filter w/ remove()',
  '#3606 - live repl with filtered ddoc+query_params',
  '#3606 - live repl with view',
  '#3606 - live replication with filtered ddoc',
];

const validated = [
  '#2268 dont stop replication if many unauth',
  '#2268 dont stop replication if single forbidden',
  '#2268 dont stop replication if single unauth',
  '#3070 Doc IDs with validate_doc_update errors',
  '#3171 Forbidden validate_doc_update error message',
  '#3171 Unauthorized validate_doc_update error message',
];

const run = {
  'test.bulk_docs.js-http': ['#2935 new_edits=false with single unauthorized'],
  'test.changes.js-http': [
    '#3609 view option implies filter: _view',
    'Changes limit and filter',
    'Changes limit and view instead of filter',
    'Changes with shorthand function name',
  ],
  'test.design_docs.js-http': ['Basic views', 'Changes filter', 'Concurrent queries'],
  'test.replication.js-http-http': [
    ...filtered,
    ...validated,
    'Test _conflicts key',
    'doc count after multiple replications',
  ],
  'test.replication.js-http-local': ['doc count after multiple replications'],
  'test.replication.js-local-http': [
    ...filtered,
    ...validated,
    '#3270 triggers "denied" events',
    'Test _conflicts key',
  ],
  'test.reserved.js-http-http': ['test docs with reserved javascript ids'],
  'test.reserved.js-http-local': ['test docs with reserved javascript ids'],
  'test.sync.js-local-http': ['#3270 triggers "denied" events', '#3270 triggers "denied" events, reverse direction'],
};

const stored = {
  'test.errors.js': ['invalid ddoc'],
  'test.changes.js-http': ['3356 throw inside a filter', 'Changes accepts "_design" as filter property'],
  'test.design_docs.js-http': ['Test writing design doc'],
  'test.replication.js-local-http': ['doc count after multiple replications'],
};

function fullTitles(groups) {
  return Object.entries(groups).flatMap(([group, titles]) => titles.map((title) => `${group} ${title}`));
}

/** Where the server has to run one. */
export const runningFunctions = fullTitles(run);

/** Where it only has to store one: for the administrator it does, for a tenant's user it does not. */
export const storingFunctions = fullTitles(stored);
