// Package browser holds the tests of the sandbox's page in a real browser. It is a module of its own, so that what it takes to
// drive one stays out of the others.
//
//	go test . -args -screenshot ../../../docs/sandbox.png
package browser
