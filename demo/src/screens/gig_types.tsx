// Gig types: what goes along to a club night, to a festival, to a wedding.
import { useState } from 'preact/hooks';

import type { BandData } from '../model/band_data';
import { matches, newDocument, type GigType, type Portion } from '../model/documents';
import { reasonOf } from '../reason';
import { canWrite } from '../state';
import { Icon } from '../ui/icons';
import { AddButton, Empty, ErrorLine, Search } from '../ui/parts';
import { PortionPicker } from '../ui/portion_picker';
import { Sheet } from '../ui/sheet';
import { moveToTrash } from '../ui/trashing';

export function GigTypesScreen({ data }: { data: BandData }) {
  const [words, setWords] = useState('');
  const [edited, setEdited] = useState<GigType | 'new' | null>(null);
  const found = data.gigTypes.value.filter(({ name }) => matches(words, name));
  return (
    <>
      <h1>Gig types</h1>
      <Search label="Search gig types" value={words} onInput={setWords} />
      <ul class="rows">
        {found.map((gigType) => (
          <li key={gigType._id}>
            <button type="button" class="row" disabled={!canWrite.value} onClick={() => setEdited(gigType)}>
              <span>{gigType.name}</span>
              <span class="count">{itemsOf(gigType.equipment)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && data.loaded.value && (
        <Empty icon="types" title={words ? 'No gig type is called that' : 'No gig types yet'}>
          {words ? 'Try fewer letters.' : 'A gig type remembers what goes along, so that a new gig is two taps.'}
        </Empty>
      )}
      {canWrite.value && <AddButton onClick={() => setEdited('new')}>New gig type</AddButton>}
      {edited && <GigTypeForm data={data} gigType={edited === 'new' ? undefined : edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function itemsOf(portions: Portion[]): string {
  const count = portions.reduce((sum, { quantity }) => sum + quantity, 0);
  return count === 1 ? '1 item' : `${count} items`;
}

interface FormProps {
  data: BandData;
  gigType: GigType | undefined;
  onClose: () => void;
}

function GigTypeForm({ data, gigType, onClose }: FormProps) {
  const [name, setName] = useState(gigType?.name ?? '');
  const [portions, setPortions] = useState<Portion[]>(gigType?.equipment ?? []);
  const [error, setError] = useState('');

  const save = async (event: Event) => {
    event.preventDefault();
    const fields = { name: name.trim(), equipment: portions };
    try {
      if (gigType) await data.edit<GigType>(gigType._id, (stored) => ({ ...stored, ...fields }));
      else await data.create(newDocument<GigType>('gig_type', data.tenant, fields));
      onClose();
    } catch (failure) {
      setError(reasonOf(failure));
    }
  };
  const remove = async () => {
    if (gigType) await moveToTrash(data, gigType);
    onClose();
  };

  return (
    <Sheet title={gigType ? 'Change the gig type' : 'New gig type'} onClose={onClose}>
      <form onSubmit={save}>
        <label class="field">
          Name
          <input required maxLength={120} value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <PortionPicker equipment={data.equipment.value} portions={portions} onChange={setPortions} />
        <ErrorLine text={error} />
        <button class="button wide">{gigType ? 'Save' : 'Add the gig type'}</button>
        {gigType && (
          <button type="button" class="button plain wide" onClick={remove}>
            <Icon name="trash" size={20} /> Move to the trash
          </button>
        )}
      </form>
    </Sheet>
  );
}
