// The band: its people, invitations, name, and the other bands.
import type { Invitation, Member } from 'mycouch-client';
import { useEffect, useState } from 'preact/hooks';

import { reasonOf } from '../reason';
import { hrefTo } from '../route';
import { bands, canManage, createBand, currentBand, leaveBand, myRole, refreshBands, session, signOut, switchBand, tenants, userId } from '../state';
import { Icon } from '../ui/icons';
import { Action, ErrorLine } from '../ui/parts';
import { showToast } from '../ui/toast';

const roles = { admin: 'Admin', member: 'Member', viewer: 'Viewer' } as const;
type GivenRole = keyof typeof roles;

export function BandScreen() {
  const band = currentBand.value;
  if (!band) return null;
  return (
    <>
      <h1>{band.name}</h1>
      <Members key={band._id} tenant={band._id} />
      {canManage.value && <Invite key={`invite ${band._id}`} tenant={band._id} />}
      <Settings key={`settings ${band._id}`} tenant={band._id} name={band.name} />
      <OtherBands />
      <section>
        <h2 class="group">More</h2>
        <ul class="rows">
          <li>
            <a class="row" href={hrefTo('trash')}>
              <span class="row-text">Trash</span> <Icon name="trash" />
            </a>
          </li>
        </ul>
      </section>
      <SignOut />
    </>
  );
}

function Members({ tenant }: { tenant: string }) {
  const [members, setMembers] = useState<Member[]>([]);
  const [error, setError] = useState('');
  const load = () => tenants().getMembers(tenant).then(setMembers, (failure) => setError(reasonOf(failure)));
  // Someone may join while one looks.
  const known = JSON.stringify(currentBand.value?.members);
  useEffect(() => void load(), [tenant, known]);
  return (
    <section>
      <h2 class="group">People</h2>
      <ErrorLine text={error} />
      <ul class="rows">
        {members.map((member) => (
          <li key={member.id}>
            <MemberRow tenant={tenant} member={member} onChange={load} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function MemberRow({ tenant, member, onChange }: { tenant: string; member: Member; onChange: () => Promise<void> }) {
  const name = member.name || member.email || member.id;
  const isMe = member.id === userId.value;
  const mayChange = canManage.value && member.role !== 'owner' && !isMe;
  const setRole = async (role: GivenRole) => {
    try {
      await tenants().setRole(tenant, member.id, role);
    } catch (failure) {
      showToast(reasonOf(failure));
    }
    await onChange();
  };
  const remove = async () => {
    await tenants().removeMember(tenant, member.id);
    showToast(`${name} is no longer in the band.`);
    await onChange();
  };
  return (
    <div class="row">
      <span class="avatar" aria-hidden="true">
        {name.slice(0, 1).toLocaleUpperCase()}
      </span>
      <span class="row-text">
        <span>
          {name}
          {isMe && <span class="soft"> (you)</span>}
        </span>
        <span class="soft">{member.email}</span>
      </span>
      {mayChange ? (
        <span class="actions">
          <select aria-label={`Role of ${name}`} value={member.role} onChange={(event) => setRole(event.currentTarget.value as GivenRole)}>
            {Object.entries(roles).map(([role, label]) => (
              <option key={role} value={role}>
                {label}
              </option>
            ))}
          </select>
          <Action class="button plain small" run={remove}>
            Remove<span class="hidden"> {name}</span>
          </Action>
        </span>
      ) : (
        <span class="soft role">{member.role}</span>
      )}
    </div>
  );
}

function Invite({ tenant }: { tenant: string }) {
  const [role, setRole] = useState<GivenRole>('member');
  const [link, setLink] = useState('');
  const [waiting, setWaiting] = useState<Invitation[]>([]);
  const load = () => tenants().getInvitations(tenant).then(setWaiting, () => setWaiting([]));
  useEffect(() => void load(), [tenant]);
  const invite = async () => {
    const { token } = await tenants().createInvitation(tenant, { role });
    setLink(`${location.origin}${location.pathname}#/join/${token}`);
    await load();
  };
  return (
    <section>
      <h2 class="group">Invite someone</h2>
      <div class="card stack">
        <label class="field">
          As
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as GivenRole)}>
            {Object.entries(roles).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <Action class="button wide" run={invite}>
          <Icon name="share" size={20} /> Make a link
        </Action>
        {link && <Link link={link} />}
      </div>
      {waiting.length > 0 && (
        <ul class="rows">
          {waiting.map((invitation) => (
            <li class="row" key={invitation.id}>
              <span class="row-text">
                <span>Waits for a {invitation.role}</span>
                <span class="soft">until {new Date(invitation.expiresAt).toLocaleDateString()}</span>
              </span>
              <Action class="button plain small" run={() => tenants().revokeInvitation(tenant, invitation.id).then(load)}>
                Withdraw
              </Action>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Link({ link }: { link: string }) {
  const hand = async () => {
    if ('share' in navigator) return navigator.share({ title: 'Join my band on Roady', url: link });
    await (navigator as Navigator).clipboard.writeText(link);
    showToast('The link is copied. It lets one person in, once.');
  };
  return (
    <>
      <label class="field">
        Link, good for one person and seven days
        <input readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <Action class="button plain wide" run={hand}>
        <Icon name="copy" size={20} /> Copy or share
      </Action>
    </>
  );
}

function Settings({ tenant, name }: { tenant: string; name: string }) {
  const [newName, setNewName] = useState(name);
  if (myRole.value !== 'owner') {
    return (
      <section>
        <h2 class="group">This band</h2>
        <Action class="button plain wide" run={() => leaveBand(tenant)}>
          <Icon name="leave" size={20} /> Leave {name}
        </Action>
      </section>
    );
  }
  return (
    <section>
      <h2 class="group">Name</h2>
      <div class="card fields">
        <label class="field">
          Name of the band
          <input maxLength={200} value={newName} onInput={(event) => setNewName(event.currentTarget.value)} />
        </label>
        <Action
          class="button"
          disabled={!newName.trim() || newName === name}
          run={async () => {
            await tenants().renameTenant(tenant, newName.trim());
            await refreshBands();
          }}
        >
          Rename
        </Action>
      </div>
    </section>
  );
}

function OtherBands() {
  const [name, setName] = useState('');
  return (
    <section>
      <h2 class="group">Your bands</h2>
      <ul class="rows">
        {bands.value.map((band) => (
          <li key={band._id}>
            <button
              type="button"
              class="row"
              aria-current={band._id === currentBand.value?._id ? 'true' : undefined}
              onClick={() => switchBand(band._id)}
            >
              <span class="row-text">{band.name}</span>
              {band._id === currentBand.value?._id && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
      <div class="card fields">
        <label class="field">
          A new band
          <input maxLength={200} placeholder="Its name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <Action class="button" disabled={!name.trim()} run={() => createBand(name.trim())}>
          Add
        </Action>
      </div>
    </section>
  );
}

function SignOut() {
  return (
    <section>
      <h2 class="group">{session.value?.email}</h2>
      <div class="stack">
        <Action class="button plain wide" run={() => signOut(false)}>
          Sign out, keep the data on this device
        </Action>
        <Action class="button plain wide" run={() => signOut(true)}>
          Sign out and remove the data from this device
        </Action>
      </div>
    </section>
  );
}
