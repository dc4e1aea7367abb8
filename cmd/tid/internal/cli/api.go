package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// apiCommand sends any request.
func (a *app) apiCommand() *cobra.Command {
	var query []string
	var input string
	cmd := &cobra.Command{
		Use:   "api METHOD PATH",
		Short: "Send any request",
		Long: `Sends any request with the account's token, at its rate limit, and shows the JSON that comes back. A path is relative to
the address of the API; a method other than GET is sent once.`,
		Example: "  tid api GET v1/Core/Contacts --query pageSize=5 --query filter.query=bygg\n  tid api POST v1/Core/Whatever --input body.json",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().StringArrayVar(&query, "query", nil, "a `name=value` for the query; may be given many times")
	cmd.Flags().StringVar(&input, "input", "", "send the JSON of this `file`, or of standard input with -")
	sink := a.newSink(cmd, nil, true)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		values := url.Values{}
		for _, pair := range query {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				return usage("--query %s: it must be name=value", pair)
			}
			values.Add(name, value)
		}
		var body any
		if input != "" {
			text, err := a.read(cmd.Context(), input)
			if err != nil {
				return err
			}
			if !json.Valid(text) {
				return usage("--input is not JSON")
			}
			body = json.RawMessage(text)
		}
		acc, err := a.account()
		if err != nil {
			return err
		}
		var answer json.RawMessage
		if err := acc.client.Do(cmd.Context(), strings.ToUpper(args[0]), args[1], values, body, &answer); err != nil {
			return err
		}
		if len(bytes.TrimSpace(answer)) == 0 {
			return nil
		}
		return sink.run(cmd.Context(), "", func(ctx context.Context, s *stream) error { return s.write(ctx, answer) })
	}
	return cmd
}

// downloadCommand writes a file.
func (a *app) downloadCommand(cmd *cobra.Command, o *description.Operation) {
	name := cmd.Flags().StringP("file", "f", "", "the `file` to write, - for standard output; the name that the API gives if not set")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		acc, err := a.account()
		if err != nil {
			return err
		}
		f, kind := method(acc.client, o.ID)
		result, err := invoke(cmd.Context(), f, kind, args)
		if err != nil {
			return err
		}
		file := result.(*tid.File)
		defer file.Body.Close()
		target := *name
		switch {
		case target == "-":
			_, err = io.Copy(cmd.OutOrStdout(), file.Body)
			return err
		case target == "":
			if target = file.Name; target == "" {
				target = strings.ReplaceAll(kebab(o.ID), ".", "-") + "-" + args[len(args)-1]
			}
			if _, err := os.Lstat(target); err == nil {
				return usage("%s is there already: --file %[1]s replaces it", target)
			}
		}
		if err := writeFile(target, func(w io.Writer) error { _, err := io.Copy(w, file.Body); return err }); err != nil {
			return err
		}
		fmt.Fprintln(a.env.Stderr, target)
		return nil
	}
}
