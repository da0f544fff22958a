-- What is looked for all the time is found without passing what only waits, or has ended.
drop index tasks_due;
create index tasks_due on tasks (engine, next_at) where ended_seq is null and owner is null and next_at is not null;
create index tasks_open_children on tasks (parent) where parent is not null and ended_seq is null and cancel_seq is null;
