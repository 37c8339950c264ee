// What docs/openapi.yaml says of an operation's answers, as checks of real ones.
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** The operation's template for a route of the server: OpenAPI has no parameters of several segments. */
function template(path) {
  return path.replace('...}', '}');
}

/** OpenAPI has no COPY: it is described as an extension, in the form of an operation. */
function operationName(method) {
  return method === 'COPY' ? 'x-copy' : method.toLowerCase();
}

export class AnswerSchemas {
  #ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  #document;

  constructor(document) {
    this.#document = document;
    this.#ajv.addSchema(document, 'openapi');
  }

  /** What is wrong with an answer's body, as text; empty when nothing is, or when it is no JSON by the document. */
  complaint({ method, path, status }, body) {
    const response = this.#document.paths[template(path)]?.[operationName(method)]?.responses[status];
    if (!response) return `${method} ${path} does not describe ${status}`;
    const name = response.$ref.split('/').at(-1);
    if (!this.#document.components.responses[name].content?.['application/json']) return '';
    const check = this.#ajv.getSchema(`openapi#/components/responses/${name}/content/application~1json/schema`);
    return check(body) ? '' : `${name}: ${this.#ajv.errorsText(check.errors)}`;
  }
}
