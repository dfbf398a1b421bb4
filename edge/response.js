// Viewer response: give what comes from the bucket the headers that the API would send.
//
// The API always sends X-XSS-Protection, which no object's metadata can bring along. That tells them
// apart; a 304 may have lost it on the way. The file's name is read off the object's key, or off the
// viewer's URL if the event has that.

const SECURITY = {
  'content-security-policy': "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
  'x-content-type-options': 'nosniff',
  'x-xss-protection': '1; mode=block',
  'access-control-allow-origin': '*',
  'cache-control': 'max-age=2592000, stale-while-revalidate=86400'
};
const HSTS = 'max-age=31536000; includeSubDomains';
const INLINE = {
  image: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'x-icon', 'bmp'],
  video: ['webm', 'mp4', '3gpp', 'quicktime', 'x-ms-wmv'],
  audio: ['basic', 'aiff', 'mpeg', 'midi', 'mp3', 'wave', 'wav', 'x-wav', 'x-mpeg', 'x-m4a', 'aac'],
  application: ['pdf', 'x-pdf']
};
const THUMB_KEY = /^\/[^\/]+\/[^\/]+\/thumbs_([^\/]+)\/([^\/]+)$/;
const SIZE = /^[0-9]+x[0-9]+[tbf]?$/;

function handler(event) {
  const response = event.response;
  const headers = response.headers;
  headers['strict-transport-security'] = { value: HSTS };
  const isRead = event.request.method === 'GET' || event.request.method === 'HEAD';
  const isUnchanged = response.statusCode === 304 && headers['cache-control'];
  if (!isRead || headers['x-xss-protection'] || isUnchanged) {
    return response;
  }
  Object.keys(headers).forEach(function (name) {
    if (name.indexOf('x-amz-') === 0) {
      delete headers[name];
    }
  });
  Object.keys(SECURITY).forEach(function (name) {
    headers[name] = { value: SECURITY[name] };
  });
  const file = servedName(event.request);
  headers.vary = { value: file.isThumb ? 'Accept, Origin' : 'Origin' };
  if (headers['content-type']) { // a 304 has none, and must not change what the reader keeps
    const type = headers['content-type'].value;
    const shown = isInline(type) || (file.isThumb && type === 'image/avif');
    const kind = shown ? 'inline' : 'attachment';
    headers['content-disposition'] = { value: kind + '; filename=' + file.name };
  }
  return response;
}

function isInline(type) {
  const pieces = type.split('/');
  return pieces.length === 2 && Object.keys(INLINE).indexOf(pieces[0]) >= 0
    && INLINE[pieces[0]].indexOf(pieces[1]) >= 0;
}

// The name that the API would send the file under; a thumb in another format keeps the plain thumb's name.
function servedName(request) {
  const thumb = THUMB_KEY.exec(request.uri);
  if (thumb) {
    const size = thumb[2].slice(0, thumb[2].indexOf('_'));
    return { name: size + '_' + thumb[1], isThumb: true };
  }
  const name = request.uri.slice(request.uri.lastIndexOf('/') + 1);
  const asked = request.querystring.thumb;
  if (asked && SIZE.test(asked.value)) {
    return { name: asked.value + '_' + name, isThumb: true };
  }
  return { name: name, isThumb: false };
}
