//go:build race

package tid_test

// raceDetector tells that tests run under it, which makes them slow.
const raceDetector = true
