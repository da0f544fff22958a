-- Each index costs a new task a page of its commit. Most tasks are nobody's sub-agents: their family begins with themselves,
-- whom their name finds. And an agent's unfinished tasks are found by their states.
drop index tasks_by_root;
create index tasks_by_root on tasks (root, created_at, task) where parent is not null;
drop index tasks_by_agent;
