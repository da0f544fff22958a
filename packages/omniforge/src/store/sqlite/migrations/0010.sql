-- Each index costs a new task a page of its commit. Most tasks are nobody's sub-agents: their family begins with themselves,
-- whom their name finds; an agent's unfinished tasks are found by their states; and only who has skills is looked for by them.
drop index tasks_by_root;
create index tasks_by_root on tasks (root, created_at, task) where parent is not null;
drop index tasks_by_agent;
alter table tasks add column skilled integer not null default 0;
update tasks set skilled = 1 where spec_hash in (select hash from spec_skills);
drop index tasks_by_spec;
create index tasks_by_spec on tasks (tenant, spec_hash, state, created_at, task) where skilled = 1;
