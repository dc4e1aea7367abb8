package moment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/vismatid/tid"
)

// DefaultBaseURL is the address of Moment. Its demo and sandbox systems have
// others: see [NewClient].
const DefaultBaseURL = "https://app.moment.team"

// Client speaks to the API for one company. It is safe for concurrent use and holds no
// goroutine: make one for each company and keep it.
type Client struct {
	// TimeRecords are minutes registered on projects.
	TimeRecords *TimeRecordsService
	// Projects are what time is registered on.
	Projects *Service[Project]
	// ProjectExtensions are the parts of projects that the application calls activities.
	ProjectExtensions *Service[ProjectExtension]
	// ProjectMemberships are the roles that co-workers have on projects.
	ProjectMemberships *Service[ProjectMembership]
	// UserAccounts are the co-workers.
	UserAccounts *Service[UserAccount]
	// Tasks are what is to be done in an activity.
	Tasks *Service[Task]
	// Offers are offers to customers.
	Offers *Service[Offer]
	// Invoices are invoices to customers.
	Invoices *Service[Invoice]
	// Customers are the customers of projects.
	Customers *Service[Customer]
	// Claims are claims, of which little is known.
	Claims *Service[Claim]

	api     *tid.Client
	company string
	base    string // the path of the base URL
}

// NewClient returns a client for the company of the given code: the segment
// after the host in the application's own address. An API key acts with the
// rights of the user that it was made for; it lives for two years at the most, a
// test key for 14 days. NewClient checks its arguments and sends nothing.
//
// The options are those of package tid. For a demo or sandbox system,
// [tid.WithBaseURL] takes the host alone, such as "https://demo.example.com": the path
// /api/1.0/companies/ is added, and refused in the address. There is no rate limit unless
// [tid.WithLimiter] sets one.
func NewClient(companyCode, apiKey string, opts ...tid.Option) (*Client, error) {
	switch {
	case !isElement(companyCode):
		return nil, invalid("moment.NewClient", "the company code must be one element of a path, such as acme, not %q", clip(companyCode))
	case apiKey == "":
		return nil, invalid("moment.NewClient", "the API key is empty")
	case strings.ContainsFunc(apiKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, invalid("moment.NewClient", "the API key contains a space, a line break or another character that it cannot have")
	}
	defaults := []tid.Option{tid.WithBaseURL(DefaultBaseURL), tid.WithLimiter(nil)}
	api, err := tid.NewClient(tid.BasicAuth("apikey", apiKey), append(defaults, opts...)...)
	if err != nil {
		return nil, err
	}
	c := &Client{api: api, company: companyCode, base: basePath(api)}
	if lower := strings.ToLower(c.base) + "/"; lower == "/api/" || strings.Contains(lower, "/api/1.0/") {
		return nil, invalid("moment.NewClient", "the base URL must be the host alone, such as %s: %s is added to it",
			DefaultBaseURL, c.path(""))
	}
	c.TimeRecords = &TimeRecordsService{Of[TimeRecord](c, timeRecords)}
	c.Projects = Of[Project](c, "projects")
	c.ProjectExtensions = Of[ProjectExtension](c, projectExtensions)
	c.ProjectMemberships = Of[ProjectMembership](c, projectMemberships)
	c.UserAccounts = Of[UserAccount](c, "userAccounts")
	c.Tasks = Of[Task](c, tasks)
	c.Offers = Of[Offer](c, "offers")
	c.Invoices = Of[Invoice](c, "invoices")
	c.Customers = Of[Customer](c, "customers")
	c.Claims = Of[Claim](c, claims)
	return c, nil
}

// NewClientFromEnv is [NewClient] with MOMENT_COMPANY and MOMENT_API_KEY, and
// MOMENT_BASE_URL where it is set.
func NewClientFromEnv(opts ...tid.Option) (*Client, error) {
	company, key := os.Getenv("MOMENT_COMPANY"), os.Getenv("MOMENT_API_KEY")
	if company == "" || key == "" {
		return nil, invalid("moment.NewClientFromEnv", "set MOMENT_COMPANY and MOMENT_API_KEY")
	}
	if address := os.Getenv("MOMENT_BASE_URL"); address != "" {
		opts = append([]tid.Option{tid.WithBaseURL(address)}, opts...)
	}
	return NewClient(company, key, opts...)
}

// Do sends a request to any path below the company, such as "claims/7", with the
// same credentials, retries and errors as every other call. Its arguments are
// those of [tid.Client.Do].
func (c *Client) Do(ctx context.Context, method, path string, query, body, out any) error {
	return withDetails(c.api.Do(ctx, method, c.path("/"+strings.TrimPrefix(path, "/")), query, body, out))
}

// basePath is the path of a client's base URL. A body of bytes is refused before it is sent,
// with an error that has the path of the request.
func basePath(api *tid.Client) string {
	var refused *tid.Error
	if err := api.Do(context.Background(), "POST", "x", nil, []byte{}, nil); errors.As(err, &refused) {
		return strings.TrimSuffix(refused.Path, "/x")
	}
	return ""
}

// path is a path of the company, below the base URL.
func (c *Client) path(below string) string { return "/api/1.0/companies/" + c.company + below }

// String names the client without its credentials.
func (c *Client) String() string { return "moment.Client(" + c.company + ")" }

// Format prints what String gives, for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is the same for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// invalid is the error of a request that was refused before it was sent.
func invalid(operation, format string, args ...any) *tid.Error {
	return &tid.Error{Operation: operation, Message: fmt.Sprintf(format, args...), Err: tid.ErrInvalidInput}
}

// isElement reports whether s can be one element of a path without escaping.
func isElement(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return !isWord(r) && r != '.' && r != '~'
	})
}

func isWord(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
}

// clip bounds foreign text in an error.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
