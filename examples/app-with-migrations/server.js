// Every GET of /visits is one more row; the answer says who served it and how many there are.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import pg from "pg";

const { COLOR: color = "none", PORT: port = "3000", RELEASE: version = "dev" } = process.env;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
const insert = readFileSync("insert.sql", "utf8");
pool.on("error", (error) => console.error(`a connection that nobody used was lost: ${error.message}`));

const answers = {
  "/healthz": async () => "ok",
  "/version": async () => ({ version, color }),
  "/visits": async () => {
    await pool.query(insert, [color]);
    const { rows } = await pool.query("SELECT count(*)::int AS visits FROM visits");
    return { version, color, visits: rows[0].visits };
  },
};

const server = createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  const answer = answers[request.url];
  if (request.method !== "GET" || !answer) return send(404, { error: "GET /healthz, /version or /visits" });
  try {
    return send(200, await answer());
  } catch (error) {
    console.error(error.message);
    return send(500, { error: error.message });
  }
});

server.listen(Number(port), "0.0.0.0");
process.on("SIGTERM", () => server.close(() => pool.end()));
