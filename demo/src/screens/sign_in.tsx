// Who are you? The development issuer believes everyone.
import { useState } from 'preact/hooks';

import { reasonOf } from '../reason';
import { route } from '../route';
import { signIn } from '../state';
import { Mark } from '../ui/icons';
import { ErrorLine } from '../ui/parts';

export function SignInScreen() {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      await signIn(name.trim(), email.trim());
    } catch (failure) {
      setError(reasonOf(failure));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <Mark size={64} />
      <h1>Roady</h1>
      <p class="lead">
        {route.value.invitation ? 'You are invited to a band. Sign in to see which.' : 'Everything in the van. Also where there is no network.'}
      </p>
      <form onSubmit={submit}>
        <label class="field">
          Name
          <input required maxLength={200} autocomplete="name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">
          E-mail
          <input
            required
            type="email"
            maxLength={320}
            autocomplete="email"
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
        </label>
        <ErrorLine text={error} />
        <button class="button wide" disabled={busy} aria-busy={busy}>
          Sign in
        </button>
      </form>
      <p class="soft">This is a demo on a development server: any name will do, and the same e-mail is the same person.</p>
    </main>
  );
}
