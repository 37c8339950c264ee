// The access matrix: what each route answers each caller. docs/http-api.md shows it, matrix.test.mjs asks it.
//
// A row is one request to a route. `given` names what stands before it, made anew for each caller; its values fill the
// route's parameters, unless `path` names others. Rows of `/{db}…` hold for `/__tenants/{tenant}/{db}…` too, but for
// what `within` says. A dash: not asked, because another row of the route answers it.

export const callers = ['no token', 'bad token', 'stranger', 'viewer', 'member', 'admin', 'owner', 'administrator'];

/** The word of an error, where a row does not say another. */
export const words = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  412: 'file_exists',
  501: 'not_implemented',
};

// The usual columns.
const everyone = '200 200 200 200 200 200 200 200';
const administrator = (status) => `401 401 403 403 403 403 403 ${status}`;
const user = (status) => `401 401 ${`${status} `.repeat(5)}403`;
const reader = (status) => `401 401 403 ${status} ${status} ${status} ${status} ${status}`;
const writer = (status) => `401 401 403 403 ${status} ${status} ${status} ${status}`;
const manager = (status) => `401 401 403 403 403 ${status} ${status} ${status}`;
const owner = (status) => `401 401 403 403 403 403 ${status} ${status}`;
const nobody = '401 401 403 403 403 403 403 403';

function row(route, statuses, rest = {}) {
  const [method, pattern] = route.split(' ');
  const list = statuses.split(' ');
  return { method, pattern, statuses: list, ...rest, within: rest.within?.split(' ') ?? list };
}

const server = [
  row('GET /', everyone, { shows: ['couchdb', 'uuid'] }),
  row('GET /_up', everyone, { shows: ['status'] }),
  row('GET /_uuids', everyone, { shows: ['uuids'] }),
  row('GET /_session', '200 401 200 200 200 200 200 200', { shows: ['userCtx'] }),
  row('POST /_session', '404 404 404 404 404 404 404 404', { json: {} }),
  row('GET /_all_dbs', '401 401 200 200 200 200 200 200'),
  row('GET /_dbs_info', '401 401 200 200 200 200 200 200'),
  row('POST /_dbs_info', '401 401 200 200 200 200 200 200', { json: { keys: ['roady'] } }),
  row('GET /_active_tasks', administrator(200)),
  row('GET /__audit', administrator(200)),
  row('POST /__bootstrap', user(200), { json: {}, shows: ['active_tenant_id', 'user_doc', 'tenant_doc', 'bootstrapped'] }),
];

// What PouchDB asks of a table that it replicates.
const replication = (table, own, results) => [
  row(`PUT ${table}`, user(412)),
  row(`GET ${table}`, user(200), { slash: true, shows: ['db_name', 'update_seq', 'doc_count'] }),
  row(`GET ${table}/_changes`, user(200), { shows: ['results', 'last_seq'] }),
  row(`POST ${table}/_changes`, user(200), { json: {}, shows: ['results', 'last_seq'] }),
  row(`GET ${table}/_all_docs`, user(200), { shows: ['rows'] }),
  row(`POST ${table}/_all_docs`, user(200), { json: { keys: [] }, shows: ['rows'] }),
  row(`POST ${table}/_bulk_get`, user(200), { given: own, json: ({ doc }) => ({ docs: [{ id: doc._id }] }), shows: ['results'] }),
  row(`POST ${table}/_revs_diff`, user(200), { given: own, json: ({ doc }) => ({ [doc._id]: [`9-${'a'.repeat(32)}`] }) }),
  row(`POST ${table}/_missing_revs`, user(200), { given: own, json: ({ doc }) => ({ [doc._id]: [`9-${'a'.repeat(32)}`] }) }),
  row(`POST ${table}/_ensure_full_commit`, user(201), { json: {}, shows: ['ok'] }),
  row(`POST ${table}/_bulk_docs`, user(201), { given: own, json: ({ doc }) => ({ docs: [{ ...doc, name: 'Renamed' }] }), results }),
  row(`GET ${table}/_local/{local}`, user(200), { given: 'a checkpoint', table, shows: ['_id', '_rev'] }),
  row(`PUT ${table}/_local/{local}`, user(201), { given: 'a name', json: {}, shows: ['ok', 'id', 'rev'] }),
  row(`DELETE ${table}/_local/{local}`, user(200), { given: 'a checkpoint', table, shows: ['ok'] }),
];

