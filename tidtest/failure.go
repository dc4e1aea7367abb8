package tidtest

import (
	"fmt"
	"net/http"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// failure is an error that the API answers with.
type failure struct {
	status   int
	message  string
	problems schema.Problems
}

func (f *failure) Error() string { return f.message }

func fail(status int, format string, args ...any) error {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error { return fail(http.StatusNotFound, format, args...) }

func invalid(p schema.Problems) error {
	return &failure{status: http.StatusBadRequest, message: "One or more validation errors occurred.", problems: p}
}
