// A Postman collection made from the OpenAPI document: a folder for each tag, a request for each operation, with the
// examples' values. Nothing in it depends on when or where it is made.

const methods = ['get', 'put', 'post', 'delete', 'x-copy'];

function at(document, reference) {
  return reference.slice(2).split('/').reduce((value, name) => value[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** The value itself where it is a reference. */
function resolved(document, value) {
  return value?.$ref ? at(document, value.$ref) : value;
}

function exampleOf(document, parameter) {
  const value = parameter.example ?? resolved(document, parameter.schema)?.example ?? parameter.schema?.default ?? '';
  return String(value);
}

function described(document, parameter) {
  return { key: parameter.name, value: exampleOf(document, parameter), description: parameter.description };
}

function url(document, path, parameters) {
  const segments = path.slice(1).split('/').map((segment) => segment.replace(/^{(\w+)}$/, ':$1'));
  const query = parameters.filter((parameter) => parameter.in === 'query')
    .map((parameter) => ({ ...described(document, parameter), disabled: true }));
  const variable = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => described(document, parameter));
  return {
    raw: `{{server}}/${segments.join('/')}`,
    host: ['{{server}}'],
    path: segments,
    ...(query.length > 0 ? { query } : {}),
    ...(variable.length > 0 ? { variable } : {}),
  };
}

function body(document, operation) {
  const content = resolved(document, operation.requestBody)?.content;
  if (!content) return {};
  const json = content['application/json'];
  if (!json) return { header: [{ key: 'Content-Type', value: 'text/plain' }], body: { mode: 'raw', raw: 'words' } };
  return {
    header: [{ key: 'Content-Type', value: 'application/json' }],
    body: { mode: 'raw', raw: JSON.stringify(json.example, null, 2), options: { raw: { language: 'json' } } },
  };
}

function pairs(values) {
  return Object.entries(values).map(([key, value]) => ({ key, value, type: 'string' }));
}

const bearer = { type: 'bearer', bearer: pairs({ token: '{{token}}' }) };
const basic = { type: 'basic', basic: pairs({ username: '{{administrator}}', password: '{{password}}' }) };

// The collection's own, the user's token, unless the operation is for the administrator or for anyone.
function auth({ security }) {
  if (security === undefined || security.some((scheme) => scheme.bearer)) return {};
  return { auth: security.length === 0 ? { type: 'noauth' } : basic };
}

function request(document, path, method, item, operation) {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) => resolved(document, parameter));
  return {
    name: `${operation.summary} (${operation.operationId})`,
    request: {
      method: method.replace('x-', '').toUpperCase(),
      ...auth(operation),
      ...body(document, operation),
      url: url(document, path, parameters),
      ...(operation.description ? { description: operation.description } : {}),
    },
  };
}

export function postmanCollection(document) {
  const requests = Object.entries(document.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => ({
      tag: item[method].tags[0],
      entry: request(document, path, method, item, item[method]),
    })));
  return {
    info: {
      name: document.info.title,
      description: `${document.info.description.trim()}\n\nSet \`token\` to a user's, and \`administrator\` and \`password\` for the requests that are the administrator's.`,
      version: document.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: bearer,
    variable: pairs({ server: document.servers[0].url, token: '', administrator: 'admin', password: '' }),
    item: document.tags.map(({ name, description }) => ({
      name,
      description,
      item: requests.filter(({ tag }) => tag === name).map(({ entry }) => entry),
    })),
  };
}
