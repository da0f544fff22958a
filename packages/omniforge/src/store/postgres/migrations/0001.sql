-- Tasks: the head of each log, and beside it what an engine keeps about running it. Text ids live here only, compared byte
-- by byte. No index names a column that every commit changes: then a commit writes no index of tasks at all.
create table tasks (
  id bigint generated always as identity primary key,
  task text collate "C" not null unique,
  tenant text collate "C" not null,
  agent text collate "C" not null,
  spec_hash text collate "C" not null,
  loop_version integer not null,
  engine text collate "C" not null,
  root text collate "C" not null,
  context text collate "C" not null,
  parent text collate "C",
  parent_key text collate "C",
  depth integer not null,
  workspace text,
  idempotency_key text collate "C",
  created_at bigint not null,
  -- the projection of the log
  state text collate "C" not null,
  limits text not null,
  head_seq bigint not null,
  turn integer not null,
  turn_seq bigint not null,
  epoch integer not null,
  epoch_turn integer not null,
  epoch_seq bigint not null,
  messages integer not null,
  taken integer not null,
  children integer not null,
  cancel_seq bigint,
  ended_seq bigint,
  pending text not null,
  usage text not null,
  active_ms bigint not null,
  active_since bigint,
  updated_at bigint not null,
  -- `updated_at` of a task that has ended: it stands in indexes, and never changes again
  ended_at bigint,
  erased smallint not null default 0,
  -- execution; `rests_at`: `updated_at` when its last owner let go of it
  rests_at bigint not null,
  owner text collate "C",
  fence bigint not null default 0,
  wakes bigint not null default 0,
  parked_at_wakes bigint,
  next_at bigint,
  first_run text,
  current_run text
) with (fillfactor = 70);
create unique index tasks_by_idempotency_key on tasks (tenant, idempotency_key) where idempotency_key is not null;
create index tasks_by_age on tasks (tenant, created_at, task);
create index tasks_by_state on tasks (tenant, state, created_at, task);
create index tasks_by_agent_and_state on tasks (tenant, agent, state, created_at, task);
create index tasks_by_spec on tasks (tenant, spec_hash, state, created_at, task);
create index tasks_by_parent on tasks (parent, created_at, task) where parent is not null;
create index tasks_by_root on tasks (root, created_at, task);
create index tasks_open on tasks (tenant, agent) where parent is null and ended_seq is null;
create index tasks_ended on tasks (tenant, agent, ended_at, task) where parent is null and ended_seq is not null;
create index tasks_kept on tasks (ended_at, task) where parent is null and ended_seq is not null and erased = 0;
create index tasks_unfinished on tasks (engine) where ended_seq is null;
create index tasks_open_children on tasks (parent) where parent is not null and ended_seq is null and cancel_seq is null;
create index tasks_owned on tasks (owner) where owner is not null;
create index tasks_cancelling on tasks (owner) where ended_seq is null and cancel_seq is not null;
create index tasks_runnable on tasks (engine, tenant, rests_at)
  where ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes);
create index tasks_due on tasks (engine, next_at, tenant) where ended_seq is null and owner is null and next_at is not null;
create index tasks_due_of_tenant on tasks (engine, tenant, next_at)
  where ended_seq is null and owner is null and next_at is not null;

-- The logs. No index on the key: keys are looked up among the entries since the turn began. Bodies are text, not jsonb:
-- what was written is what is read, U+0000 included, which jsonb refuses.
create table entries (
  task bigint not null,
  seq bigint not null,
  at bigint not null,
  v smallint not null,
  kind smallint not null,
  key text collate "C",
  body text,
  -- drawn for each commit: whoever lost the connection while committing knows by it whether that commit came about
  mark bigint not null,
  -- rises about in the order of commits: which logs have grown is read from there on
  n bigint generated always as identity,
  primary key (task, seq)
);
create index entries_by_age on entries (n);

-- What people said, each under its own id for the task's life.
create table accepted (
  task bigint not null,
  id text collate "C" not null,
  seq bigint not null,
  primary key (task, id)
);

-- What arrived after the end, or after its turn.
create table late (
  id bigint generated always as identity primary key,
  task bigint not null,
  at bigint not null,
  v smallint not null,
  key text collate "C",
  kind smallint not null,
  body text not null,
  mark bigint not null,
  place integer not null,
  unique (task, mark, place)
);

create table specs (hash text collate "C" primary key, body text not null);

-- Which agents' pinned specs have a skill.
create table spec_skills (
  skill text collate "C" not null,
  agent text collate "C" not null,
  hash text collate "C" not null,
  primary key (skill, agent, hash)
);

-- Processes that execute tasks, and the step that one of them runs with nothing else beside it. `heard`: the beat by this
-- server's clock.
create table owners (
  owner text collate "C" primary key,
  beat_at bigint not null,
  heard timestamptz not null,
  alone_task text,
  alone_key text
);

-- API keys of the service: never deleted, and never more of a secret than its hash.
create table api_keys (
  id text collate "C" primary key,
  hash text not null,
  name text not null,
  tenant text not null,
  role text not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint,
  used_at bigint
);

-- Large values beside the log.
create table blobs (
  tenant text collate "C" not null,
  task text collate "C" not null,
  hash text collate "C" not null,
  bytes bytea not null,
  primary key (tenant, task, hash)
);
alter table blobs alter column bytes set storage external;
