-- Ended tasks by when they ended: what is kept for a time only.
create index tasks_kept on tasks (updated_at, task) where parent is null and ended_seq is not null and erased = 0;
