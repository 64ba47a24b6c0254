"""The report of an ingest: table, page, cards, time lines."""
