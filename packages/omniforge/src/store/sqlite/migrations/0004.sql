-- Tasks of one conversation, and a tenant's tasks by when they last changed.
alter table tasks add column context text not null default '';
update tasks set context = root;
create index tasks_by_agent on tasks (tenant, agent) where parent is null and ended_seq is null;
create index tasks_ended on tasks (tenant, agent, updated_at, task) where parent is null and ended_seq is not null;