const written = ['ok', 'id', 'rev', '_id', '_rev'];

const users = [
  ...replication('/__users', 'their own user document', 'ok ok ok ok ok'),
  row('GET /__users/{id}', '401 401 200 200 200 200 200 -', { what: 'oneself', given: 'themselves', shows: ['_id', 'sub', 'tenants'] }),
  row('GET /__users/{id}', administrator(200), { what: 'another', given: 'another user', shows: ['_id', 'sub', 'tenants'] }),
  row('PUT /__users/{id}', '401 401 200 200 200 200 200 -', { what: 'oneself', given: 'themselves', json: { name: 'Jo' }, shows: written }),
  row('PUT /__users/{id}', nobody, { what: 'another', given: 'another user', json: { name: 'Jo' } }),
  row('DELETE /__users/{id}', '401 401 403 403 403 403 403 -', { what: 'oneself', given: 'themselves' }),
  row('DELETE /__users/{id}', administrator(200), { what: 'another', given: 'another user', shows: written }),
];

const tenants = [
  row('GET /__tenants', user(200)),
  row('POST /__tenants', user(201), { json: { name: 'Night Shift' }, shows: ['_id', 'userId', 'members'] }),
  ...replication('/__tenants', 'a tenant', 'forbidden forbidden forbidden forbidden ok'),
  row('GET /__tenants/{tenant}', reader(200), { given: 'a tenant', shows: ['_id', 'members', 'userIds'] }),
  row('PUT /__tenants/{tenant}', owner(200), { given: 'a tenant', json: { name: 'Day Shift' }, shows: written }),
  row('DELETE /__tenants/{tenant}', owner(200), { given: 'a tenant', shows: written }),
  row('DELETE /__tenants/{tenant}', '401 401 403 403 403 403 403 -', { what: 'the active one', given: 'a tenant', active: true }),
  row('DELETE /__tenants/{tenant}', nobody, { what: 'a personal one', given: 'a personal tenant' }),
  row('POST /__tenants/{tenant}/restore', '401 401 403 403 403 403 200 200', { given: 'a deleted tenant', json: {}, shows: ['_id', 'members'] }),
  row('POST /__tenants/{tenant}/transfer', owner(200), { given: 'a tenant', json: ({ other }) => ({ userId: other }), shows: ['_id', 'userId', 'members'] }),
];

const member = '/__tenants/{tenant}/members/{user}';

const members = [
  row('GET /__tenants/{tenant}/members', reader(200), { given: 'a tenant' }),
  row(`PUT ${member}`, manager(200), { what: 'a member', given: 'a tenant', path: { user: 'other' }, json: { role: 'viewer' }, shows: written }),
  row(`PUT ${member}`, nobody, { what: 'the owner', given: 'a tenant', path: { user: 'owner' }, json: { role: 'member' } }),
  row(`PUT ${member}`, nobody, { what: 'to `owner`', given: 'a tenant', path: { user: 'other' }, json: { role: 'owner' } }),
  row(`DELETE ${member}`, manager(200), { what: 'a member', given: 'a tenant', path: { user: 'other' }, shows: written }),
  row(`DELETE ${member}`, nobody, { what: 'the owner', given: 'a tenant', path: { user: 'owner' } }),
  row(`DELETE ${member}`, '401 401 403 200 200 200 403 -', { what: 'oneself', given: 'a tenant', path: { user: 'self' }, shows: written }),
];

const invitations = [
  row('GET /__tenants/{tenant}/invitations', manager(200), { given: 'an invitation' }),
  row('POST /__tenants/{tenant}/invitations', '401 401 403 403 403 201 201 403', {
    given: 'a tenant',
    json: { role: 'member' },
    shows: ['id', 'token', 'role', 'expiresAt', 'tenantId', 'createdBy', 'createdAt'],
  }),
  row('DELETE /__tenants/{tenant}/invitations/{invite}', manager(200), { given: 'an invitation', shows: ['ok', 'id'] }),
  row('GET /__invitations/{token}', user(200), { given: 'an invitation', shows: ['tenant', 'role', 'invitedBy', 'expiresAt'] }),
  row('POST /__invitations/{token}/accept', user(200), { given: 'an invitation', json: {}, shows: ['_id', 'members'] }),
];

