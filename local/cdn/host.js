// Runs CloudFront Functions for the local edge: one JSON message a line in, one JSON answer a line out.
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const folder = process.argv[2];
let store = {};
let chosen = [];

const cf = {
  kvs: () => ({
    get: async (key) => {
      if (store[key] === undefined) {
        throw new Error('KeyNotFound');
      }
      return store[key];
    },
  }),
  createRequestOriginGroup: (group) => {
    chosen = group.originIds.map((origin) => origin.originId);
  },
};

function load(name) {
  const text = fs.readFileSync(path.join(folder, name + '.js'), 'utf8');
  const body = text.replace("import cf from 'cloudfront';", '') + '\nreturn handler;';
  return new Function('cf', body)(cf);
}

const handlers = { request: load('request'), response: load('response') };

async function answer(message) {
  if (message.store) {
    store = message.store;
    return {};
  }
  chosen = [];
  const result = await handlers[message.name](message.event);
  return { result, origins: chosen };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
  }
})();
