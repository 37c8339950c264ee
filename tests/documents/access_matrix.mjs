// The access matrix as docs/http-api.md shows it.
import { isOfDatabase, twinOf } from '../harness/routes.mjs';
import { callers, matrix } from '../http/matrix.mjs';

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}

function linesOf(row) {
  const request = (path) => `${row.method} \`${path}${row.slash ? '/' : ''}\`${row.what ? `, ${row.what}` : ''}`;
  const lines = [line([request(row.pattern), ...row.statuses])];
  const differs = isOfDatabase({ path: row.pattern }) && row.within.join() !== row.statuses.join();
  if (differs) lines.push(line([request(twinOf(row.pattern)), ...row.within]));
  return lines;
}

export function accessMatrix() {
  const head = [line(['request', ...callers]), line(['---', ...callers.map(() => '---')])];
  const parts = matrix.map(({ title, rows }) => [`### ${title}: who may`, '', ...head, ...rows.flatMap(linesOf)].join('\n'));
  const note = 'What stands here for `/{db}` holds for `/__tenants/{tenant}/{db}` too, where no row of its own says otherwise.';
  return `${note}\n\n${parts.join('\n\n')}`;
}
