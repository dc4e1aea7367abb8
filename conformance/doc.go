// Package conformance holds HTTP traffic against the OpenAPI description of
// the Visma Tid REST API.
//
// It is stricter than the API, which ignores what it does not know: a query
// parameter or a body property that the description lacks is a violation, and
// so is a path in the wrong case.
//
// Its tests call every method of the client, found by reflection, against a stub
// that answers examples and against the fake server of package tidtest. Commands
// golden and coverage write files from the description; with -check they only
// compare. Command learn turns a report of "tid doctor" into evidence.
//
// The description lies outside of this module, where the go command does not
// see it change: run the tests with -count=1.
package conformance
