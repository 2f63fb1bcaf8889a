DROP FUNCTION met_events(text[], text[]);
DROP TABLE overtaking;
