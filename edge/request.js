// Viewer request: turn every spelling of a file's URL into one, and send what needs no decision to
// the bucket.
//
// The key value store holds one value for each collection, under its name in lower case and under
// its id: {"id": "pbc_1", "name": "photos", "open": true, "all": ["100x300"], "some": ["640x480f"]}
//   open: no file of it is protected
//   all:  thumb sizes that every file field lists
//   some: thumb sizes that only some of them list
//   formats: what thumbs are offered in beside the original's format, best first; FORMATS if absent
// Whatever is not certain here goes to the API, which decides by the catalogue itself.
import cf from 'cloudfront';

const ROUTE = '/api/files/';
const PREFIX = ['', 'api', 'files'];
const NOWHERE = '/api/files/-';
const SAFE_ID = /^[A-Za-z0-9_-]+$/;
const SAFE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
const FORCED_TYPE = /\.(svg|css|js|mjs|xlsx|docx|pptx)$/;
const TRUE = /^(1|t|T|true|TRUE|True)$/;
const ALWAYS_LISTED = '100x100';
const FAILOVER = [400, 403, 404, 416, 500, 502, 503, 504];
const FORMATS = ['avif', 'webp'];
const BUCKET = 'bucket';
const API_BY_KEY = 'api-by-key';

const store = cf.kvs();

async function handler(event) {
  const request = event.request;
  delete request.headers['x-media'];
  const names = segments(request.uri);
  if (names === null) {
    request.uri = ROUTE + request.uri.split('/').slice(PREFIX.length).join('/');
    return request;
  }
  // An escaped slash would be a second spelling for whoever decodes the path as a whole.
  if (names.length !== 3 || names.join('').indexOf('/') >= 0) {
    request.uri = NOWHERE;
    request.querystring = {};
    return request;
  }
  const query = parameters(request.querystring);
  const collection = await find(names[0]);
  const offered = collection && collection.formats || FORMATS;
  const format = acceptedFormat(request.headers.accept, offered);
  if (collection === null) {
    toApi(request, names, query, format);
    return request;
  }
  unify(query, collection);
  const key = objectKey(request.method, collection, names[1], names[2], query, format);
  if (key === null) {
    toApi(request, [collection.id, names[1], names[2]], query, format);
  } else {
    toBucket(request, key);
  }
  return request;
}

// The decoded segments behind /api/files/: none for any other path, null where an escape is malformed.
function segments(uri) {
  const decoded = uri.split('/').map(decode);
  const prefix = decoded.splice(0, PREFIX.length);
  if (prefix.join('|') !== PREFIX.join('|')) {
    return [];
  }
  return decoded.indexOf(null) < 0 ? decoded : null;
}

// Text without percent escapes, or null where an escape is malformed.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return null;
  }
}

// The first value of each parameter, decoded as Go decodes a query: a pair with a `;` or with a
// malformed escape does not count.
function parameters(querystring) {
  const found = {};
  Object.keys(querystring).forEach(function (rawName) {
    const entry = querystring[rawName];
    const values = entry.multiValue ? entry.multiValue : [entry];
    values.forEach(function (each) {
      const name = decodeParameter(rawName);
      const value = decodeParameter(each.value);
      if (name !== null && value !== null && found['=' + name] === undefined) {
        found['=' + name] = value;
      }
    });
  });
  return found;
}

function decodeParameter(text) {
  return text.indexOf(';') < 0 ? decode(text.replace(/\+/g, ' ')) : null;
}

// What the store knows of the collection of this name, in any letter case, or of exactly this id.
async function find(nameOrId) {
  if (!SAFE_ID.test(nameOrId)) {
    return null;
  }
  const name = nameOrId.toLowerCase();
  const byName = await lookUp(name);
  if (byName && (byName.name === name || byName.id === nameOrId)) {
    return byName;
  }
  const byId = nameOrId === name ? null : await lookUp(nameOrId);
  return byId && byId.id === nameOrId ? byId : null;
}

