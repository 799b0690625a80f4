// The migrations of this image, by node-pg-migrate: one transaction, one migrating session at a time.
// To /dev/termination-log, which `slipway deploy` reads, goes where the schema was, where it is now, and which images it takes.
import { appendFileSync, readFileSync, readdirSync } from "node:fs";
import { runner } from "node-pg-migrate";
import pg from "pg";

const LOCK_NOT_AVAILABLE = "55P03";
const report = process.env.REPORT ?? "/dev/termination-log";
const say = (key, version) => version && appendFileSync(report, `${key} ${version}\n`);
const client = new pg.Client({ connectionString: process.env.DATABASE_URL, application_name: "migrate" });

// A migration that takes something away says so: `-- images since 0002_served-by`.
const migrations = readdirSync("migrations").sort().map((file) => ({
  name: file.replace(/\.sql$/, ""),
  since: readFileSync(`migrations/${file}`, "utf8").match(/^-- images since (\S+)/m)?.[1],
}));

async function version() {
  const { rows: [table] } = await client.query("SELECT to_regclass('pgmigrations') AS there");
  if (!table.there) return "0";
  const { rows: [last] } = await client.query("SELECT name FROM pgmigrations ORDER BY id DESC LIMIT 1");
  return last?.name ?? "0";
}

// The image that serves was made for SERVING_SCHEMA: what it needs must not be taken away under it.
function refuseContract(before) {
  const serving = process.env.SERVING_SCHEMA;
  for (const { name, since } of migrations) {
    if (serving && since && name > before && serving < since)
      throw new Error(`${name} needs images made for ${since} or newer, and one made for ${serving} serves: release ${since} first`);
  }
}

async function tellHolders() {
  const { rows } = await client.query(`
    SELECT c.relname AS locked, l.mode, a.pid, a.application_name AS name, a.state, a.xact_start AS since, a.query
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND c.relkind IN ('r', 'p') AND c.oid >= 16384 AND a.pid <> pg_backend_pid()
      AND a.datname = current_database() AND a.xact_start < now() - interval '1 second'`);
  for (const { locked, mode, pid, name, state, since, query } of rows)
    console.error(`${locked} is locked (${mode}) by process ${pid}, ${name}, ${state} since ${since.toISOString()}: ${query}`);
}

await client.connect();
try {
  const before = await version();
  say("before", before);
  refuseContract(before);
  await runner({ dbClient: client, dir: "migrations", migrationsTable: "pgmigrations", direction: "up", singleTransaction: true });
} catch (error) {
  console.error(error.message);
  if (error.code === LOCK_NOT_AVAILABLE) await tellHolders();
  process.exitCode = 1;
} finally {
  const after = await version();
  say("after", after);
  say("oldest", migrations.findLast(({ name, since }) => since && name <= after)?.since);
  await client.end();
}
