-- Of an order at the bank there is no bundle, and an index that holds those as well is one that SQLite reads whole to find orders without a bundle:
-- at 400 000 of them every reconciliation did. attempts_bundled (0016) holds the others alone.
drop index attempts_by_bundle;
