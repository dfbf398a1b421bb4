// The official JavaScript SDK on Node: one JSON object in as argument, one JSON object out.
import { createHash } from "node:crypto";
import PocketBase, { ClientResponseError } from "pocketbase";

const given = JSON.parse(process.argv[2]);
const pb = new PocketBase(given.base);

/** What a GET of the URL gives, redirects followed. */
async function got(url) {
  const answer = await fetch(url);
  const body = Buffer.from(await answer.arrayBuffer());
  return {
    url,
    status: answer.status,
    type: answer.headers.get("content-type"),
    disposition: answer.headers.get("content-disposition"),
    sha256: createHash("sha256").update(body).digest("hex"),
  };
}

async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    if (!(error instanceof ClientResponseError)) throw error;
    return { status: error.status, response: error.response };
  }
}

const found = { public: {} };
for (const [name, options] of Object.entries(given.options)) {
  found.public[name] = await got(pb.files.getURL(given.photo, given.photo.file, options));
}
found.byName = await got(pb.files.getURL({ ...given.photo, collectionId: "" }, given.photo.file));
found.missing = await got(pb.files.getURL(given.photo, "none.jpg"));
found.odd = await got(pb.files.getURL(given.odd, given.odd.file));

found.guest = await refusal(pb.files.getToken());
pb.authStore.save(given.auth.token, given.auth.record);
const token = await pb.files.getToken();
found.withToken = await got(pb.files.getURL(given.secret, given.secret.file, { token }));
found.withTokenAsDownload = await got(
  pb.files.getURL(given.secret, given.secret.file, { token, download: true }),
);
found.withoutToken = await got(pb.files.getURL(given.secret, given.secret.file));
found.withAuthToken = await got(pb.files.getURL(given.secret, given.secret.file, { token: pb.authStore.token }));
found.fields = await pb.send("/api/files/token", { method: "POST", fields: "other" });
pb.authStore.save(given.auth.token.slice(0, -2) + "xx", given.auth.record);
found.forged = await refusal(pb.files.getToken());

// The quick start of the client: log in, then show a file of the record.
const visitor = new PocketBase(given.base);
const { record } = await visitor.collection("users").authWithPassword(given.identity, "demo");
await visitor.collection("users").authRefresh();
const fileToken = await visitor.files.getToken();
found.login = {
  valid: visitor.authStore.isValid,
  avatar: await got(visitor.files.getURL(record, record.avatar)),
  secret: await got(visitor.files.getURL(given.secret, given.secret.file, { token: fileToken })),
};
found.stranger = await refusal(visitor.collection("users").authWithPassword("nobody", "demo"));

console.log(JSON.stringify(found));