const databases = [
  row('PUT /{db}', '401 401 412 412 412 412 412 412', {
    what: 'that the application has',
    within: '401 401 412 412 412 412 412 403',
  }),
  row('PUT /{db}', administrator(201), { what: 'any other', given: 'the name of a database', within: nobody }),
  row('DELETE /{db}', administrator(200), { given: 'a database', within: nobody }),
  row('GET /{db}', reader(200), { shows: ['db_name', 'update_seq', 'doc_count'] }),
  row('POST /{db}', writer(201), { json: {}, shows: ['ok', 'id', 'rev'] }),
  row('GET /{db}/_all_docs', reader(200), { shows: ['rows'] }),
  row('POST /{db}/_all_docs', reader(200), { json: { keys: [] }, shows: ['rows'] }),
  row('POST /{db}/_all_docs/queries', reader(200), { json: { queries: [{}] }, shows: ['results'] }),
  ...['_design_docs', '_local_docs'].flatMap((list) => [
    row(`GET /{db}/${list}`, reader(200), { shows: ['rows'] }),
    row(`POST /{db}/${list}`, reader(200), { json: { keys: [] }, shows: ['rows'] }),
    row(`POST /{db}/${list}/queries`, reader(200), { json: { queries: [{}] }, shows: ['results'] }),
  ]),
  row('GET /{db}/_changes', reader(200), { shows: ['results', 'last_seq'] }),
  row('POST /{db}/_changes', reader(200), { json: {}, shows: ['results', 'last_seq'] }),
  row('POST /{db}/_bulk_docs', writer(201), { json: { docs: [{}] } }),
  row('POST /{db}/_bulk_get', reader(200), { given: 'a document', json: ({ id }) => ({ docs: [{ id }] }), shows: ['results'] }),
  row('POST /{db}/_revs_diff', reader(200), { given: 'a document', json: ({ id }) => ({ [id]: [`9-${'a'.repeat(32)}`] }) }),
  row('POST /{db}/_missing_revs', reader(200), { given: 'a document', json: ({ id }) => ({ [id]: [`9-${'a'.repeat(32)}`] }) }),
  row('POST /{db}/_ensure_full_commit', reader(201), { json: {}, shows: ['ok'] }),
  row('POST /{db}/_compact', administrator(202), { json: {}, shows: ['ok'] }),
  row('POST /{db}/_view_cleanup', administrator(202), { json: {}, shows: ['ok'] }),
  row('GET /{db}/_revs_limit', reader(200)),
  row('PUT /{db}/_revs_limit', administrator(200), { text: '1000', shows: ['ok'] }),
  row('GET /{db}/_purged_infos_limit', reader(200)),
  row('PUT /{db}/_purged_infos_limit', administrator(200), { text: '1000', shows: ['ok'] }),
  row('GET /{db}/_security', reader(200), { shows: ['admins', 'members'] }),
  row('PUT /{db}/_security', administrator(200), { json: { admins: { names: [], roles: ['_admin'] }, members: { names: [], roles: ['_admin'] } }, shows: ['ok'] }),
  row('POST /{db}/_purge', administrator(201), { json: {}, shows: ['purged'] }),
  row('POST /{db}/_find', reader(200), { json: { selector: {} }, shows: ['docs', 'bookmark'] }),
  row('POST /{db}/_explain', reader(200), { json: { selector: {} }, shows: ['index', 'selector'] }),
  row('GET /{db}/_index', reader(200), { shows: ['total_rows', 'indexes'] }),
  row('POST /{db}/_index', writer(200), { json: { index: { fields: ['title'] } }, shows: ['result', 'id', 'name'] }),
  row('POST /{db}/_index/_bulk_delete', writer(200), { json: { docids: [] }, shows: ['success', 'fail'] }),
  row('DELETE /{db}/_index/{design}/{type}/{name}', writer(200), { given: 'an index', shows: ['ok'] }),
  row('DELETE /{db}/_index/_design/{design}/{type}/{name}', writer(200), { given: 'an index', shows: ['ok'] }),
];

