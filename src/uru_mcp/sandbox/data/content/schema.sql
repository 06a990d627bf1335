-- Times are UTC text such as 2026-11-20T09:00:00Z, so that they sort and compare as text.
-- Columns that end in _json hold JSON; they lose the ending when a record is read.

CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);

CREATE TABLE workspaces (
  id      TEXT PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL DEFAULT 1  -- of its tool list; only grows
);

CREATE TABLE keys (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  hash         BLOB NOT NULL UNIQUE,  -- HMAC-SHA256 under the database's pepper; the key itself is nowhere
  last4        TEXT NOT NULL,
  workspace_id TEXT REFERENCES workspaces (id),
  fixed        INTEGER NOT NULL,      -- 1: made for one workspace; 0: may select any
  permissions  TEXT NOT NULL,         -- separated by commas
  created_at   TEXT NOT NULL,
  expires_at   TEXT,
  deleted_at   TEXT                   -- set: a tombstone, so that its use can be called revoked
);

CREATE TABLE uses (
  key_id TEXT NOT NULL REFERENCES keys (id),
  at     TEXT NOT NULL
);
CREATE INDEX uses_by_key ON uses (key_id, at);

CREATE TABLE calls (
  id             TEXT PRIMARY KEY,    -- the log_id of the answer
  key_id         TEXT NOT NULL REFERENCES keys (id),
  workspace_id   TEXT REFERENCES workspaces (id),
  namespace      TEXT NOT NULL,
  tool           TEXT NOT NULL,
  arguments_json TEXT NOT NULL,
  permission     TEXT NOT NULL,       -- what the call needed, separated by commas
  outcome        TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'refused')),
  at             TEXT NOT NULL
);
CREATE INDEX calls_by_key ON calls (key_id, at);

CREATE TABLE tool_changes (
  workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
  namespace       TEXT NOT NULL,
  name            TEXT NOT NULL,
  definition_json TEXT,               -- null: the tool was taken away
  PRIMARY KEY (workspace_id, namespace, name)
);

CREATE TABLE contexts (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  title        TEXT NOT NULL,
  description  TEXT NOT NULL DEFAULT '',
  content      TEXT NOT NULL,
  category     TEXT NOT NULL DEFAULT 'general',
  tags_json    TEXT NOT NULL DEFAULT '[]',
  scope        TEXT NOT NULL DEFAULT 'workspace',
  updated_at   TEXT NOT NULL
);
CREATE VIRTUAL TABLE chunks USING fts5 (
  text, title, context_id UNINDEXED, workspace_id UNINDEXED, position UNINDEXED, tokenize = 'porter unicode61'
);

CREATE TABLE prompts (
  id             TEXT PRIMARY KEY,
  workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
  title          TEXT NOT NULL,
  description    TEXT NOT NULL DEFAULT '',
  content        TEXT NOT NULL,
  variables_json TEXT NOT NULL DEFAULT '[]',
  persona_id     TEXT,                -- the agent that the prompt is meant for
  updated_at     TEXT NOT NULL
);

CREATE TABLE personas (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  name         TEXT NOT NULL,
  description  TEXT NOT NULL DEFAULT '',
  instructions TEXT NOT NULL
);

CREATE TABLE automations (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  name         TEXT NOT NULL,
  description  TEXT NOT NULL DEFAULT '',
  status       TEXT NOT NULL DEFAULT 'active',
  trigger_json TEXT NOT NULL,
  nodes_json   TEXT NOT NULL,
  edges_json   TEXT NOT NULL
);

CREATE TABLE runs (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  automation_id TEXT NOT NULL REFERENCES automations (id),
  status        TEXT NOT NULL,
  events_json   TEXT NOT NULL,
  walk_json     TEXT NOT NULL,        -- the graph as it was at the start and where the run stands in it
  started_at    TEXT NOT NULL,
  finished_at   TEXT
);

CREATE TABLE notes (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  text         TEXT NOT NULL,
  created_at   TEXT NOT NULL
);

CREATE VIRTUAL TABLE transcripts USING fts5 (
  text, title, held_at UNINDEXED, workspace_id UNINDEXED, tokenize = 'porter unicode61'
);

CREATE TABLE mails (
  id              TEXT PRIMARY KEY,
  workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
  thread_id       TEXT NOT NULL,
  sender          TEXT NOT NULL,
  recipients_json TEXT NOT NULL,
  cc_json         TEXT NOT NULL DEFAULT '[]',
  bcc_json        TEXT NOT NULL DEFAULT '[]',
  subject         TEXT NOT NULL,
  body            TEXT NOT NULL,
  labels_json     TEXT NOT NULL,
  date            TEXT NOT NULL
);

CREATE TABLE events (
  id             TEXT PRIMARY KEY,
  workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
  summary        TEXT NOT NULL,
  description    TEXT NOT NULL DEFAULT '',
  location       TEXT NOT NULL DEFAULT '',
  starts_at      TEXT NOT NULL,
  ends_at        TEXT NOT NULL,
  attendees_json TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX events_by_time ON events (workspace_id, starts_at);
