-- Tasks: the head of each log, and beside it what an engine keeps about running it. Text ids live here only.
create table tasks (
  id integer primary key,
  task text not null unique,
  tenant text not null,
  agent text not null,
  spec_hash text not null,
  loop_version integer not null,
  engine text not null,
  root text not null,
  parent text,
  parent_key text,
  depth integer not null,
  workspace text,
  idempotency_key text,
  created_at integer not null,
  -- the projection of the log
  state text not null,
  limits text not null,
  head_seq integer not null,
  turn integer not null,
  turn_seq integer not null,
  epoch integer not null,
  epoch_turn integer not null,
  epoch_seq integer not null,
  messages integer not null,
  taken integer not null,
  children integer not null,
  cancel_seq integer,
  ended_seq integer,
  pending text not null,
  usage text not null,
  active_ms integer not null,
  active_since integer,
  updated_at integer not null,
  erased integer not null default 0,
  -- execution
  owner text,
  fence integer not null default 0,
  wakes integer not null default 0,
  parked_at_wakes integer,
  next_at integer,
  first_run text,
  current_run text
);
create unique index tasks_by_idempotency_key on tasks (tenant, idempotency_key) where idempotency_key is not null;
create index tasks_by_tenant on tasks (tenant, task);
create index tasks_by_parent on tasks (parent) where parent is not null;
create index tasks_unfinished on tasks (engine, updated_at) where ended_seq is null;
create index tasks_owned on tasks (owner) where owner is not null;
create index tasks_cancelling on tasks (owner) where ended_seq is null and cancel_seq is not null;
create index tasks_runnable on tasks (engine, updated_at)
  where ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes);
create index tasks_due on tasks (next_at) where ended_seq is null and owner is null and next_at is not null;

-- The logs. No index on the key: keys are looked up among the entries since the turn began.
create table entries (
  task integer not null,
  seq integer not null,
  at integer not null,
  v integer not null,
  kind integer not null,
  key text,
  body text,
  unique (task, seq)
);

-- What people said, each under its own id for the task's life.
create table accepted (
  task integer not null,
  id text not null,
  seq integer not null,
  primary key (task, id)
) without rowid;

-- What arrived after the end, or after its turn.
create table late (
  task integer not null,
  at integer not null,
  v integer not null,
  key text,
  kind integer not null,
  body text not null
);
create index late_by_task on late (task);

create table specs (hash text primary key, body text not null) without rowid;

-- Processes that execute tasks, and the step that one of them runs with nothing else beside it.
create table owners (
  owner text primary key,
  beat_at integer not null,
  alone_task text,
  alone_key text
) without rowid;
