// Conflicts: the resolvers as functions, and two devices that come to the same document by different ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { resolveByField, resolveByTime, resolveChecklistItems } from '../dist/index.js';
import { revisions } from '../../tests/harness/pouch.mjs';
import { eventually } from '../../tests/harness/wait.mjs';
import { band, next, reaches, upToDate, withServer } from './device.mjs';

const timeout = 120_000;
const doc = (fields) => ({ _id: 'gig', _rev: '2-x', ...fields });

test('by field: what only one side changed prevails, the later of two changes, else the winner', () => {
  const base = doc({ venue: 'A', date: 1, note: 'n', gone: true });
  assert.deepEqual(
    resolveByField(doc({ venue: 'B', date: 1, note: 'n', gone: true }), [doc({ venue: 'A', date: 2, note: 'n' })], base),
    doc({ venue: 'B', date: 2, note: 'n' }),
  );
  const older = doc({ venue: 'C', updatedAt: '2026-01-01T10:00:00Z' });
  const newer = doc({ venue: 'D', updatedAt: '2026-01-01T11:00:00Z' });
  assert.equal(resolveByField(older, [newer], base).venue, 'D');
  assert.equal(resolveByField(newer, [older], base).venue, 'D');
  assert.deepEqual(resolveByField(doc({ a: 1, c: 1 }), [doc({ b: 2, c: 2 })]), doc({ a: 1, b: 2, c: 1 }));
});

test('by time: the latest as a whole, else the winner', () => {
  const older = doc({ a: 1, updatedAt: '2026-01-01T10:00:00Z' });
  const newer = doc({ b: 1, updatedAt: '2026-01-01T11:00:00Z' });
  assert.equal(resolveByTime(older, [newer]), newer);
  assert.deepEqual(resolveByTime(doc({ a: 1 }), [doc({ a: 2 })]).a, 1);
});

test('check-lists by item: ticks of both sides, unticked by one, added, removed', () => {
  const item = (equipmentId, checked, itemNumber = 1) => ({ equipmentId, itemNumber, checked });
  const resolve = resolveChecklistItems('list');
  const merged = (base, winner, loser) => resolve(doc({ list: winner }), [doc({ list: loser })], base && doc({ list: base })).list;
  const items = (text) => [...text.matchAll(/(\w)([+-])/g)].map(([, id, tick]) => item(id, tick === '+'));
  const cases = [
    // base, winner, loser, expected
    ['a-b-', 'a+b-', 'a-b+', 'a+b+'],
    ['a+b-', 'a-b-', 'a+b+', 'a-b+'],
    ['a-', 'a+', 'a+', 'a+'],
    ['a-', 'a-b-', 'a-c+', 'a-b-c+'],
    ['a-b-', 'a-', 'a-b-', 'a-'],
    ['a-b-', 'a-', 'a-b+', 'a-b+'],
    [undefined, 'a+b-', 'a-b-c-', 'a+b-c-'],
  ];
  for (const [base, winner, loser, expected] of cases) {
    assert.deepEqual(merged(base && items(base), items(winner), items(loser)), items(expected), `${base} ${winner} ${loser}`);
  }
  const twice = [item('amp', false, 1), item('amp', true, 2)];
  assert.deepEqual(resolve(doc({ list: twice }), [doc({ list: [item('amp', true, 1), item('amp', false, 2)] })], doc({ list: [item('amp', false, 1), item('amp', false, 2)] })).list.map(({ checked }) => checked), [true, true]);
  const keyed = resolveChecklistItems(['x', 'y'], ({ name }) => name);
  assert.deepEqual(keyed(doc({ x: [{ name: 1, checked: false }] }), [doc({ x: [{ name: 1, checked: true }], y: [{ name: 2 }] })]), doc({ x: [{ name: 1, checked: true }], y: [{ name: 2 }] }));
});

