-- Tasks that may run are looked for tenant by tenant, so that one who has many hides nobody else's.
drop index tasks_runnable;
create index tasks_runnable on tasks (engine, tenant, updated_at)
  where ended_seq is null and owner is null and (parked_at_wakes is null or wakes > parked_at_wakes);
drop index tasks_due;
create index tasks_due on tasks (engine, next_at, tenant) where ended_seq is null and owner is null and next_at is not null;
create index tasks_due_of_tenant on tasks (engine, tenant, next_at)
  where ended_seq is null and owner is null and next_at is not null;
