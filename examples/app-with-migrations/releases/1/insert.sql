INSERT INTO visits (color) VALUES ($1)
