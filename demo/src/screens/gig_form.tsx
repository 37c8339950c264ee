// Makes a gig, or changes one: what goes along, how many of each, and the check-lists that follow from it.
import { useState } from 'preact/hooks';

import { checklistOf, newDocument, portionsOf, type Gig, type Portion } from '../model/documents';
import type { BandData } from '../model/band_data';
import { reasonOf } from '../reason';
import { go, hrefTo } from '../route';
import { ErrorLine } from '../ui/parts';
import { PortionPicker } from '../ui/portion_picker';
import { Sheet } from '../ui/sheet';

interface Props {
  data: BandData;
  gig?: Gig;
  onClose: () => void;
}

function tomorrow(): string {
  return new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
}

export function GigForm({ data, gig, onClose }: Props) {
  const [name, setName] = useState(gig?.name ?? '');
  const [date, setDate] = useState(gig?.date ?? tomorrow());
  const [venue, setVenue] = useState(gig?.venue ?? '');
  const [gigTypeId, setGigTypeId] = useState(gig?.gigTypeId ?? '');
  const [portions, setPortions] = useState<Portion[]>(
    gig ? portionsOf(gig.loadoutChecklist) : data.equipment.value.map(({ _id, quantity }) => ({ equipmentId: _id, quantity })),
  );
  const [error, setError] = useState('');

  const takeGigType = (id: string) => {
    setGigTypeId(id);
    const gigType = data.gigTypes.value.find(({ _id }) => _id === id);
    if (gigType) setPortions(gigType.equipment);
  };

  const save = async (event: Event) => {
    event.preventDefault();
    const fields = { name: name.trim(), date, venue: venue.trim(), ...(gigTypeId ? { gigTypeId } : {}) };
    try {
      if (gig) {
        await data.edit<Gig>(gig._id, (stored) => ({
          ...stored,
          ...fields,
          loadoutChecklist: checklistOf(portions, stored.loadoutChecklist),
          loadinChecklist: checklistOf(portions, stored.loadinChecklist),
        }));
      } else {
        const checklist = checklistOf(portions);
        const made = newDocument<Gig>('gig', data.tenant, { ...fields, loadoutChecklist: checklist, loadinChecklist: checklist });
        await data.create(made);
        go(hrefTo('gigs', made._id));
      }
      onClose();
    } catch (failure) {
      setError(reasonOf(failure));
    }
  };

  return (
    <Sheet title={gig ? 'Change the gig' : 'New gig'} onClose={onClose}>
      <form onSubmit={save}>
        <label class="field">
          Name
          <input required maxLength={120} value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <div class="fields">
          <label class="field">
            Date
            <input type="date" required value={date} onInput={(event) => setDate(event.currentTarget.value)} />
          </label>
          <label class="field">
            Venue
            <input maxLength={120} value={venue} onInput={(event) => setVenue(event.currentTarget.value)} />
          </label>
        </div>
        <label class="field">
          Gig type
          <select value={gigTypeId} onChange={(event) => takeGigType(event.currentTarget.value)}>
            <option value="">None: choose by hand</option>
            {data.gigTypes.value.map(({ _id, name: typeName }) => (
              <option key={_id} value={_id}>
                {typeName}
              </option>
            ))}
          </select>
        </label>
        <PortionPicker equipment={data.equipment.value} portions={portions} onChange={setPortions} />
        <ErrorLine text={error} />
        <button class="button wide">{gig ? 'Save' : 'Add the gig'}</button>
      </form>
    </Sheet>
  );
}
