-- Every statement, by name. Loaded by database.ts.

-- name: insertTask
-- In the order of task-creation.ts: to look up values by their names takes as long as to write the row.
insert into tasks (limits, head_seq, turn, turn_seq, epoch, epoch_turn, epoch_seq, messages, taken, children, pending, usage, active_ms,
  active_since, updated_at, state, cancel_seq, ended_seq, tenant, task, agent, spec_hash, loop_version, engine, root, context, parent,
  parent_key, depth, workspace, created_at, idempotency_key, skilled)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: advanceHead
-- The common commit: no column that an index names, so that nothing but the row itself is written.
update tasks set limits = ?, head_seq = ?, turn = ?, turn_seq = ?, epoch = ?, epoch_turn = ?, epoch_seq = ?, messages = ?, taken = ?,
  children = ?, pending = ?, usage = ?, active_ms = ?, active_since = ?, updated_at = ?
where id = ?

-- name: updateHead
update tasks set limits = ?, head_seq = ?, turn = ?, turn_seq = ?, epoch = ?, epoch_turn = ?, epoch_seq = ?, messages = ?, taken = ?,
  children = ?, pending = ?, usage = ?, active_ms = ?, active_since = ?, updated_at = ?,
  state = ?, cancel_seq = ?, ended_seq = ?, wakes = wakes + ?
where id = ?

-- name: taskById
select * from tasks where task = ? and tenant = ?

-- name: execution
select head_seq, erased, owner, fence, wakes, parked_at_wakes, next_at, first_run, current_run from tasks where id = ?

-- name: taskOfAnyTenant
select * from tasks where task = ?

-- name: taskByIdempotencyKey
select * from tasks where tenant = ? and idempotency_key = ?

-- name: insertEntry
insert into entries (task, seq, at, v, kind, key, body) values (?, ?, ?, ?, ?, ?, ?)

-- name: entriesAfter
select seq, at, v, kind, key, body from entries where task = ? and seq > ? order by seq limit ?

-- name: lastEntry
-- Rows of entries are never deleted, and one writes at a time: their numbers rise in the order of commits.
select coalesce(max(rowid), 0) as last from entries

-- name: grownLogs
select t.tenant, t.task, t.head_seq from (select distinct task from entries where rowid > ?) e join tasks t on t.id = e.task

-- name: entryByKey
select seq, at, v, kind, key, body from entries where task = ? and seq >= ? and key = ? order by seq limit 1

-- name: insertAccepted
insert into accepted (task, id, seq) values (?, ?, ?)

-- name: acceptedEntry
select e.seq, e.at, e.v, e.kind, e.key, e.body from accepted a join entries e on e.task = a.task and e.seq = a.seq
where a.task = ? and a.id = ?

-- name: insertLate
insert into late (task, at, v, key, kind, body) values (?, ?, ?, ?, ?, ?)

-- name: lateOf
select at, v, key, kind, body from late where task = ? order by rowid

-- name: insertSpecs
insert into specs (hash, body) values (?, ?) on conflict do nothing

-- name: specsByHash
select body from specs where hash = ?

-- name: wakeTask
update tasks set wakes = wakes + 1 where task = ? and tenant = ?

-- name: listTasks
select * from tasks
where tenant = :tenant and created_at >= :from and (created_at, task) < (:time, :task)
order by created_at desc, task desc limit :limit

-- name: listByState
select t.* from json_each(:states) s join tasks t on t.id in (
  select id from tasks where tenant = :tenant and state = s.value and created_at >= :from and (created_at, task) < (:time, :task)
  order by created_at desc, task desc limit :limit)
order by t.created_at desc, t.task desc limit :limit

-- name: listByAgent
select t.* from json_each(:states) s join tasks t on t.id in (
  select id from tasks where tenant = :tenant and agent = :agent and state = s.value
    and created_at >= :from and (created_at, task) < (:time, :task)
  order by created_at desc, task desc limit :limit)
order by t.created_at desc, t.task desc limit :limit

-- name: listBySpec
select t.* from json_each(:hashes) h join json_each(:states) s join tasks t on t.id in (
  select id from tasks where tenant = :tenant and skilled = 1 and spec_hash = h.value and state = s.value
    and created_at >= :from and (created_at, task) < (:time, :task)
  order by created_at desc, task desc limit :limit)
