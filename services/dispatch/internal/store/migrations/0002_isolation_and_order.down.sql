DROP TABLE senders;
DROP TABLE circuits;
DROP INDEX deliveries_count;
DROP INDEX deliveries_dead;
DROP INDEX deliveries_turn;
DROP INDEX deliveries_order;
DROP INDEX deliveries_lane;
ALTER TABLE deliveries DROP COLUMN ordering_key, DROP COLUMN event_sequence;