test('two people tick one list offline: both ticks are there, once, on both devices and the server', { timeout }, withServer(async (server) => {
  const onConflict = resolveChecklistItems('list');
  const { alice, bob, mine, his } = await band(server, {}, { onConflict });
  const ids = Array.from({ length: 20 }, (_, i) => `gig-${i}`);
  const list = ['amp', 'drum', 'bass'].map((equipmentId) => ({ equipmentId, itemNumber: 1, checked: false }));
  await mine.local.bulkDocs(ids.map((_id) => ({ _id, type: 'gig', list })));
  await eventually('they arrive', async () => (await his.local.info()).doc_count === ids.length);
  await Promise.all([upToDate(mine), upToDate(his)]);

  const tick = async ({ local }, ...which) => {
    for (const _id of ids) {
      const gig = await local.get(_id);
      await local.put({ ...gig, list: gig.list.map((item, i) => (which.includes(i) ? { ...item, checked: true } : item)) });
    }
  };
  alice.offline = true;
  bob.offline = true;
  await tick(mine, 0, 1);
  await tick(his, 1, 2);
  await Promise.all([reaches(mine, 'offline'), reaches(his, 'offline')]);
  alice.offline = false;
  bob.offline = false;

  const settled = async ({ local }) => {
    const { rows } = await local.allDocs({ include_docs: true, conflicts: true });
    return rows.every(({ doc: { _conflicts, list: ticked } }) => !_conflicts && ticked.every(({ checked }) => checked));
  };
  await eventually('both converge', async () => (await settled(mine)) && (await settled(his)), { seconds: 60 });
  await eventually('to the same revisions', async () => {
    const [one, other] = [await revisions(mine.local), await revisions(his.local)];
    return JSON.stringify(one) === JSON.stringify(other);
  });
  await Promise.all([upToDate(mine), upToDate(his)]);
  const { body } = await server.asAdministrator('GET', '/__tenants/alice_personal/roady/_all_docs?include_docs=true&conflicts=true');
  assert.ok(body.rows.every(({ doc: { _conflicts } }) => !_conflicts));
  assert.deepEqual(Object.fromEntries(body.rows.map(({ id, value }) => [id, value.rev])), await revisions(mine.local));
}));

test('resolvers that never agree come to an end all the same', { timeout }, withServer(async (server) => {
  let calls = 0;
  const onConflict = (winner) => ({ ...winner, resolvedBy: (calls += 1) });
  const { alice, bob, mine, his } = await band(server, {}, { onConflict });
  await mine.local.put({ _id: 'gig' });
  await eventually('it arrives', () => his.local.get('gig'));
  alice.offline = true;
  bob.offline = true;
  for (const [side, { local }] of Object.entries({ mine, his })) await local.put({ ...(await local.get('gig')), side });
  alice.offline = false;
  bob.offline = false;
  await eventually('both hold the same, without a conflict', async () => {
    const [one, other] = await Promise.all([mine, his].map(({ local }) => local.get('gig', { conflicts: true })));
    return one._rev === other._rev && !one._conflicts && !other._conflicts && one.resolvedBy;
  }, { seconds: 60 });
  await Promise.all([upToDate(mine), upToDate(his)]);
  assert.ok(calls < 20, `${calls} resolutions`);
}));

test('a resolver that throws leaves the conflict, says so, and stops nothing', { timeout }, withServer(async (server) => {
  const onConflict = () => {
    throw new Error('no idea');
  };
  const { mine, his } = await band(server, {}, { onConflict });
  mine.pause();
  await reaches(mine, 'offline');
  await his.local.put({ _id: 'gig', of: 'bob' });
  await mine.local.put({ _id: 'gig', of: 'alice' });
  await upToDate(his);
  const conflict = next(mine, 'conflict');
  mine.resume();
  const { id, resolved, error } = await conflict;
  assert.deepEqual([id, resolved, error.message], ['gig', false, 'no idea']);
  await upToDate(mine);
  assert.equal((await mine.local.get('gig', { conflicts: true }))._conflicts.length, 1);
}));
