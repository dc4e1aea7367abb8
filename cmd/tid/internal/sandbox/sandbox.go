// Package sandbox serves the fake API to programs in any language and, on the same port, a page that shows the objects of its
// account and the requests as they come, injects faults, and explains every operation.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// Options are how a sandbox is set up. The zero value is a good one.
type Options struct {
	// Addr is the address to listen at, 127.0.0.1:8480 if not set. Port 0 is a free one.
	Addr string
	// Users is how many users the company has, 25 if not set, and Months for how many months they have reported time, 3 if not
	// set. The last day is Until, yesterday if not set.
	Users, Months int
	Until         tid.Date
	// Seed makes another company.
	Seed uint64
	// AppID, AppSecret and StaticToken are the credentials. They do not differ from run to run: if not set they are
	// "ap_sandbox", "sandbox" and "pk_sandbox.pa_sandbox".
	AppID, AppSecret, StaticToken string
	// RateLimit is how many requests a token may make in a second, four if not set; -1 is no limit.
	RateLimit int
	// Drift is how the account differs from the description from the start, and after every reset.
	Drift []tidtest.Drift
	// AllowRemote lets the sandbox listen at an address that others can reach.
	AllowRemote bool
	// Hosts are further names by which the sandbox is asked for, beside localhost and addresses.
	Hosts []string
}

// Info is how to reach a sandbox that listens.
type Info struct {
	BaseURL, PageURL              string
	AppID, AppSecret, StaticToken string
	// Warning is what the user should know, or empty: that others can reach the sandbox.
	Warning string
}

const (
	mostUsers      = 2000
	mostMonths     = 60
	mostUserMonths = 6000 // about a quarter of a million time reports
)

func (o Options) withDefaults() Options {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	set(&o.Addr, "127.0.0.1:8480")
	set(&o.AppID, "ap_sandbox")
	set(&o.AppSecret, "sandbox")
	set(&o.StaticToken, "pk_sandbox.pa_sandbox")
	if o.Users == 0 {
		o.Users = 25
	}
	if o.Months == 0 {
		o.Months = 3
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.RateLimit == 0 {
		o.RateLimit = 4
	}
	if o.Until.IsZero() { // so that nothing has happened in the future
		o.Until = tid.DateOf(time.Now().AddDate(0, 0, -1))
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Users < 1 || o.Users > mostUsers:
		return fmt.Errorf("sandbox: %d users: it takes from 1 to %d", o.Users, mostUsers)
	case o.Months < 1 || o.Months > mostMonths:
		return fmt.Errorf("sandbox: %d months: it takes from 1 to %d", o.Months, mostMonths)
	case o.Users*o.Months > mostUserMonths:
		return fmt.Errorf("sandbox: %d users and %d months: the one times the other may be %d", o.Users, o.Months, mostUserMonths)
	}
	for _, d := range o.Drift {
		if first, _, _ := strings.Cut(strings.TrimPrefix(d.Moved, "/"), "/"); strings.EqualFold(first, "sandbox") {
			return fmt.Errorf("sandbox: %s cannot move to %s: the page of the sandbox is there", d.Operation, d.Moved)
		}
	}
	return nil
}

// Run runs a sandbox until the context ends. It calls ready once it listens, and returns nil at the end. It is an error if the
// options make no sense, if it cannot listen, or if the address is one that others can reach and AllowRemote is not set.
func Run(ctx context.Context, opts Options, ready func(Info)) error {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return err
	}
	at, err := net.ResolveTCPAddr("tcp", opts.Addr)
	if err != nil {
		return fmt.Errorf("sandbox: cannot listen: %w", err)
	}
	remote := !at.IP.IsLoopback()
	if remote && !opts.AllowRemote {
		return fmt.Errorf("sandbox: others can reach %s: listen at an address of this machine alone, such as 127.0.0.1:8480, or allow it", opts.Addr)
	}
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return fmt.Errorf("sandbox: cannot listen: %w", err)
	}
	defer listener.Close()
	info := Info{AppID: opts.AppID, AppSecret: opts.AppSecret, StaticToken: opts.StaticToken}
	own := listener.Addr().(*net.TCPAddr)
	info.BaseURL = "http://" + own.String()
	if own.IP.IsUnspecified() {
		info.BaseURL = fmt.Sprintf("http://127.0.0.1:%d", own.Port)
	}
	info.PageURL = info.BaseURL + "/"
	if remote {
		info.Warning = "Everything that can reach " + own.String() + " can use the sandbox, its page and its credentials."
	}
	d, err := newDesk(opts, info)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           onlyKnownHosts(opts.hosts(remote), d),
		ConnContext:       tidtest.ConnContext,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // so that streams and delays end with it
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if ready != nil {
		ready(info)
	}
	select {
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("sandbox: cannot listen any longer: %w", err)
	}
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	_ = server.Shutdown(grace) // what is still open then
	_ = server.Close()         // is closed
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// hosts says which hosts a request may be for. A page elsewhere can make its own name lead to this machine (DNS rebinding), and
// a browser then takes the sandbox for a part of that page: so only names that cannot be made to lead here are answered.
func (o Options) hosts(remote bool) func(string) bool {
	names := append([]string{"localhost"}, o.Hosts...)
	if name, err := os.Hostname(); remote && err == nil {
		names = append(names, name)
	}
	return func(host string) bool {
		name := host
		if h, _, err := net.SplitHostPort(host); err == nil {
			name = h
		}
		if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			return ip.Zone() == "" && (remote || ip.IsLoopback())
		}
		return slices.ContainsFunc(names, func(known string) bool { return strings.EqualFold(known, name) })
	}
}

func onlyKnownHosts(known func(string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !known(r.Host) {
			http.Error(w, "The sandbox is asked for by localhost or an address only, and not by this name.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
