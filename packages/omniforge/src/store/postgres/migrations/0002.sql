-- Erased tasks of which their engine may still keep something: asked for every few seconds, and hardly ever one.
alter table tasks add column to_forget smallint not null default 0;
update tasks set to_forget = 1 where erased = 1 and engine <> 'in-process';
create index tasks_to_forget on tasks (engine, task) where to_forget = 1;
