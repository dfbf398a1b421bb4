// A stand-in for CloudFront's `cloudfront` module: a store and the choice of origins, and nothing that the real one lacks.
const chosen = [];
const STATUS_CODES = [400, 403, 404, 416, 429, 500, 502, 503, 504];

function refuse(reason) {
  throw new Error('cloudfront: ' + reason);
}

const cf = Object.freeze({
  kvs: function (id) {
    if (id !== undefined) {
      refuse('only the associated store is reached, without an id');
    }
    return Object.freeze({
      get: async function (key, options) {
        if (typeof key !== 'string' || key === '' || options !== undefined) {
          refuse('get takes one key');
        }
        if (STORE_FAILS || STORE[key] === undefined) {
          refuse('KeyNotFound');
        }
        return STORE[key];
      }
    });
  },
  createRequestOriginGroup: function (group) {
    if (group.originIds.length !== 2 || chosen.length > 0) {
      refuse('a group has two origins and is made once');
    }
    const ids = group.originIds.map(function (origin) {
      return typeof origin.originId === 'string' ? origin.originId : refuse('an origin is an object with originId');
    });
    group.failoverCriteria.statusCodes.forEach(function (code) {
      if (STATUS_CODES.indexOf(code) < 0) {
        refuse('no failover on ' + code);
      }
    });
    chosen.push(ids);
  }
});
