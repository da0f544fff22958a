-- Every statement, by name. Loaded by statements.ts. A commit is `readForCommit`, then `writeCommit`.

-- name: taskById
select * from tasks where task = $1 and tenant = $2

-- name: taskOrItsTwin
-- By its id, whoever has it, or by its idempotency key; `mark` tells whether this very order created it.
select t.*, e.mark as created_mark from tasks t join entries e on e.task = t.id and e.seq = 1
where t.task = $1 or (t.tenant = $2 and t.idempotency_key = $3)
order by t.task = $1 desc limit 2

-- name: lockTask
select 1 from tasks where task = $1 and tenant = $2 for update

-- name: readForCommit
-- The row, and beside it what its keys and accepted ids find. K1: a key of the current turn is looked up from where it began.
select t.*, f.how, f.e_seq, f.e_at, f.e_v, f.e_kind, f.e_key, f.e_body
from tasks t left join lateral (
  select 'accepted' as how, i.place, e.seq as e_seq, e.at as e_at, e.v as e_v, e.kind as e_kind, e.key as e_key, e.body as e_body
  from unnest($3::text[]) with ordinality i (id, place)
    join accepted a on a.task = t.id and a.id = i.id join entries e on e.task = a.task and e.seq = a.seq
  union all
  select 'keyed', k.place, e.seq, e.at, e.v, e.kind, e.key, e.body
  from unnest($4::text[], $5::bigint[]) with ordinality k (key, turn, place)
    join entries e on e.task = t.id and e.key = k.key and e.seq >= case when k.turn >= t.turn then t.turn_seq else 0 end
) f on t.erased = 0
where t.task = $1 and t.tenant = $2
order by f.how, f.place, f.e_seq

-- name: writeCommit
-- Writes nothing unless the head is the one that was decided upon. The update locks the head row.
with head as (
  update tasks set limits = $4, head_seq = $5, turn = $6, turn_seq = $7, epoch = $8, epoch_turn = $9, epoch_seq = $10,
    messages = $11, taken = $12, children = $13, pending = $14, usage = $15, active_ms = $16, active_since = $17,
    updated_at = $18, state = $19, cancel_seq = $20, ended_seq = $21, ended_at = $22, wakes = wakes + $23
  where id = $1 and head_seq = $2 and erased = 0 and ($3::bigint is null or fence = $3)
  returning id, tenant, parent
), written as (
  insert into entries (task, seq, at, v, kind, key, body, mark)
  select head.id, $2 + e.place, $18, $24, e.kind, e.key, e.body, $25
  from head, unnest($26::smallint[], $27::text[], $28::text[]) with ordinality e (kind, key, body, place)
), said as (
  insert into accepted (task, id, seq) select head.id, i.id, $2 + 1 from head, unnest($29::text[]) i (id)
), woken as (
  -- A parent waits for its children: their end wakes it, in the same transaction.
  update tasks p set wakes = p.wakes + 1 from head
  where $21::bigint is not null and p.task = head.parent and p.tenant = head.tenant
)
select id from head

-- name: marked
-- Whether a commit of this mark came about: asked once its connection was lost.
select 1 from entries where task = $1 and seq = $2 and mark = $3

-- name: writeLate
-- The lock keeps an erasing from passing between the look and the insert.
with head as (select id from tasks where id = $1 and erased = 0 for share)
insert into late (task, at, v, key, kind, body, mark, place)
select head.id, $2, $3, e.key, e.kind, e.body, $4, e.place
from head, unnest($5::text[], $6::smallint[], $7::text[]) with ordinality e (key, kind, body, place)
on conflict do nothing

-- name: insertTask
with parent as (
  select 1 from tasks where task = $8 and tenant = $2 and ended_seq is null and cancel_seq is null for share
), pinned as (
  insert into specs (hash, body) select $4, $36 where $36::text is not null on conflict do nothing
), skilled as (
  insert into spec_skills (skill, agent, hash) select s.skill, $37, $4 from unnest($38::text[]) s (skill) on conflict do nothing
), head as (
  insert into tasks (task, tenant, agent, spec_hash, loop_version, engine, root, parent, parent_key, depth, workspace, context,
    idempotency_key, created_at, limits, head_seq, turn, turn_seq, epoch, epoch_turn, epoch_seq, messages, taken, children,
    pending, usage, active_ms, active_since, updated_at, state, rests_at)
  select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $29
  where $8::text is null or exists (select from parent)
  returning id
), written as (
  insert into entries (task, seq, at, v, kind, body, mark)
  select head.id, e.place, $29, $31, e.kind, e.body, $32
  from head, unnest($33::smallint[], $34::text[]) with ordinality e (kind, body, place)
), said as (
  insert into accepted (task, id, seq) select id, $35, 2 from head
)
select id from head

