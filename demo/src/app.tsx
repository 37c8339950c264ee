// The frame around every screen: the band and the sync above, the four places below, where a thumb is.
import { useEffect, useRef } from 'preact/hooks';

import type { BandData } from './model/band_data';
import { hrefTo, route, type Screen } from './route';
import { BandScreen } from './screens/band';
import { GearScreen } from './screens/gear';
import { GigScreen } from './screens/gig';
import { GigsScreen } from './screens/gigs';
import { GigTypesScreen } from './screens/gig_types';
import { JoinScreen } from './screens/join';
import { SignInScreen } from './screens/sign_in';
import { TrashScreen } from './screens/trash';
import { saveFile } from './save_file';
import { bands, currentBand, dropLostBand, lostBands, openBand, session, start, startError, switchBand, userId } from './state';
import { Icon, Mark, type IconName } from './ui/icons';
import { Action, Empty } from './ui/parts';
import { Sheet } from './ui/sheet';
import { SyncChip } from './ui/sync_chip';
import { ToastRegion } from './ui/toast';

export function App() {
  if (!session.value) return <SignInScreen />;
  if (startError.value) return <StartFailed reason={startError.value} />;
  if (!userId.value) return <Starting />;
  const data = openBand.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        To the content
      </a>
      <header class="top">
        <BandPicker />
        {data && <SyncChip data={data} />}
      </header>
      <Places />
      <main id="main" tabIndex={-1}>
        <CurrentScreen data={data} />
      </main>
      <ToastRegion />
      <LostBandSheet />
    </>
  );
}

// The fragment is the route, so the link cannot be one to an anchor.
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

const titles: Record<Screen, string> = { gigs: 'Gigs', gear: 'Gear', types: 'Gig types', band: 'Band', trash: 'Trash' };

/** As a browser does for a page of its own: the title says where one is, and the keyboard and a screen reader go on there. */
function useArrival(): void {
  const { screen, id, invitation, tenant } = route.value;
  const band = currentBand.value?.name;
  const arrived = useRef(false);
  useEffect(() => {
    document.title = [invitation ? 'Invitation' : titles[screen], band, 'Roady'].filter(Boolean).join(' · ');
  }, [screen, invitation, band]);
  useEffect(() => {
    if (arrived.current) document.getElementById('main')?.focus({ preventScroll: true });
    arrived.current = true;
  }, [tenant, screen, id, invitation]);
}

function CurrentScreen({ data }: { data: BandData | null }) {
  const { screen, id, invitation } = route.value;
  useArrival();
  if (invitation) return <JoinScreen key={invitation} invitation={invitation} />;
  if (!data) return currentBand.value ? null : <NoBand />;
  // A screen's own state ends with the band that it shows.
  const key = `${data.tenant} ${id ?? ''}`;
  switch (screen) {
    case 'gigs':
      return id ? <GigScreen key={key} data={data} id={id} /> : <GigsScreen key={key} data={data} />;
    case 'gear':
      return <GearScreen key={key} data={data} />;
    case 'types':
      return <GigTypesScreen key={key} data={data} />;
    case 'trash':
      return <TrashScreen key={key} data={data} />;
    case 'band':
      return <BandScreen key={key} />;
  }
}

function BandPicker() {
  return (
    <label class="band-picker">
      <Mark size={32} />
      <span class="hidden">Band</span>
      <select value={currentBand.value?._id ?? ''} onChange={(event) => switchBand(event.currentTarget.value)}>
        {!currentBand.value && <option value="">No band</option>}
        {bands.value.map(({ _id, name }) => (
          <option key={_id} value={_id}>
            {name}
          </option>
        ))}
      </select>
      <Icon name="down" size={20} />
    </label>
  );
}

const places: { screen: Screen; label: string; icon: IconName }[] = [
  { screen: 'gigs', label: 'Gigs', icon: 'gigs' },
  { screen: 'gear', label: 'Gear', icon: 'gear' },
  { screen: 'types', label: 'Types', icon: 'types' },
  { screen: 'band', label: 'Band', icon: 'band' },
];

function Places() {
  const current = route.value.screen === 'trash' ? 'band' : route.value.screen;
  return (
    <nav class="places" aria-label="Places">
      {places.map(({ screen, label, icon }) => (
        <a key={screen} href={hrefTo(screen)} aria-current={screen === current ? 'page' : undefined}>
          <Icon name={icon} />
          {label}
        </a>
      ))}
    </nav>
  );
}

function Starting() {
  return (
    <main class="sign-in" aria-busy="true">
      <Mark size={64} />
      <h1>Roady</h1>
      <p class="lead" role="status">
        Getting your bands …
      </p>
    </main>
  );
}

function StartFailed({ reason }: { reason: string }) {
  return (
    <main class="sign-in">
      <Mark size={64} />
      <h1>Roady</h1>
      <p class="lead" role="alert">
        {reason}
      </p>
      <Action class="button wide" run={start}>
        Try again
      </Action>
    </main>
  );
}

function NoBand() {
  return (
    <>
      <h1>No such band</h1>
      <Empty icon="band" title="You are not in this band">
        Choose another one above.
      </Empty>
    </>
  );
}

function LostBandSheet() {
  const lost = lostBands.value[0];
  if (!lost) return null;
  const unsent = lost.kept.reduce((sum, { docs }) => sum + docs.length, 0);
  const done = () => dropLostBand(lost);
  return (
    <Sheet key={lost.tenant} title={`You are no longer in ${lost.name}`} onClose={done}>
      <p>Its data has been removed from this device.</p>
      {unsent > 0 && (
        <>
          <p>
            {unsent === 1 ? 'One change of yours was' : `${unsent} changes of yours were`} not sent by then. Save a file, and
            someone in the band can take it over.
          </p>
          <Action class="button wide" run={async () => saveFile('roady-unsent.json', JSON.stringify(lost.kept, null, 2))}>
            <Icon name="download" size={20} /> Save my unsent changes
          </Action>
        </>
      )}
      <Action class="button plain wide" run={done}>
        {unsent > 0 ? 'Done, forget them' : 'Close'}
      </Action>
    </Sheet>
  );
}
