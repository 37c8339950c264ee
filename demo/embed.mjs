// Writes the C++ file that holds a built site: node embed.mjs FOLDER OUTPUT.cc
//
// The contents are `#embed`ed. Their digests stand in the table, so that the file changes with every content: ninja and
// ccache look at this file, and not into the folder.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const [folder, output] = process.argv.slice(2);

function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(directory, entry.name);
    return entry.isDirectory() ? filesIn(full) : [full];
  });
}

function entryOf(file, index) {
  const name = path.relative(folder, file);
  const contentType = contentTypes[path.extname(file)];
  if (!contentType) throw new Error(`${name}: which Content-Type?`);
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 32);
  const immutable = name.startsWith('assets/');
  return {
    content: `constexpr char kContent${index}[] = {\n#embed ${JSON.stringify(path.relative(path.dirname(output), file))}\n};`,
    row: `    {${JSON.stringify(name)}, ${JSON.stringify(contentType)}, "\\"${digest}\\"", ${immutable},\n     {kContent${index}, sizeof kContent${index}}},`,
  };
}

const entries = filesIn(folder).sort().map(entryOf);
writeFileSync(
  output,
  `// Written by demo/embed.mjs.
#include "app/demo_files.h"

#pragma clang diagnostic ignored "-Wc23-extensions"  // #embed

namespace mycouch::app {
namespace {

${entries.map(({ content }) => content).join('\n')}

constexpr StaticFile kFiles[] = {
${entries.map(({ row }) => row).join('\n')}
};

}  // namespace

std::span<const StaticFile> demo_files() {
  return kFiles;
}

}  // namespace mycouch::app
`,
);