order by t.created_at desc, t.task desc limit :limit

-- name: listChildren
-- The plus keeps the planner from reading all tasks of the tenant in their order.
select * from tasks
where parent = :parent and +tenant = :tenant and created_at >= :from and (created_at, task) < (:time, :task)
  and (:agent is null or agent = :agent) and (:root is null or root = :root)
  and (:hashes is null or spec_hash in (select value from json_each(:hashes)))
  and state in (select value from json_each(:states))
order by created_at desc, task desc limit :limit

-- name: listFamily
select * from (
  select * from tasks where task = :root and parent is null
  union all
  select * from (
    select * from tasks
    where root = :root and parent is not null and +tenant = :tenant and created_at >= :from and (created_at, task) < (:time, :task)
      and (:agent is null or agent = :agent)
      and (:hashes is null or spec_hash in (select value from json_each(:hashes)))
      and state in (select value from json_each(:states))
    order by created_at desc, task desc limit :limit))
where tenant = :tenant and created_at >= :from and (created_at, task) < (:time, :task)
  and (:agent is null or agent = :agent)
  and (:hashes is null or spec_hash in (select value from json_each(:hashes)))
  and state in (select value from json_each(:states))
order by created_at desc, task desc limit :limit

-- name: specsBySkill
select hash from spec_skills where skill = :skill and (:agent is null or agent = :agent)

-- name: insertSpecSkill
insert into spec_skills (skill, agent, hash) values (?, ?, ?) on conflict do nothing

-- name: recentTasks
-- Ended tasks come in their order from an index that is written once in a task's life; the others are few: found by their states
-- (`:open`), and sorted.
select * from (
  select * from (
    select * from tasks
    where tenant = :tenant and agent = :agent and parent is null and ended_seq is not null
      and (:context is null or context = :context) and (:since is null or updated_at >= :since)
      and (:states is null or state in (select value from json_each(:states)))
      and (:afterTime is null or (updated_at, task) < (:afterTime, :afterTask))
    order by updated_at desc, task desc limit :limit)
  union all
  select * from (
    select * from tasks
    where tenant = :tenant and agent = :agent and parent is null and ended_seq is null
      and state in (select value from json_each(:open))
      and (:context is null or context = :context) and (:since is null or updated_at >= :since)
      and (:afterTime is null or (updated_at, task) < (:afterTime, :afterTask))
    order by updated_at desc, task desc limit :limit))
order by updated_at desc, task desc limit :limit

-- name: countRecent
select count(*) as total from tasks
where tenant = :tenant and agent = :agent and parent is null
  and (:context is null or context = :context) and (:since is null or updated_at >= :since)
  and (:states is null or state in (select value from json_each(:states)))

-- name: acquire
update tasks set owner = :owner, fence = fence + 1, parked_at_wakes = null, next_at = null
where task = :task and tenant = :tenant and owner is null and ended_seq is null and engine = 'in-process'

-- name: release
update tasks set owner = null, parked_at_wakes = :wakes, next_at = :nextAt
where task = :task and tenant = :tenant and fence = :fence

-- name: park
update tasks set parked_at_wakes = :wakes, next_at = :nextAt where task = :task and tenant = :tenant and ended_seq is null

-- name: unwoken
select tenant, task from tasks
where engine = :engine and ended_seq is null and parked_at_wakes is not null and (wakes > parked_at_wakes or next_at <= :now) limit :limit

-- name: wokenTenants
-- From each tenant straight to the next, without passing what lies between.
with recursive found (tenant) as (
  select min(tenant) from tasks
  where engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)
  union all
  select (select min(tenant) from tasks
    where engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)
      and tenant > found.tenant)
  from found where tenant is not null
)
select tenant, (select min(updated_at) from tasks
    where tenant = found.tenant
      and engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)) as oldest
from found where tenant is not null

-- name: dueTenants
select tenant, min(next_at) as oldest from tasks
where engine = 'in-process' and ended_seq is null and owner is null and next_at is not null and next_at <= :now
group by tenant

-- name: wokenOf
select task, updated_at from tasks
where tenant = :tenant
  and engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)