-- name: turnOf
-- The row and the entries of its turn that are not known yet, as of one moment: one row at least, without an entry maybe.
select t.*, e.seq as e_seq, e.at as e_at, e.v as e_v, e.kind as e_kind, e.key as e_key, e.body as e_body
from tasks t left join entries e on e.task = t.id and e.seq >= greatest(t.turn_seq, 1) and (t.erased = 1 or e.seq > $3)
where t.task = $1 and t.tenant = $2 order by e.seq

-- name: entriesAfter
select e.seq, e.at, e.v, e.kind, e.key, e.body from tasks t join entries e on e.task = t.id
where t.task = $1 and t.tenant = $2 and e.seq > $3 order by e.seq limit $4

-- name: entryByKey
select e.seq, e.at, e.v, e.kind, e.key, e.body from tasks t join entries e on e.task = t.id
where t.task = $1 and t.tenant = $2 and e.key = $3 and e.seq >= case when $4 >= t.turn then t.turn_seq else 0 end
order by e.seq limit 1

-- name: acceptedEntry
select e.seq, e.at, e.v, e.kind, e.key, e.body
from tasks t join accepted a on a.task = t.id join entries e on e.task = a.task and e.seq = a.seq
where t.task = $1 and t.tenant = $2 and a.id = $3

-- name: lateOf
select l.at, l.v, l.key, l.kind, l.body from tasks t join late l on l.task = t.id
where t.task = $1 and t.tenant = $2 order by l.id

-- name: specsByHash
select body from specs where hash = $1

-- name: lastEntry
select coalesce(max(n), 0) as last from entries

-- name: grownLogs
select t.tenant, t.task, t.head_seq from (select distinct task from entries where n > $1) e join tasks t on t.id = e.task

-- name: listTasks
select * from tasks where tenant = $1 and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
order by created_at desc, task desc limit $5

-- name: listByState
select t.* from unnest($6::text[]) s (state) cross join lateral (
  select * from tasks where tenant = $1 and state = s.state and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
  order by created_at desc, task desc limit $5) t
order by t.created_at desc, t.task desc limit $5

-- name: listByAgent
select t.* from unnest($6::text[]) s (state) cross join lateral (
  select * from tasks
  where tenant = $1 and agent = $7 and state = s.state and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
  order by created_at desc, task desc limit $5) t
order by t.created_at desc, t.task desc limit $5

-- name: listBySpec
select t.* from unnest($7::text[]) h (hash) cross join unnest($6::text[]) s (state) cross join lateral (
  select * from tasks
  where tenant = $1 and spec_hash = h.hash and state = s.state and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
  order by created_at desc, task desc limit $5) t
order by t.created_at desc, t.task desc limit $5

-- name: listChildren
select * from tasks
where parent = $10 and tenant = $1 and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
  and ($7::text is null or agent = $7) and ($8::text is null or root = $8)
  and ($9::text[] is null or spec_hash = any ($9)) and state = any ($6::text[])
order by created_at desc, task desc limit $5

-- name: listFamily
select * from tasks
where root = $8 and tenant = $1 and created_at >= $2 and (created_at, task) < ($3::bigint, $4)
  and ($7::text is null or agent = $7) and ($9::text[] is null or spec_hash = any ($9)) and state = any ($6::text[])
order by created_at desc, task desc limit $5

-- name: specsBySkill
select hash from spec_skills where skill = $1 and ($2::text is null or agent = $2)

