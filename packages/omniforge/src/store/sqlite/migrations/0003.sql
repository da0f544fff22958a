-- API keys of the service: never deleted, and never more of a secret than its hash.
create table api_keys (
  id text primary key,
  hash text not null,
  name text not null,
  tenant text not null,
  role text not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  used_at integer
) without rowid;
