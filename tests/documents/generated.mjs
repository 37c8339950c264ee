// The documents that are made from others: what they must hold. scripts/update-documents writes them, a test compares.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

import { root } from '../harness/server.mjs';
import { accessMatrix } from './access_matrix.mjs';
import { postmanCollection } from './postman.mjs';

const marked = /(<!-- begin: access matrix[^\n]*-->\n)[\s\S]*?(<!-- end: access matrix -->)/;

async function read(name) {
  return readFile(path.join(root, name), 'utf8');
}

export async function openapi() {
  return parse(await read('docs/openapi.yaml'));
}

/** `[{name, text}]`: a file's path in the project, and the whole of it as it should be. */
export async function generatedDocuments() {
  const api = await read('docs/http-api.md');
  const collection = postmanCollection(await openapi());
  return [
    { name: 'docs/http-api.md', text: api.replace(marked, (_, begin, end) => `${begin}\n${accessMatrix()}\n\n${end}`) },
    { name: 'docs/mycouch.postman_collection.json', text: `${JSON.stringify(collection, null, 2)}\n` },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, text } of await generatedDocuments()) {
    const old = await read(name).catch(() => '');
    if (old === text) continue;
    await writeFile(path.join(root, name), text);
    console.log(`${name} is new`);
  }
}
