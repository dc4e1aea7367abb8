// Package telemetry shows how the calls of package tid become spans and metrics:
// see its examples. It is a module of its own, so that the libraries it uses stay
// out of the SDK.
package telemetry
