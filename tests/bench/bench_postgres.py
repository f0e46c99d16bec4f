"""The same view by SQL: a PostgreSQL of its own in a temporary folder, over its Unix socket, beside the views that
bench_views.py measures, in the same run.

The same: as many data, of which 50 are of each person that is viewed, and lie together; 16 connections that stay open; which attributes are
shown follows from case, member, application, function and law by a join; that it was shown is written in a table, in the
same transaction, with an index to find it by person, and is on disk (fsync and synchronous_commit are on, as they are
unless told otherwise) before the rows are given out. All of it is one prepared statement, so one round trip.

What PostgreSQL does not do here: encrypt a datum under a key of its person, keep a log that cannot be changed unseen, check
a token, judge by rules in force at that moment, speak HTTP and JSON. The figure is a floor under which there is less."""
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from bench_views import APP, MEMBERS, SHOWN, VALUES, catalogue, listed, shown
from house import GATEWAY_OIN, check, free_port, wait_for

HOME = Path("/usr/lib/postgresql/15/bin")
DATABASE = "sluis"
SYSTEM_USER = "postgres"  # the server refuses to be root's; the package makes this one

TABLES = """
CREATE TABLE attribute (id int PRIMARY KEY, name text NOT NULL, category text NOT NULL, source text NOT NULL);
CREATE TABLE view (id int PRIMARY KEY, application text NOT NULL, function text NOT NULL, law text NOT NULL,
  phases int[] NOT NULL, from_day timestamptz NOT NULL, until_day timestamptz);
CREATE INDEX ON view (application, function);
CREATE TABLE view_attribute (view int REFERENCES view, attribute int REFERENCES attribute, PRIMARY KEY (view, attribute));
CREATE TABLE case_file (id bigint PRIMARY KEY, owner text NOT NULL, laws text[] NOT NULL, phase int NOT NULL);
CREATE TABLE member (case_file bigint REFERENCES case_file, number int, subject uuid NOT NULL, PRIMARY KEY (case_file, number));
CREATE TABLE datum (subject uuid, attribute int REFERENCES attribute, instance uuid, version bigint, value text NOT NULL,
  source text NOT NULL, message_hash bytea NOT NULL, legal_basis text NOT NULL, laws text[], obtained timestamptz NOT NULL,
  valid_from timestamptz, valid_until timestamptz, registered timestamptz NOT NULL, journal_index bigint NOT NULL,
  PRIMARY KEY (subject, attribute, instance, version));
CREATE TABLE shown (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), application text NOT NULL,
  function text NOT NULL, employee text NOT NULL, case_file bigint NOT NULL, subject uuid NOT NULL, attributes int[] NOT NULL);
CREATE INDEX ON shown (subject, id);
"""

VIEW = """
WITH seen AS MATERIALIZED (
  SELECT m.subject, a.id, a.name, d.value, d.source, d.obtained, d.valid_from, d.valid_until, a.category, d.instance, d.version
  FROM case_file c
  JOIN member m ON m.case_file = c.id AND m.number = :member
  JOIN view v ON v.application = 'wmo-intake' AND v.function = 'consulent' AND v.law = ANY (c.laws) AND c.phase = ANY (v.phases)
    AND v.from_day <= now() AND (v.until_day IS NULL OR v.until_day > now())
  JOIN view_attribute w ON w.view = v.id
  JOIN attribute a ON a.id = w.attribute
  JOIN datum d ON d.subject = m.subject AND d.attribute = a.id
    AND (d.laws IS NULL OR v.law = ANY (d.laws)) AND (d.valid_until IS NULL OR d.valid_until > now())
  WHERE c.id = :case AND c.owner = 'OWNER'
), kept AS (
  INSERT INTO shown (application, function, employee, case_file, subject, attributes)
  SELECT 'wmo-intake', 'consulent', 'mw-1', :case, subject, array_agg(id) FROM seen GROUP BY subject
  RETURNING id
)
SELECT kept.id, name, value, source, obtained, valid_from, valid_until, category, instance, version FROM seen, kept;
""".replace("OWNER", GATEWAY_OIN)


def missing():
    """In words; None: it is there."""
    there = all((HOME / name).exists() for name in ("initdb", "postgres", "pgbench", "psql"))
    return None if there else "PostgreSQL 15 (postgresql-15; make deps-peers installs it)"


