// The CouchDB that answers are compared with.

/** `{url, authorization}` of MYCOUCH_TEST_COUCHDB_URL; nothing where it is not set. */
export function couchdb() {
  const text = process.env.MYCOUCH_TEST_COUCHDB_URL;
  if (!text) return undefined;
  const { origin, username, password } = new URL(text);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: origin, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
