// How many of each piece of equipment go along.
import type { Equipment, Portion } from '../model/documents';
import { Stepper } from './parts';

interface Props {
  equipment: Equipment[];
  portions: Portion[];
  onChange: (portions: Portion[]) => void;
}

export function PortionPicker({ equipment, portions, onChange }: Props) {
  const countOf = (id: string) => portions.find(({ equipmentId }) => equipmentId === id)?.quantity ?? 0;
  const setCount = (id: string, quantity: number) => {
    const changed = countOf(id) > 0 ? portions.map((portion) => (portion.equipmentId === id ? { ...portion, quantity } : portion)) : [...portions, { equipmentId: id, quantity }];
    onChange(changed.filter((portion) => portion.quantity > 0));
  };
  return (
    <fieldset class="picker">
      <legend>What goes along</legend>
      {equipment.length === 0 && <p class="soft">Your catalogue is empty. Add gear first, or later: the gig can be changed.</p>}
      {equipment.map(({ _id, name, quantity }) => (
        <div class="picker-row" key={_id}>
          <span>
            {name} <span class="soft">of {quantity}</span>
          </span>
          <Stepper label={name} value={countOf(_id)} max={Math.max(quantity, countOf(_id))} onChange={(count) => setCount(_id, count)} />
        </div>
      ))}
    </fieldset>
  );
}
