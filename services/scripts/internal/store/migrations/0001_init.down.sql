DROP TABLE invocations;