order by updated_at limit :limit

-- name: dueOf
select task, updated_at from tasks
where tenant = :tenant
  and engine = 'in-process' and ended_seq is null and owner is null and next_at is not null and next_at <= :now
order by next_at limit :limit

-- name: nextDue
select min(next_at) as next_at from tasks
where engine = 'in-process' and ended_seq is null and owner is null and next_at is not null

-- name: cancelling
select tenant, task from tasks where owner = ? and ended_seq is null and cancel_seq is not null

-- name: ownedBy
select * from tasks where owner = ? and ended_seq is null

-- name: beat
insert into owners (owner, beat_at, alone_task, alone_key) values (:owner, :at, :task, :key)
on conflict (owner) do update set beat_at = excluded.beat_at, alone_task = excluded.alone_task, alone_key = excluded.alone_key

-- name: owners
select owner, beat_at, alone_task, alone_key from owners
union all
select distinct owner, 0, null, null from tasks
where owner is not null and ended_seq is null and owner not in (select owner from owners)

-- name: hasBeat
select 1 from owners where owner = ? and beat_at <> ?

-- name: retire
delete from owners where owner = ?

-- name: freeOwned
update tasks set owner = null, fence = fence + 1 where owner = ?

-- name: evict
update tasks set owner = null, fence = fence + 1, parked_at_wakes = null, next_at = null
where task = :task and tenant = :tenant and owner = :owner

-- name: recordRun
update tasks set first_run = coalesce(first_run, :run), current_run = :run where task = :task and tenant = :tenant

-- name: taskOfRun
select tenant, task from tasks where first_run = :run and tenant = :tenant
union select tenant, task from tasks where current_run = :run and tenant = :tenant limit 1

-- name: home
select id, name from engine_homes where engine = ?

-- name: setHome
insert or replace into engine_homes (engine, id, name) values (?, ?, ?)

-- name: underWay
select 1 from tasks where engine = ? and engine <> 'in-process' and ended_seq is null limit 1

-- name: beginAgain
update tasks set first_run = null, current_run = null
where engine = ? and engine <> 'in-process' and ended_seq is null and first_run is not null

-- name: open
select * from tasks where task in (select value from json_each(?)) and engine = ? and ended_seq is null

-- name: unfinished
-- In process tasks are found by their owner: the index leaves them out, because it would be written by every commit.
select * from tasks where engine = :engine and engine <> 'in-process' and ended_seq is null and updated_at < :before
  and (updated_at, task) > (:afterTime, :afterTask)
union all
select * from tasks where :engine = 'in-process' and engine = 'in-process' and ended_seq is null and updated_at < :before
  and (updated_at, task) > (:afterTime, :afterTask)
order by updated_at, task limit :limit

-- name: orphans
select c.tenant, c.task from tasks c indexed by tasks_open_children join tasks p on p.task = c.parent
where c.parent is not null and c.ended_seq is null and c.cancel_seq is null and p.ended_seq is not null limit ?

-- name: toForget
select tenant, task from tasks where engine = ? and to_forget = 1 order by task limit ?

-- name: forgotten
update tasks set to_forget = 0 where task = :task and tenant = :tenant

-- name: eraseEntries
update entries set body = null where task = ? and seq between ? and ?

-- name: eraseAccepted
delete from accepted where task = ?

-- name: eraseLate
delete from late where task = ?

-- name: eraseTask
update tasks set erased = 1, to_forget = engine <> 'in-process', pending = '[]', idempotency_key = null, workspace = null, context = root where id = ?

-- name: endedBefore
select * from tasks
where parent is null and ended_seq is not null and erased = 0 and updated_at < ? and (updated_at, task) > (?, ?)
order by updated_at, task limit ?

-- name: insertKey
insert into api_keys (id, hash, name, tenant, role, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)

-- name: keyById
select * from api_keys where id = ?

-- name: listKeys
select * from api_keys order by created_at, id

-- name: anyKey
select 1 from api_keys limit 1

-- name: revokeKey
update api_keys set revoked_at = coalesce(revoked_at, ?) where id = ?

-- name: useKey
update api_keys set used_at = ? where id = ? and (used_at is null or used_at < ?)
