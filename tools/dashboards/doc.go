// Package dashboards holds no code of its own: its tests prove that what lies in
// deploy/grafana and deploy/prometheus is about metrics that there are.
//
//	TestBoards               every panel is complete, every link leads somewhere
//	TestAlerts               every alert has a runbook, fires on series that are
//	                         made to, and keeps quiet on others
//	TestScraping             Prometheus's configuration, against docker-compose.yml
//	TestEveryQueryHasData    a process per service, with traffic of every kind:
//	                         every expression of every panel, variable and alert
//	                         is asked of a Prometheus engine that has scraped them
//	TestTheShowHasData       the same of one process after the show of `make run`,
//	                         but for what a show cannot have
//
// It is a module of its own because Prometheus's engine brings along more modules
// than all of Actionplane, and nothing else should have to be resolved or built
// with them. `make dashboards` runs it.
package dashboards