const localDocuments = [
  ...['GET', 'PUT', 'DELETE'].flatMap((method) => [
    row(`${method} /{db}/_local`, reader(400), { json: method === 'PUT' ? {} : undefined }),
    row(`${method} /{db}/_local/{local}/{rest...}`, reader(400), {
      given: 'a checkpoint',
      path: { rest: 'file.txt' },
      text: method === 'PUT' ? 'text' : undefined,
    }),
  ]),
  row('GET /{db}/_local/{local}', reader(200), { given: 'a checkpoint', shows: ['_id', '_rev'] }),
  row('PUT /{db}/_local/{local}', reader(201), { given: 'a name', json: {}, shows: ['ok', 'id', 'rev'] }),
  row('DELETE /{db}/_local/{local}', reader(200), { given: 'a checkpoint', shows: ['ok'] }),
  row('COPY /{db}/_local/{local}', writer(201), { given: 'a checkpoint', headers: () => ({ destination: `copy-${Math.random()}` }), shows: ['ok', 'id', 'rev'] }),
];

const design = '/{db}/_design/{design}';

const designDocuments = [
  row(`GET ${design}`, reader(200), { given: 'a design document', shows: ['_id', '_rev'] }),
  row(`PUT ${design}`, writer(201), { given: 'a name', json: { language: 'query' }, shows: ['ok', 'id', 'rev'] }),
  row(`PUT ${design}`, administrator(201), {
    what: 'with code',
    given: 'a name',
    json: { views: { all: { map: 'function (doc) { emit(doc._id); }' } } },
    within: nobody,
  }),
  row(`COPY ${design}`, writer(201), { given: 'a design document', headers: () => ({ destination: `copy-${Math.random()}` }), shows: ['ok', 'id', 'rev'] }),
  row(`DELETE ${design}`, writer(200), { given: 'a design document', query: ({ rev }) => ({ rev }), shows: ['ok', 'id', 'rev'] }),
  ...['GET {}/_info', 'GET {}/_view/{function}', 'POST {}/_view/{function}', 'GET {}/_show/{function...}', 'GET {}/_list/{function...}', 'GET {}/_rewrite/{function...}'].map((route) =>
    row(route.replace('{}', design), reader(501), { given: 'a design document', json: route.startsWith('POST') ? {} : undefined })),
  ...['POST', 'PUT'].map((method) =>
    row(`${method} ${design}/_update/{function...}`, writer(501), { given: 'a design document', json: {} })),
];

const documents = [
  row('GET /{db}/{id}', reader(200), { given: 'a document', shows: ['_id', '_rev'] }),
  row('PUT /{db}/{id}', writer(201), { given: 'a name', json: { title: 'So What' }, shows: ['ok', 'id', 'rev'] }),
  row('DELETE /{db}/{id}', writer(200), { given: 'a document', query: ({ rev }) => ({ rev }), shows: ['ok', 'id', 'rev'] }),
  row('COPY /{db}/{id}', writer(201), { given: 'a document', headers: () => ({ destination: `copy-${Math.random()}` }), shows: ['ok', 'id', 'rev'] }),
];

const attachments = ['/{db}/{id}', design].flatMap((owning) => {
  const given = owning === design ? 'a design document' : 'a document';
  const query = ({ rev }) => ({ rev });
  return [
    row(`GET ${owning}/{attachment...}`, reader(200), { given }),
    row(`PUT ${owning}/{attachment...}`, writer(201), { given, query, text: 'other words', shows: ['ok', 'id', 'rev'] }),
    row(`DELETE ${owning}/{attachment...}`, writer(200), { given, query, shows: ['ok', 'id', 'rev'] }),
  ];
});

export const matrix = [
  { title: 'The server', rows: server },
  { title: 'Users', rows: users },
  { title: 'Tenants', rows: tenants },
  { title: 'Members', rows: members },
  { title: 'Invitations', rows: invitations },
  { title: 'Databases', rows: databases },
  { title: 'Local documents', rows: localDocuments },
  { title: 'Design documents', rows: designDocuments },
  { title: 'Documents', rows: documents },
  { title: 'Attachments', rows: attachments },
];