async function lookUp(key) {
  try {
    const text = await store.get(key);
    return JSON.parse(text);
  } catch (error) {
    return null; // the key is missing, or the store cannot be read now: the API decides
  }
}

// Leave out what changes nothing: a size that no field lists, a token where all files are open.
function unify(query, collection) {
  const size = query['=thumb'];
  const listed = [ALWAYS_LISTED].concat(collection.all, collection.some);
  if (listed.indexOf(size) < 0) {
    delete query['=thumb'];
  }
  if (collection.open) {
    delete query['=token'];
  }
}

// The object to send without asking the API, or null where the API must decide.
function objectKey(method, collection, record, file, query, format) {
  const isRead = method === 'GET' || method === 'HEAD';
  const isSafe = SAFE_ID.test(record) && SAFE_NAME.test(file) && file.indexOf('..') < 0;
  if (!collection.open || !isRead || !isSafe) {
    return null;
  }
  if (FORCED_TYPE.test(file) || TRUE.test(query['=download'])) {
    return null;
  }
  const folder = '/' + collection.id + '/' + record + '/';
  const size = query['=thumb'];
  if (size === ALWAYS_LISTED || collection.all.indexOf(size) >= 0) {
    return folder + 'thumbs_' + file + '/' + size + '_' + file + (format && '.' + format);
  }
  return collection.some.indexOf(size) >= 0 ? null : folder + file;
}

// The first of the offered formats that the reader names, or '' for the original's own.
function acceptedFormat(accept, offered) {
  const lines = accept ? accept.multiValue || [accept] : [];
  const text = lines.map(function (line) { return line.value; }).join(',').toLowerCase();
  const named = offered.filter(function (format) { return names(text, 'image/' + format); });
  return named.length > 0 ? named[0] : '';
}

function names(accept, type) {
  return accept.split(',').some(function (range) {
    const pieces = range.split(';');
    const refused = pieces.slice(1).some(function (piece) {
      return /^[ \t]*q[ \t]*=[ \t]*0(\.0*)?[ \t]*$/.test(piece);
    });
    const named = /^[ \t]*([^ \t]*)[ \t]*$/.exec(pieces[0]);
    return named !== null && named[1] === type && !refused;
  });
}

function toBucket(request, key) {
  request.uri = key;
  request.querystring = {};
  delete request.headers.origin;
  delete request.headers.authorization;
  request.headers.accept = { value: '*/*' };
  cf.createRequestOriginGroup({
    originIds: [{ originId: BUCKET }, { originId: API_BY_KEY }],
    failoverCriteria: { statusCodes: FAILOVER }
  });
}

function toApi(request, path, query, format) {
  request.uri = ROUTE + path.map(encodeURIComponent).join('/');
  request.querystring = {};
  if (TRUE.test(query['=download'])) {
    query['=download'] = '1';
  } else {
    delete query['=download'];
  }
  Object.keys(query).sort().forEach(function (name) {
    if (query[name] !== '') {
      const value = encodeURIComponent(query[name]);
      request.querystring[encodeURIComponent(name.slice(1))] = { value: value };
    }
  });
  const wantsThumb = query['=thumb'] !== undefined;
  request.headers.accept = { value: wantsThumb && format ? 'image/' + format : '*/*' };
  const media = mediaElement(request.headers);
  if (media && request.headers.range) {
    request.headers['x-media'] = { value: media };
  }
}

// A media element that asks for a range must never be redirected: it would keep the address past its life.
// A service worker that fetches for one loses the destination, but without CORS no script can ask for a
// range.
function mediaElement(headers) {
  const destination = headers['sec-fetch-dest'] ? headers['sec-fetch-dest'].value : '';
  const mode = headers['sec-fetch-mode'] ? headers['sec-fetch-mode'].value : '';
  if (destination === 'audio' || destination === 'video') {
    return '1';
  }
  return destination === 'empty' && mode === 'no-cors' ? 'worker' : '';
}