class Postgres:
    """persons are viewed, in cases of MEMBERS; data in all."""

    def __init__(self, persons, data):
        self.folder = Path(tempfile.mkdtemp(prefix="sluis-pg-"))
        self.user = SYSTEM_USER if os.getuid() == 0 else None
        self.port, self.cases, self.child = free_port(), persons // MEMBERS, None
        if self.user:
            who = pwd.getpwnam(self.user)
            os.chown(self.folder, who.pw_uid, who.pw_gid)
        self.env = dict(os.environ, PGHOST=str(self.folder), PGPORT=str(self.port), PGUSER="sluis", LC_ALL="C.UTF-8")
        try:
            self.start()
            self.fill(persons, data)
        except BaseException:
            self.close()
            raise

    def call(self, name, *args, stdin=None):
        done = subprocess.run([HOME / name, *map(str, args)], input=stdin, capture_output=True, text=True, timeout=600, env=self.env,
                              cwd=self.folder, user=self.user, group=self.user, extra_groups=[] if self.user else None)
        check(done.returncode == 0, f"{name}: {done.stderr[-800:]}")
        return done.stdout

    def sql(self, text, database=DATABASE):
        return self.call("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, stdin=text)

    def start(self):
        self.call("initdb", "-D", self.folder / "data", "-U", "sluis", "-A", "trust", "-E", "UTF8")
        with open(self.folder / "log", "wb") as log:
            self.child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "QUIT", "--", HOME / "postgres", "-D", self.folder / "data", "-k", self.folder,
                 "-p", str(self.port), "-c", "listen_addresses=", "-c", "shared_buffers=512MB"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env, cwd=self.folder, user=self.user, group=self.user,
                extra_groups=[] if self.user else None)
        wait_for("PostgreSQL", self.ready, 30, 0.1)

    def ready(self):
        check(self.child.poll() is None, f"PostgreSQL ended: {(self.folder / 'log').read_text()[-600:]}")
        return subprocess.run([HOME / "pg_isready", "-q"], env=self.env, check=False).returncode == 0

    def fill(self, persons, data):
        known, names = catalogue(), sorted(catalogue())
        number = {name: i + 1 for i, name in enumerate(names)}
        self.sql(f"CREATE DATABASE {DATABASE};", "postgres")
        lines = [TABLES, "BEGIN;"]
        lines += [f"INSERT INTO attribute VALUES ({number[n]}, '{n}', '{known[n][2]}', '{known[n][1]}');" for n in names]
        lines.append(f"INSERT INTO view VALUES (1, '{APP}', 'consulent', 'wmo', '{{1,2,3}}', '2026-01-01', NULL);")
        lines += [f"INSERT INTO view_attribute VALUES (1, {number[n]});" for n in listed()]
        lines.append(f"INSERT INTO case_file SELECT c, '{GATEWAY_OIN}', '{{wmo,jeugdwet}}', 1 "
                     f"FROM generate_series(1, {self.cases}) c;")
        lines.append(f"INSERT INTO member SELECT (i - 1) / {MEMBERS} + 1, (i - 1) % {MEMBERS} + 1, md5('person' || i)::uuid "
                     f"FROM generate_series(1, {persons}) i;")
        row = "sha256('file'), 'wmo-5.1.1', NULL, '2026-01-05', NULL, NULL, now(), i"
        zero = "'00000000-0000-0000-0000-000000000000'"
        for name, kind, _ in shown():
            lines.append(f"INSERT INTO datum SELECT md5('person' || i)::uuid, {number[name]}, {zero}, 1, '{VALUES[kind]}', "
                         f"'{GATEWAY_OIN}', {row} FROM generate_series(1, {persons}) i;")
        rest = data - persons * SHOWN
        lines.append(f"INSERT INTO datum SELECT md5('other' || i / 12)::uuid, {number['wmo-voorziening']}, md5('V' || i)::uuid, 1, "
                     f"'{VALUES['text']}', '00000099000000001000', {row} FROM generate_series(1, {rest}) i;")
        self.sql("\n".join([*lines, "COMMIT;", "CLUSTER datum USING datum_pkey;", "VACUUM ANALYZE;", "CHECKPOINT;"]))
        script = f"\\set case random(1, {self.cases})\n\\set member random(1, {MEMBERS})\n{VIEW}"
        (self.folder / "view.sql").write_text(script)
        rows = self.sql(f"\\set case 1\n\\set member 1\n{VIEW}").splitlines()
        check(len(rows) == SHOWN, f"PostgreSQL shows {len(rows)} attributes: {rows[:2]}")

    def run(self, connections, warmup, count):
        """Views a second; each left a row behind."""
        def views(n):
            each = -(-n // connections)
            text = self.call("pgbench", "-n", "-M", "prepared", "-c", connections, "-j", 1, "-t", each, "-f", self.folder / "view.sql", DATABASE)
            return each * connections, float(re.search(r"^tps = ([\d.]+) \(without initial", text, re.M)[1])
        views(warmup)
        before = int(self.sql("SELECT count(*) FROM shown;"))
        done, per_s = views(count)
        kept = int(self.sql("SELECT count(*) FROM shown;")) - before
        check(kept == done, f"{done} views left {kept} rows")
        self.sql("CHECKPOINT;")  # nothing of it is left to be done beside what is measured next
        return per_s

    def close(self):
        if self.child:
            self.child.send_signal(signal.SIGINT)
            self.child.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
