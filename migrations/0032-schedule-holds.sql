-- Schedules whose row is not what its makers stated: none of their slots is run until it is, or until somebody makes another version.
create table schedule_holds (
  schedule_id text primary key references schedules (id),
  store_id text not null references stores (id),
  why text not null,
  added_at text not null
);
