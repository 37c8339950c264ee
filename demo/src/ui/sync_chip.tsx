// The state of the sync: always on the screen, said to a screen reader when it changes, with more behind a tap.
import type { SyncStatus } from 'mycouch-client';
import { useState } from 'preact/hooks';

import type { BandData } from '../model/band_data';
import { setSwitchedOff, switchedOff } from '../network';
import { saveFile } from '../save_file';
import { Icon, type IconName } from './icons';
import { Action } from './parts';
import { Sheet } from './sheet';

interface Look {
  icon: IconName;
  text: string;
  more: string;
}

function look({ state, pending, error }: SyncStatus): Look {
  switch (state) {
    case 'uptodate':
      return { icon: 'cloud', text: 'Up to date', more: 'Everything on this device is with the band, and the other way round.' };
    case 'syncing':
      return { icon: 'sync', text: pending > 0 ? `Syncing ${pending}` : 'Syncing', more: 'Changes are on their way.' };
    case 'connecting':
      return { icon: 'sync', text: 'Connecting', more: 'Looking for the server.' };
    case 'offline':
      return { icon: 'cloudOff', text: 'Offline', more: 'Go on as always: what you change is sent when there is a network again.' };
    case 'denied':
      return { icon: 'warning', text: 'Not allowed', more: 'The server refused a change: your role in this band may not make it.' };
    case 'error':
      return { icon: 'warning', text: 'Problem', more: error?.message ?? 'The sync stopped.' };
  }
}

export function SyncChip({ data }: { data: BandData }) {
  const [open, setOpen] = useState(false);
  const status = data.status.value;
  const { icon, text } = look(status);
  return (
    <>
      <button type="button" class={`chip ${status.state}`} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name={icon} size={20} />
        <span class="hidden">Sync: </span>
        {text}
      </button>
      <span class="hidden" role="status">
        {look({ ...status, pending: 0 }).text}
      </span>
      {open && <SyncSheet data={data} onClose={() => setOpen(false)} />}
    </>
  );
}

function SyncSheet({ data, onClose }: { data: BandData; onClose: () => void }) {
  const status = data.status.value;
  const { text, more } = look(status);
  return (
    <Sheet title={text} onClose={onClose}>
      <p>{more}</p>
      <dl class="figures">
        <div>
          <dt>Sent</dt>
          <dd>{status.pushed}</dd>
        </div>
        <div>
          <dt>Received</dt>
          <dd>{status.pulled}</dd>
        </div>
        <div>
          <dt>To come</dt>
          <dd>{status.pending}</dd>
        </div>
      </dl>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={switchedOff.value}
          onChange={(event) => setSwitchedOff(event.currentTarget.checked)}
        />
        <span class="switch-text">
          Work offline
          <span class="soft">Keeps this Roady from the network, as a basement would.</span>
        </span>
      </label>
      <Action class="button plain wide" run={async () => saveFile('roady-unsent.json', await data.database.exportUnpushed())}>
        <Icon name="download" size={20} /> Save what is not sent yet
      </Action>
    </Sheet>
  );
}
