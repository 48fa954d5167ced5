"""Font files. `files` says what they hold, `subsetting` makes them small, `reading` does both in a
process with limits."""