-- name: recentTasks
-- Ended tasks come in their order from an index that is written once in a task's life; the others are few, and sorted.
select * from (
  (select * from tasks
   where tenant = $1 and agent = $2 and parent is null and ended_seq is not null
     and ($3::text is null or context = $3) and ($4::text[] is null or state = any ($4))
     and ($5::bigint is null or ended_at >= $5) and ($6::bigint is null or (ended_at, task) < ($6, $7::text))
   order by ended_at desc, task desc limit $8)
  union all
  (select * from tasks
   where tenant = $1 and agent = $2 and parent is null and ended_seq is null
     and ($3::text is null or context = $3) and ($4::text[] is null or state = any ($4))
     and ($5::bigint is null or updated_at >= $5) and ($6::bigint is null or (updated_at, task) < ($6, $7::text))
   order by updated_at desc, task desc limit $8)) t
order by updated_at desc, task desc limit $8

-- name: countRecent
select count(*) as total from tasks
where tenant = $1 and agent = $2 and parent is null and ($3::text is null or context = $3)
  and ($4::text[] is null or state = any ($4)) and ($5::bigint is null or updated_at >= $5)

-- name: endedBefore
select * from tasks
where parent is null and ended_seq is not null and erased = 0 and ended_at < $1 and (ended_at, task) > ($2::bigint, $3)
order by ended_at, task limit $4

-- name: eraseEntries
update entries set body = null where task = $1 and seq between $2 and $3

-- name: eraseTask
update tasks set erased = 1, to_forget = (engine <> 'in-process')::int, pending = '[]', idempotency_key = null, workspace = null, context = root where id = $1

-- name: eraseAccepted
delete from accepted where task = $1

-- name: eraseLate
delete from late where task = $1

-- name: idOf
select id, head_seq, ended_seq from tasks where task = $1 and tenant = $2

-- name: acquire
update tasks set owner = $3, fence = fence + 1, parked_at_wakes = null, next_at = null
where task = $1 and tenant = $2 and owner is null and ended_seq is null and engine = 'in-process' returning *

-- name: release
update tasks set owner = null, rests_at = updated_at, parked_at_wakes = $4, next_at = $5 where task = $1 and tenant = $2 and fence = $3

-- name: park
update tasks set parked_at_wakes = $3, next_at = $4 where task = $1 and tenant = $2 and ended_seq is null

-- name: unwoken
select tenant, task from tasks
where engine = $1 and ended_seq is null and parked_at_wakes is not null and (wakes > parked_at_wakes or next_at <= $2) limit $3

-- name: runnable
-- From each tenant straight to the next, without passing what lies between; and of each tenant so many that turns are full.
with recursive found (tenant) as (
  (select min(tenant) from tasks
   where engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes))
  union all
  select (select min(tenant) from tasks
    where engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)
      and tenant > found.tenant)
  from found where tenant is not null
), tenants as (
  select tenant from found where tenant is not null
  union
  select tenant from tasks where engine = 'in-process' and ended_seq is null and owner is null and next_at is not null and next_at <= $1
), share as (select greatest(16, $2::bigint / greatest(1, count(*)) + 1) as most from tenants)
select t.tenant, t.task, t.rests_at from share cross join tenants cross join lateral (
  (select tenant, task, rests_at from tasks
   where tenant = tenants.tenant
     and engine = 'in-process' and ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes)
   order by rests_at limit share.most)
  union
  (select tenant, task, rests_at from tasks
   where tenant = tenants.tenant
     and engine = 'in-process' and ended_seq is null and owner is null and next_at is not null and next_at <= $1
   order by next_at limit share.most)
) t order by t.tenant, t.rests_at, t.task

-- name: nextDue
select min(next_at) as next_at from tasks
where engine = 'in-process' and ended_seq is null and owner is null and next_at is not null

-- name: cancelling
select tenant, task from tasks where owner = $1 and ended_seq is null and cancel_seq is not null

-- name: ownedBy
select * from tasks where owner = $1 and ended_seq is null

-- name: beat
insert into owners (owner, beat_at, heard, alone_task, alone_key) values ($1, $2, clock_timestamp(), $3, $4)
on conflict (owner) do update set beat_at = excluded.beat_at, heard = excluded.heard, alone_task = excluded.alone_task,
  alone_key = excluded.alone_key

