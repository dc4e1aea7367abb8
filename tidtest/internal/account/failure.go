package account

import (
	"fmt"
	"net/http"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// Failure is an error that the API answers with.
type Failure struct {
	Status   int
	Message  string
	Problems schema.Problems
}

// Error is the message.
func (f *Failure) Error() string { return f.Message }

// Fail makes a Failure without problems.
func Fail(status int, format string, args ...any) error {
	return &Failure{Status: status, Message: fmt.Sprintf(format, args...)}
}

// NotFound makes a Failure with the status 404.
func NotFound(format string, args ...any) error { return Fail(http.StatusNotFound, format, args...) }

// Invalid makes the Failure of a validation error.
func Invalid(p schema.Problems) error {
	return &Failure{Status: http.StatusBadRequest, Message: "One or more validation errors occurred.", Problems: p}
}
