// Package pgtest gives a test a Postgres database of its own. The first test
// that asks starts one throw-away cluster for the test process; every test
// then gets a copy of a migrated template, which takes milliseconds, and the
// copy is dropped when the test ends.
//
// A package that uses it stops the cluster, and checks for leaked goroutines,
// in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// ACTIONPLANE_TEST_DATABASE_URL names an outside server to use instead, as a
// superuser. Templates stay there for the next run; each is named for the hash
// of its migrations.
package pgtest