-- name: owners
-- A lock that nobody holds is no death yet: its connection may have been cut, or the server started anew. Whoever lives says
-- so within the time that is waited here, by the server's clock. While the server was away nobody could say anything: an owner
-- that has not since counts as heard at the server's start.
select o.owner, case when o.heard < s.at then greatest(o.beat_at, (extract(epoch from s.at) * 1000)::bigint) else o.beat_at end as beat_at,
  o.alone_task, o.alone_key,
  (greatest(o.heard, s.at) < clock_timestamp() - make_interval(secs => $2)
    and pg_try_advisory_xact_lock_shared($1, hashtext(current_schema() || ':' || o.owner)))::int as dead
from owners o cross join (select pg_postmaster_start_time() as at) s
union all
select distinct owner, 0, null, null, 0 from tasks
where owner is not null and ended_seq is null and owner not in (select owner from owners)

-- name: lockOwner
-- Its beat as `owners` says it.
select case when o.heard < s.at then greatest(o.beat_at, (extract(epoch from s.at) * 1000)::bigint) else o.beat_at end as beat_at
from owners o cross join (select pg_postmaster_start_time() as at) s where o.owner = $1 for update of o

-- name: retire
delete from owners where owner = $1

-- name: freeOwned
update tasks set owner = null, rests_at = updated_at, fence = fence + 1 where owner = $1

-- name: evict
update tasks set owner = null, rests_at = updated_at, fence = fence + 1, parked_at_wakes = null, next_at = null
where task = $1 and tenant = $2 and owner = $3 returning id

-- name: recordRun
update tasks set first_run = coalesce(first_run, $3), current_run = $3 where task = $1 and tenant = $2

-- name: taskOfRun
select tenant, task from tasks where first_run = $2 and tenant = $1
union select tenant, task from tasks where current_run = $2 and tenant = $1 limit 1

-- name: firstHome
insert into engine_homes (engine, id, name) values ($1, $2, $3) on conflict do nothing

-- name: home
select id, name from engine_homes where engine = $1

-- name: lockHome
select id, name from engine_homes where engine = $1 for update

-- name: setHome
insert into engine_homes (engine, id, name) values ($1, $2, $3)
on conflict (engine) do update set id = excluded.id, name = excluded.name

-- name: underWay
select 1 as found from tasks where engine = $1 and ended_seq is null limit 1

-- name: beginAgain
update tasks set first_run = null, current_run = null
where engine = $1 and ended_seq is null and first_run is not null

-- name: open
select * from tasks where task = any($2) and engine = $1 and ended_seq is null

-- name: unfinished
select * from tasks where engine = $1 and ended_seq is null and updated_at < $2 and (updated_at, task) > ($3::bigint, $4)
order by updated_at, task limit $5

-- name: orphans
select c.tenant, c.task from tasks c join tasks p on p.task = c.parent
where c.parent is not null and c.ended_seq is null and c.cancel_seq is null and p.ended_seq is not null limit $1

-- name: toForget
select tenant, task from tasks where engine = $1 and to_forget = 1 order by task limit $2

-- name: forgotten
update tasks set to_forget = 0 where task = $1 and tenant = $2

-- name: holdOwner
select pg_advisory_lock($1, hashtext(current_schema() || ':' || $2))

-- name: letOwnerGo
select pg_advisory_unlock($1, hashtext(current_schema() || ':' || $2))

-- name: announce
select pg_notify($1, $2)

-- name: touch
-- Means nothing, and is written all the same.
update migrations set at = at where number = 1

-- name: insertKey
insert into api_keys (id, hash, name, tenant, role, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)

-- name: keyById
select * from api_keys where id = $1

-- name: listKeys
select * from api_keys order by created_at, id

-- name: anyKey
select 1 from api_keys limit 1

-- name: revokeKey
update api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1 returning *

-- name: useKey
update api_keys set used_at = $2 where id = $1 and (used_at is null or used_at < $2)

-- name: putBlob
insert into blobs (tenant, task, hash, bytes) values ($1, $2, $3, $4) on conflict do nothing

-- name: getBlob
select bytes from blobs where tenant = $1 and task = $2 and hash = $3

-- name: listBlobs
select hash from blobs where tenant = $1 and task = $2

-- name: removeBlob
delete from blobs where tenant = $1 and task = $2 and hash = $3

-- name: eraseBlobs
delete from blobs where tenant = $1 and task = $2
