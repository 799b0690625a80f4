-- Expand: the new column beside the old one, which may now stay empty. Images of release 1 do not notice.
ALTER TABLE visits ADD COLUMN served_by text, ALTER COLUMN color DROP NOT NULL;
