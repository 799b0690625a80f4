-- images since 0002_served-by
-- Contract: nobody writes the old column any more. What it holds is kept in the new one.
UPDATE visits SET served_by = color WHERE served_by IS NULL;
ALTER TABLE visits DROP COLUMN color;
