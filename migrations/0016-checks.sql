-- Large books: what the last check found, so that the next one, which looks only at what is new, looks at that too.
create table book_findings (
  invariant text not null,
  subject text not null,
  says text not null,
  found_at text not null,
  primary key (invariant, subject)
);
