// The list of gigs: those to come first, then those that were.
import { useState } from 'preact/hooks';

import { checkedCount, matches, type Gig } from '../model/documents';
import type { BandData } from '../model/band_data';
import { hrefTo } from '../route';
import { canWrite } from '../state';
import { Icon } from '../ui/icons';
import { AddButton, Empty, Progress, Search } from '../ui/parts';
import { GigForm } from './gig_form';

function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

export function GigsScreen({ data }: { data: BandData }) {
  const [words, setWords] = useState('');
  const [adding, setAdding] = useState(false);
  const found = data.gigs.value.filter(({ name, venue, date }) => matches(words, name, venue, date));
  const coming = found.filter(({ date }) => date >= today());
  const past = found.filter(({ date }) => date < today()).reverse();
  return (
    <>
      <h1>Gigs</h1>
      <Search label="Search gigs" value={words} onInput={setWords} />
      <GigList title="Coming up" gigs={coming} />
      <GigList title="Past" gigs={past} />
      {found.length === 0 && data.loaded.value && (
        <Empty icon="gigs" title={words ? 'No gig is called that' : 'No gigs yet'}>
          {words ? 'Try fewer letters.' : 'Add the first one: its check-lists make themselves from your gear.'}
        </Empty>
      )}
      {canWrite.value && <AddButton onClick={() => setAdding(true)}>New gig</AddButton>}
      {adding && <GigForm data={data} onClose={() => setAdding(false)} />}
    </>
  );
}

function GigList({ title, gigs }: { title: string; gigs: Gig[] }) {
  if (gigs.length === 0) return null;
  return (
    <section>
      <h2 class="group">{title}</h2>
      <ul class="cards">
        {gigs.map((gig) => (
          <li key={gig._id}>
            <GigCard gig={gig} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function GigCard({ gig }: { gig: Gig }) {
  return (
    <a class="card gig" href={hrefTo('gigs', gig._id)}>
      <DateBlock date={gig.date} />
      <div class="gig-text">
        <span class="gig-name">{gig.name}</span>
        <span class="soft">{gig.venue || 'No venue yet'}</span>
      </div>
      <div class="gig-progress">
        <Progress label="Load-out" done={checkedCount(gig.loadoutChecklist)} of={gig.loadoutChecklist.length} />
        <Progress label="Load-in" done={checkedCount(gig.loadinChecklist)} of={gig.loadinChecklist.length} />
      </div>
    </a>
  );
}

function DateBlock({ date }: { date: string }) {
  const day = new Date(`${date}T12:00`);
  if (Number.isNaN(day.getTime())) {
    return (
      <span class="date">
        <Icon name="gigs" />
      </span>
    );
  }
  return (
    <time class="date" dateTime={date}>
      <span class="date-month">{day.toLocaleDateString(undefined, { month: 'short' })}</span>
      <span class="date-day">{day.getDate()}</span>
      <span class="date-week">{day.toLocaleDateString(undefined, { weekday: 'short' })}</span>
    </time>
  );
}
