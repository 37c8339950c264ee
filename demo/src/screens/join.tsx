// An invitation's link has been followed.
import { useEffect, useState } from 'preact/hooks';

import { reasonOf } from '../reason';
import { go, hrefTo } from '../route';
import { joinBand, tenants } from '../state';
import { Action, Empty, ErrorLine } from '../ui/parts';

interface Preview {
  tenant: { id: string; name: string };
  role: string;
  invitedBy: { name: string };
}

export function JoinScreen({ invitation }: { invitation: string }) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    tenants()
      .previewInvitation(invitation)
      .then(setPreview, (failure) => setError(invitationError(failure)));
  }, [invitation]);
  return (
    <>
      <h1>Invitation</h1>
      <ErrorLine text={error} />
      {error && <a href={hrefTo('gigs')}>To your gigs</a>}
      {preview && (
        <Empty icon="band" title={`${preview.invitedBy.name || 'Someone'} invites you to ${preview.tenant.name}`}>
          You will be {preview.role === 'viewer' ? 'a viewer, who reads along' : `one of the band (${preview.role})`}.
        </Empty>
      )}
      {preview && (
        <div class="stack">
          <Action class="button wide" run={() => joinBand(invitation)}>
            Join {preview.tenant.name}
          </Action>
          <button type="button" class="button plain wide" onClick={() => go(hrefTo('gigs'))}>
            Not now
          </button>
        </div>
      )}
    </>
  );
}

function invitationError(failure: unknown): string {
  const { status } = failure as { status?: number };
  return status === 404 ? 'This invitation was used already, withdrawn, or has expired. Ask for a new one.' : reasonOf(failure);
}
