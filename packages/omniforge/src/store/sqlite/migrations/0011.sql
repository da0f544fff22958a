-- Where an engine keeps the tasks of this log, and which of them one of its runs belongs to.
create table engine_homes (engine text primary key, id text not null, name text not null) without rowid;
create index tasks_by_first_run on tasks (first_run) where first_run is not null;
create index tasks_by_current_run on tasks (current_run) where current_run is not null;
-- A conversation hears by itself what it was told: those that were told something, and never went on, look again.
update tasks set wakes = wakes + 1 where ended_seq is null and parked_at_wakes is not null and messages > taken;
