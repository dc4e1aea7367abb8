package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/vismatid/tid"
)

// naive walks as one does in an afternoon: net/http, one page after the other, no
// limiter, and after a 429 a pause as long as Retry-After says. It decodes into
// the types of the SDK, so that the heaps can be compared.
func naive(ctx context.Context, c cell, w *walk) error {
	var token struct {
		AccessToken string `json:"accessToken"`
	}
	err := call(ctx, w, "POST", c.URL+"/v1/Auth/Token", func(r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) }, &token)
	if err != nil {
		return err
	}
	n := 0
	for page := 1; page <= c.Pages; page++ {
		var answer struct {
			Items []tid.TimeReport `json:"items"`
		}
		address := fmt.Sprintf("%s/v1/Core/TimeReports?page=%d&pageSize=%d", c.URL, page, pageSize)
		err := call(ctx, w, "GET", address, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.AccessToken) }, &answer)
		if err != nil {
			return err
		}
		for range answer.Items {
			n++
			w.item(n)
		}
	}
	return nil
}

func call(ctx context.Context, w *walk, method, address string, sign func(*http.Request), out any) error {
	for {
		req, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return err
		}
		sign(req)
		w.requests.Add(1)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		switch resp.StatusCode {
		case http.StatusOK:
			defer resp.Body.Close()
			return json.NewDecoder(resp.Body).Decode(out)
		case http.StatusTooManyRequests:
			w.refused.Add(1)
			resp.Body.Close()
			seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
			time.Sleep(time.Duration(max(1, seconds)) * time.Second)
		default:
			resp.Body.Close()
			return fmt.Errorf("%s %s: %s", method, address, resp.Status)
		}
	}
}
