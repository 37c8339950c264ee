// Moving something to the trash, with the way back at hand.
import type { BandData } from '../model/band_data';
import type { RoadyDocument } from '../model/documents';
import { showToast } from './toast';

export async function moveToTrash(data: BandData, { _id, name }: RoadyDocument): Promise<void> {
  await data.moveToTrash(_id);
  showToast(`“${name}” is in the trash.`, () => data.restore(_id));
}
