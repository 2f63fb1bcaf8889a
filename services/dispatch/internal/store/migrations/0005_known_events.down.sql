DROP FUNCTION known_events(text[], text[]);
