// A real authorization server (oidc-provider) and a real MCP server (the protocol's own SDK) that demands its tokens.
// In: lines of JSON, `{"start": options}` (see tests/support/oauth_server.py) or `{"close": number}`.
// Out: one line of JSON for each, in order: the addresses and number of a new pair with a memory of its own, or {}.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { Provider } from "oidc-provider";

// What the authorization server knows. Its own adapter would be one for all pairs.
function memory() {
  const kept = new Map();
  const find = async (model, holds) => [...kept].find(([key, one]) => key.startsWith(`${model}:`) && holds(one))?.[1];
  return (model) => ({
    upsert: async (id, payload) => void kept.set(`${model}:${id}`, payload),
    find: async (id) => kept.get(`${model}:${id}`),
    findByUid: (uid) => find(model, (one) => one.uid === uid),
    findByUserCode: (code) => find(model, (one) => one.userCode === code),
    consume: async (id) => void Object.assign(kept.get(`${model}:${id}`), { consumed: Math.floor(Date.now() / 1000) }),
    destroy: async (id) => void kept.delete(`${model}:${id}`),
    revokeByGrantId: async (grant) => {
      for (const [key, one] of kept) if (one.grantId === grant) kept.delete(key);
    },
  });
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function start(asked) {
  const tls = asked.cert ? { cert: readFileSync(asked.cert), key: readFileSync(asked.key) } : null;
  const scheme = tls ? "https" : "http";
  const seen = [];
  const servers = [];

  function listen(handler) {
    const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
    servers.push(server);
    return new Promise((done) => server.listen(0, "127.0.0.1", () => done([server, server.address().port])));
  }

  let onIssuer = (_request, response) => response.end();
  let onResource = (_request, response) => response.end();
  const [, issuerPort] = await listen((request, response) => onIssuer(request, response));
  const [, resourcePort] = await listen((request, response) => onResource(request, response));
  const prefix = asked.issuer_path ?? "";
  const issuer = `${scheme}://localhost:${issuerPort}${prefix}`;
  const origin = `${scheme}://localhost:${resourcePort}`;
  const resource = `${origin}/mcp`;

  const provider = new Provider(issuer, {
    adapter: memory(),
    clients: asked.clients ?? [],
    clientDefaults: { grant_types: ["authorization_code", "refresh_token"], token_endpoint_auth_method: "none" },
    scopes: ["openid", "offline_access", "mcp:read"],
    pkce: { required: () => asked.pkce !== false },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: asked.registration !== false },
      deviceFlow: { enabled: asked.device !== false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: asked.resource_indicators !== false,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "mcp:read",
          audience: resource,
          accessTokenFormat: "opaque",
          accessTokenTTL: asked.token_seconds ?? 3600,
        }),
      },
    },
    issueRefreshToken: () => asked.refresh !== false,
    ttl: {
      AccessToken: asked.token_seconds ?? 3600, RefreshToken: 86400, DeviceCode: asked.code_seconds ?? 600,
      Interaction: 600, Session: 600, Grant: 86400, AuthorizationCode: 60, IdToken: 600,
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ["test"] },
    rotateRefreshToken: asked.rotate !== false,
  });
  provider.on("server_error", (_context, error) => console.error(error));
  const handle = provider.callback();

  async function grantFor(clientId, params) {
    const grant = new provider.Grant({ accountId: "me", clientId });
    grant.addOIDCScope("openid offline_access");
    grant.addResourceScope(params?.resource ?? resource, "mcp:read");
    return grant.save();
  }

  // The person at the other end: says yes, or no, to what is asked.
  async function person(request, response, url) {
    if (url.pathname === "/person/device") {
      const code = await provider.DeviceCode.findByUserCode((url.searchParams.get("user_code") ?? "").replaceAll("-", ""));
      if (!code) return json(response, 404, {});
      if (url.searchParams.get("answer") === "no") {
        code.error = "access_denied";
        code.errorDescription = "the person said no";
      } else {
        Object.assign(code, { accountId: "me", authTime: Math.floor(Date.now() / 1000) });
        code.grantId = await grantFor(code.clientId, code.params);
        code.scope = code.params.scope ?? "openid offline_access";
        code.resource = code.params.resource ?? resource;
        code.sessionUid = randomUUID();
        code.expiresWithSession = false;
      }
      await code.save();
      return json(response, 200, {});
    }
    if (url.pathname === "/person/seen") return json(response, 200, seen);
    const details = await provider.interactionDetails(request, response);
    const result = { login: { accountId: "me" } };
    if (details.prompt.name === "consent") {
      result.consent = { grantId: await grantFor(details.params.client_id, details.params) };
    }
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  }

  onIssuer = (request, response) => {
    const url = new URL(request.url, issuer);
    seen.push({ at: "issuer", method: request.method, path: url.pathname, authorization: request.headers.authorization });
    if (url.pathname.startsWith("/person/") || url.pathname.startsWith("/interaction/")) {
      return person(request, response, url).catch((error) => json(response, 500, { error: String(error) }));
    }
    if (asked.well_known_inserted && url.pathname === `/.well-known/openid-configuration${prefix}`) {
      request.url = "/.well-known/openid-configuration";
      request.originalUrl = `${prefix}${request.url}`;
      return handle(request, response);
    }
    if (prefix && !url.pathname.startsWith(prefix)) return json(response, 404, {});
    if (prefix) {
      request.originalUrl = request.url;
      request.url = request.url.slice(prefix.length) || "/";
    }
    return handle(request, response);
  };

  onResource = async (request, response) => {
    const url = new URL(request.url, origin);
    seen.push({ at: "resource", method: request.method, path: url.pathname, authorization: request.headers.authorization });
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    if (url.href === metadata) {
      return json(response, 200, {
        resource, authorization_servers: [issuer], scopes_supported: ["mcp:read"], bearer_methods_supported: ["header"],
        ...asked.resource_metadata,
      });
    }
    if (url.pathname !== "/mcp") return json(response, 404, { error: "not found" });
    const token = (request.headers.authorization ?? "").match(/^Bearer (.+)$/)?.[1];
    const found = token && (await provider.AccessToken.find(token));
    const good = found && !found.isExpired && [found.aud].flat().includes(resource);
    if (!good) {
      const error = token ? 'error="invalid_token", error_description="The token is not known, or has expired", ' : "";
      const named = asked.header_names_metadata === false ? "" : `resource_metadata="${metadata}", `;
      const header = `Bearer ${error}${named}scope="mcp:read"`;
      return json(response, 401, { error: "invalid_token" }, { "www-authenticate": header });
    }
    const server = new McpServer({ name: "guarded", version: "1.0.0" });
    server.registerTool("who", { description: "Says who is asking" }, () => ({ content: [{ type: "text", text: found.accountId }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: asked.json === true });
    response.on("close", () => { transport.close(); server.close(); });
    await server.connect(transport);
    return transport.handleRequest(request, response);
  };

  return {
    addresses: { issuer, resource, origin, issuer_origin: `${scheme}://localhost:${issuerPort}` },
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

console.log = console.info = console.error; // stdout belongs to the answers
const answer = (body) => process.stdout.write(`${JSON.stringify(body)}\n`);
const pairs = [];
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.start) {
    const pair = await start(told.start);
    answer({ ...pair.addresses, number: pairs.push(pair) - 1 });
  } else {
    pairs[told.close].close();
    answer({});
  }
}
process.exit(0);
