"""Embeddings -> families. `faces` is the table, `ranking` scores and folds twins, `own` keeps catalogues of one's own,
`enrolment` makes them from font files."""
