#include "app/dev_pages.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kSignIn = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · mycouch development</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a3f4b); --accent: light-dark(#0b63ce, #6cb2ff);
          --on-accent: light-dark(#fff, #06213f); --soft: light-dark(#5a6270, #a3abb9);
          --error: light-dark(#b3261e, #ff9d94); }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
         font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f4f6f9, #14161a); }
  main { width: 100%; max-width: 26rem; padding: 2rem; border: 1px solid var(--line); border-radius: 12px;
         background: light-dark(#fff, #1c1f25); }
  h1 { margin: 0 0 .25rem; font-size: 1.375rem; }
  p { margin: 0 0 1.25rem; color: var(--soft); }
  label { display: block; margin-bottom: 1rem; font-weight: 600; }
  input, textarea { display: block; width: 100%; margin-top: .25rem; padding: .6rem .75rem; font: inherit;
                    font-weight: 400; border: 1px solid var(--line); border-radius: 8px; background: transparent;
                    color: inherit; }
  textarea, pre { font: .8125rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
  button { width: 100%; padding: .65rem; font: inherit; font-weight: 600; border: 0; border-radius: 8px;
           background: var(--accent); color: var(--on-accent); cursor: pointer; }
  button:disabled { opacity: .6; cursor: default; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  pre { margin: .25rem 0 1.25rem; padding: .75rem; border-radius: 8px; white-space: pre-wrap;
        background: light-dark(#eef1f5, #262a32); }
  #error { color: var(--error); }
  [hidden] { display: none; }
</style>
</head>
<body>
<main>
  <h1>Sign in</h1>
  <p id="intro">The development issuer lets anyone in, under any name. The same e-mail is the same user.</p>
  <form id="form" method="post" action="/_dev/token">
    <label>Name <input name="name" autocomplete="name" maxlength="200" required autofocus></label>
    <label>E-mail <input name="email" type="email" autocomplete="email" maxlength="320" required></label>
    <p id="error" role="alert" hidden></p>
    <button>Sign in</button>
  </form>
  <section id="done" aria-live="polite" hidden>
    <label>Your token <textarea id="token" rows="7" readonly></textarea></label>
    <button id="copy" type="button">Copy the token</button>
    <p style="margin-top:1.25rem">Send it as <code>Authorization: Bearer …</code>. It is good for an hour. A first
      request to a database answers <code>token_refresh_required</code>: sign in once more, and the token names your
      tenant.</p>
    <pre id="example" tabindex="0"></pre>
    <button id="again" type="button">Get a fresh token</button>
  </section>
</main>
<script>
  const $ = (id) => document.getElementById(id);
  const asked = new URLSearchParams(location.search);

  function fail(message) {
    $('error').textContent = message;
    $('error').hidden = false;
  }

  // Where the token is handed to: pages on this machine only, and in the fragment, which no server gets to see.
  function target() {
    if (!asked.has('redirect_uri')) return null;
    const url = new URL(asked.get('redirect_uri'));
    const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    if (!local || !['http:', 'https:'].includes(url.protocol)) throw new Error();
    return url;
  }

  function hand_over(url, token) {
    const fragment = new URLSearchParams(token);
    if (asked.has('state')) fragment.set('state', asked.get('state'));
    url.hash = fragment;
    location.replace(url);
  }

  function show(token) {
    $('form').hidden = $('intro').hidden = true;
    $('done').hidden = false;
    $('token').value = token.access_token;
    $('example').textContent =
      `curl -H "Authorization: Bearer ${token.access_token.slice(0, 12)}…" ${location.origin}/__tenants`;
    $('copy').focus();
  }

  async function sign_in() {
    const button = document.querySelector('#form button');
    button.disabled = true;
    $('error').hidden = true;
    try {
      const answer = await fetch('/_dev/token', { method: 'POST', body: new URLSearchParams(new FormData($('form'))) });
      const token = await answer.json();
      if (!answer.ok) throw new Error(token.reason);
      const url = target();
      if (url) hand_over(url, token); else show(token);
    } catch (error) {
      fail(error.message || 'The server cannot be reached.');
    } finally {
      button.disabled = false;
    }
  }

  $('form').addEventListener('submit', (event) => { event.preventDefault(); sign_in(); });
  $('again').addEventListener('click', sign_in);
  $('copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText($('token').value);
    $('copy').textContent = 'Copied';
    setTimeout(() => { $('copy').textContent = 'Copy the token'; }, 1500);
  });

  try {
    const url = target();
    if (url) $('intro').textContent = `${url.origin} asks who you are. Anyone may sign in, under any name.`;
  } catch {
    document.querySelector('#form button').disabled = true;
    fail('redirect_uri must be an http(s) address on this machine (localhost, 127.0.0.1 or [::1]).');
  }
</script>
</body>
</html>
)html";

}  // namespace

std::string_view sign_in_page() {
  return kSignIn;
}

}  // namespace mycouch::app
