import type { HttpExchange, HttpRoute } from './http-exchange.ts';
import { type HttpReply, httpReply } from './http-reply.ts';

const notAllowed = httpReply(405, 'text/plain; charset=utf-8', '405 method not allowed, supported: [GET]\n');

/**
 * A route for people and probes: answers GET and HEAD with what `answer` returns, and everything else with 405. A rejected answer becomes a
 * 500 with its message.
 */
export function getRoute(answer: (exchange: HttpExchange) => HttpReply | Promise<HttpReply>): HttpRoute {
  return {
    begin: (exchange) => {
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD') exchange.reply(notAllowed);
    },
    receive: (exchange, body) => {
      body.release();
      void reply(exchange, answer);
    },
    fail: (exchange, _fault, detail) => exchange.reply(httpReply(400, 'text/plain; charset=utf-8', `${detail}\n`)),
  };
}

async function reply(exchange: HttpExchange, answer: (exchange: HttpExchange) => HttpReply | Promise<HttpReply>): Promise<void> {
  try {
    exchange.reply(await answer(exchange));
  } catch (error) {
    exchange.reply(httpReply(500, 'text/plain; charset=utf-8', `${error instanceof Error ? error.message : String(error)}\n`));
  }
}
