-- Who is asked about by age are the tasks of other engines: in process this index was written by every commit.
drop index tasks_unfinished;
create index tasks_unfinished on tasks (engine, updated_at, task) where ended_seq is null and engine <> 'in-process';
