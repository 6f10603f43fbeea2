-- Personal data is kept no longer than it is needed (docs/privacy.md): a name that was forgotten, a body that was dropped.

-- When the name, the e-mail address and the tax id were blanked.
alter table orders add column forgotten_at text;
alter table invoices add column forgotten_at text;

-- The invoice of ours that an event is about, or `others` where it is another workspace's or another program's; known once it is settled.
alter table inbox add column about text;
-- SHA-256 of a body that was dropped: its id stays, and a repeat is known by this.
alter table inbox add column dropped_digest text;
create index inbox_by_about on inbox (about) where about is not null;

update inbox set about = 'others' where state = 'ignored' and why like 'of another workspace%';
