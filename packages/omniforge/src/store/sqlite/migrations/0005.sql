-- Lists by every filter, newest first, each from an index of its own. `state` changes a few times in a task's life.
drop index tasks_by_tenant;
drop index tasks_by_parent;
create index tasks_by_age on tasks (tenant, created_at, task);
create index tasks_by_state on tasks (tenant, state, created_at, task);
create index tasks_by_agent_and_state on tasks (tenant, agent, state, created_at, task);
create index tasks_by_spec on tasks (tenant, spec_hash, state, created_at, task);
create index tasks_by_parent on tasks (parent, created_at, task) where parent is not null;
create index tasks_by_root on tasks (root, created_at, task);

-- Which agents' pinned specs have a skill.
create table spec_skills (
  skill text not null,
  agent text not null,
  hash text not null,
  primary key (skill, agent, hash)
) without rowid;
insert or ignore into spec_skills (skill, agent, hash)
select skills.value, json_extract(body, '$.root'), hash
from specs, json_each(specs.body, '$.agents."' || json_extract(body, '$.root') || '".skills') skills;
