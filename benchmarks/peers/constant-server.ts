import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import express from 'express';

// The same JSON for every request: by Express 5 (`express`), or by node:http alone. Prints its address when it listens.
const [framework, body = '{}'] = process.argv.slice(2);
const listening = (server: Server) => {
  server.on('listening', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
};
if (framework === 'express') {
  const answer = JSON.parse(body) as object;
  const app = express();
  app.use((_request, response) => void response.json(answer));
  listening(app.listen(0, '127.0.0.1'));
} else {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(body);
  });
  listening(server.listen(0, '127.0.0.1'));
}
