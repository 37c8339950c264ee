// The equipment catalogue.
import { useState } from 'preact/hooks';

import type { BandData } from '../model/band_data';
import { matches, newDocument, type Equipment } from '../model/documents';
import { reasonOf } from '../reason';
import { canWrite } from '../state';
import { Icon } from '../ui/icons';
import { AddButton, Empty, ErrorLine, Search, Stepper } from '../ui/parts';
import { Sheet } from '../ui/sheet';
import { moveToTrash } from '../ui/trashing';

const uncategorized = 'Other';

export function GearScreen({ data }: { data: BandData }) {
  const [words, setWords] = useState('');
  const [edited, setEdited] = useState<Equipment | 'new' | null>(null);
  const found = data.equipment.value.filter(({ name, category, notes }) => matches(words, name, category, notes));
  const categories = [...new Set(found.map(({ category }) => category || uncategorized))].sort((a, b) => a.localeCompare(b));
  return (
    <>
      <h1>Gear</h1>
      <Search label="Search gear" value={words} onInput={setWords} />
      {categories.map((category) => (
        <section key={category}>
          <h2 class="group">{category}</h2>
          <ul class="rows">
            {found
              .filter((equipment) => (equipment.category || uncategorized) === category)
              .map((equipment) => (
                <li key={equipment._id}>
                  <GearRow equipment={equipment} onEdit={() => setEdited(equipment)} />
                </li>
              ))}
          </ul>
        </section>
      ))}
      {found.length === 0 && data.loaded.value && (
        <Empty icon="gear" title={words ? 'No gear is called that' : 'No gear yet'}>
          {words ? 'Try fewer letters.' : 'What do you carry? Each thing becomes an item of your check-lists.'}
        </Empty>
      )}
      {canWrite.value && <AddButton onClick={() => setEdited('new')}>New gear</AddButton>}
      {edited && <GearForm data={data} equipment={edited === 'new' ? undefined : edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function GearRow({ equipment, onEdit }: { equipment: Equipment; onEdit: () => void }) {
  return (
    <button type="button" class="row" disabled={!canWrite.value} onClick={onEdit}>
      <span class="row-text">
        <span>{equipment.name}</span>
        {equipment.notes && <span class="soft">{equipment.notes}</span>}
      </span>
      <span class="count">×{equipment.quantity}</span>
    </button>
  );
}

interface FormProps {
  data: BandData;
  equipment: Equipment | undefined;
  onClose: () => void;
}

function GearForm({ data, equipment, onClose }: FormProps) {
  const [name, setName] = useState(equipment?.name ?? '');
  const [category, setCategory] = useState(equipment?.category ?? '');
  const [notes, setNotes] = useState(equipment?.notes ?? '');
  const [quantity, setQuantity] = useState(equipment?.quantity ?? 1);
  const [error, setError] = useState('');
  const known = [...new Set(data.equipment.value.map((other) => other.category).filter(Boolean))];

  const save = async (event: Event) => {
    event.preventDefault();
    const fields = { name: name.trim(), category: category.trim(), notes: notes.trim(), quantity };
    try {
      if (equipment) await data.edit<Equipment>(equipment._id, (stored) => ({ ...stored, ...fields }));
      else await data.create(newDocument<Equipment>('equipment', data.tenant, fields));
      onClose();
    } catch (failure) {
      setError(reasonOf(failure));
    }
  };

  return (
    <Sheet title={equipment ? 'Change gear' : 'New gear'} onClose={onClose}>
      <form onSubmit={save}>
        <label class="field">
          Name
          <input required maxLength={120} value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <div class="fields">
          <label class="field">
            Category
            <input list="categories" maxLength={60} value={category} onInput={(event) => setCategory(event.currentTarget.value)} />
          </label>
          <div class="field">
            <span>How many</span>
            <Stepper label="How many" value={quantity} min={1} onChange={setQuantity} />
          </div>
        </div>
        <datalist id="categories">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <label class="field">
          Notes
          <input maxLength={300} value={notes} onInput={(event) => setNotes(event.currentTarget.value)} />
        </label>
        <ErrorLine text={error} />
        <button class="button wide">{equipment ? 'Save' : 'Add to the catalogue'}</button>
        {equipment && <TrashButton data={data} equipment={equipment} onDone={onClose} />}
      </form>
    </Sheet>
  );
}

function TrashButton({ data, equipment, onDone }: { data: BandData; equipment: Equipment; onDone: () => void }) {
  const remove = async () => {
    await moveToTrash(data, equipment);
    onDone();
  };
  return (
    <button type="button" class="button plain wide" onClick={remove}>
      <Icon name="trash" size={20} /> Move to the trash
    </button>
  );
}
