// Package show does the main job once, through the public API and the SDK and
// nothing else, and prints what happened: an operator's set-up, a request that
// three targets look at and change, an event that is delivered at the second
// attempt, requests that go on though targets fail, an event that is given up.
// It is what `make run` shows, and its output is checked in CI. Nearly every
// dashboard and alert has data after it, which tools/dashboards holds it to.
package show
