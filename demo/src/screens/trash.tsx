// What was deleted, and the way back.
import type { BandData } from '../model/band_data';
import type { RoadyDocument } from '../model/documents';
import { canWrite } from '../state';
import { Empty } from '../ui/parts';
import { showToast } from '../ui/toast';

const kinds = { equipment: 'Gear', gig_type: 'Gig type', gig: 'Gig' } as const;

export function TrashScreen({ data }: { data: BandData }) {
  const documents = data.trash.value;
  return (
    <>
      <h1>Trash</h1>
      {documents.length === 0 && data.loaded.value && (
        <Empty icon="trash" title="The trash is empty">
          What you delete waits here until you want it back.
        </Empty>
      )}
      <ul class="rows">
        {documents.map((document) => (
          <li key={document._id}>
            <TrashRow data={data} document={document} />
          </li>
        ))}
      </ul>
    </>
  );
}

function TrashRow({ data, document }: { data: BandData; document: RoadyDocument }) {
  const restore = async () => {
    await data.restore(document._id);
    showToast(`“${document.name}” is back.`);
  };
  return (
    <div class="row">
      <span class="row-text">
        <span>{document.name}</span>
        <span class="soft">
          {kinds[document.type]}, deleted {new Date(document.deletedAt ?? '').toLocaleDateString()}
        </span>
      </span>
      {canWrite.value && (
        <span class="actions">
          <button type="button" class="button small" aria-label={`Restore ${document.name}`} onClick={restore}>
            Restore
          </button>
          <button
            type="button"
            class="button plain small"
            aria-label={`Delete ${document.name} for good`}
            onClick={() => data.deleteForGood(document._id)}
          >
            Delete
          </button>
        </span>
      )}
    </div>
  );
}
