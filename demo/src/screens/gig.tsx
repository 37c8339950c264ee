// One gig: its two check-lists, which several people tick at once.
import { useState } from 'preact/hooks';

import { checkedCount, matches, withTick, type ChecklistField, type ChecklistItem, type Gig } from '../model/documents';
import type { BandData } from '../model/band_data';
import { go, hrefTo } from '../route';
import { canWrite, session } from '../state';
import { Icon } from '../ui/icons';
import { Empty, Progress, Search } from '../ui/parts';
import { moveToTrash } from '../ui/trashing';
import { GigForm } from './gig_form';

/** A list that does not fit a screen or two is searched. */
const searchFrom = 12;

const lists = [
  { field: 'loadoutChecklist', label: 'Load-out', icon: 'truckOut' },
  { field: 'loadinChecklist', label: 'Load-in', icon: 'house' },
] as const;

export function GigScreen({ data, id }: { data: BandData; id: string }) {
  const gig = data.get<Gig>(id, 'gig');
  const [field, setField] = useState<ChecklistField>('loadoutChecklist');
  const [words, setWords] = useState('');
  const [editing, setEditing] = useState(false);
  if (!gig || gig.deletedAt) return <MissingGig loaded={data.loaded.value} />;
  const items = gig[field];
  const { label } = lists.find((list) => list.field === field) ?? lists[0];
  return (
    <article>
      <a class="back" href={hrefTo('gigs')}>
        <Icon name="back" size={20} /> Gigs
      </a>
      <div class="title-row">
        <h1>{gig.name}</h1>
        {canWrite.value && <GigActions gig={gig} data={data} onEdit={() => setEditing(true)} />}
      </div>
      <p class="soft facts">
        <time dateTime={gig.date}>
          {new Date(`${gig.date}T12:00`).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' })}
        </time>
        {gig.venue && ` · ${gig.venue}`}
      </p>
      <div class="segments" role="group" aria-label="Check-list">
        {lists.map((list) => (
          <button key={list.field} type="button" aria-pressed={list.field === field} onClick={() => setField(list.field)}>
            <Icon name={list.icon} size={20} /> {list.label}
          </button>
        ))}
      </div>
      <div class="sticky-progress">
        <Progress label={label} done={checkedCount(items)} of={items.length} />
      </div>
      {items.length > searchFrom && <Search label="Search this list" value={words} onInput={setWords} />}
      <Checklist data={data} gig={gig} field={field} words={words} />
      {editing && <GigForm data={data} gig={gig} onClose={() => setEditing(false)} />}
    </article>
  );
}

function MissingGig({ loaded }: { loaded: boolean }) {
  if (!loaded) return null;
  return (
    <>
      <h1>Gig</h1>
      <Empty icon="gigs" title="This gig is not here">
        It may be in the <a href={hrefTo('trash')}>trash</a>, or not yet on this device. <a href={hrefTo('gigs')}>All gigs</a>
      </Empty>
    </>
  );
}

function GigActions({ gig, data, onEdit }: { gig: Gig; data: BandData; onEdit: () => void }) {
  const remove = async () => {
    go(hrefTo('gigs'));
    await moveToTrash(data, gig);
  };
  return (
    <span class="actions">
      <button type="button" class="round" aria-label="Change the gig" onClick={onEdit}>
        <Icon name="edit" />
      </button>
      <button type="button" class="round" aria-label="Move the gig to the trash" onClick={remove}>
        <Icon name="trash" />
      </button>
    </span>
  );
}

interface ChecklistProps {
  data: BandData;
  gig: Gig;
  field: ChecklistField;
  words: string;
}

function Checklist({ data, gig, field, words }: ChecklistProps) {
  const items = gig[field];
  const nameOf = (item: ChecklistItem) => {
    const name = data.get(item.equipmentId, 'equipment')?.name ?? 'Unknown gear';
    const several = items.some(({ equipmentId, itemNumber }) => equipmentId === item.equipmentId && itemNumber > 1);
    return several ? `${name} ${item.itemNumber}` : name;
  };
  const tick = (item: ChecklistItem, checked: boolean) =>
    data.edit<Gig>(gig._id, (stored) => ({
      ...stored,
      [field]: withTick(stored[field], item, checked, session.value?.name ?? ''),
    }));
  if (items.length === 0) {
    return (
      <Empty icon="gear" title="Nothing goes along yet">
        Change the gig to choose what does.
      </Empty>
    );
  }
  return (
    <ul class="checklist">
      {items
        .map((item) => ({ item, name: nameOf(item) }))
        .filter(({ name }) => matches(words, name))
        .map(({ item, name }) => (
          <li key={`${item.equipmentId}/${item.itemNumber}`}>
            <Tick item={item} name={name} onTick={(checked) => tick(item, checked)} />
          </li>
        ))}
    </ul>
  );
}

interface TickProps {
  item: ChecklistItem;
  name: string;
  onTick: (checked: boolean) => void;
}

function Tick({ item, name, onTick }: TickProps) {
  return (
    <label class={item.checked ? 'tick ticked' : 'tick'}>
      <input
        type="checkbox"
        checked={item.checked}
        disabled={!canWrite.value}
        onChange={(event) => onTick(event.currentTarget.checked)}
      />
      <span class="box">
        <Icon name="check" size={20} />
      </span>
      <span class="tick-name">{name}</span>
      {item.checked && item.checkedBy && <span class="soft tick-by">{item.checkedBy}</span>}
    </label>
  );
}
