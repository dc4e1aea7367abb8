//go:build !race

package tid_test

const raceDetector = false
