INSERT INTO visits (served_by) VALUES ($1)
