package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
)

var number = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

// toJSON turns what was typed into a value that a schema allows. A decimal may have a comma.
func toJSON(s *description.Schema, text string) (json.RawMessage, error) {
	switch {
	case s.Is("array") && s.Items != nil:
		if strings.HasPrefix(text, "[") {
			return parsed(text)
		}
		items := []json.RawMessage{}
		for _, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			item, err := toJSON(s.Items, part)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return json.Marshal(items)
	case s.Is("object"):
		return parsed(text)
	case s.Is("boolean"):
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			return json.RawMessage("true"), nil
		case "false", "no", "0":
			return json.RawMessage("false"), nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", text)
	case s.Is("number") && strings.Contains(text, ","):
		text = strings.Replace(text, ",", ".", 1)
		fallthrough
	case s.Is("number") || s.Is("integer"):
		if whole := s.Is("integer") && !slices.Contains(s.Types, "number"); !number.MatchString(text) || whole && !isInteger(text) {
			if s.Is("string") && !whole && s.Name != "Decimal" && s.Name != "DecimalInput" {
				break
			}
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return json.RawMessage(text), nil
	}
	if len(s.Enum) > 0 {
		i := slices.IndexFunc(s.Enum, func(e string) bool { return strings.EqualFold(e, text) })
		switch {
		case i >= 0:
			text = s.Enum[i]
		case !s.Open:
			return nil, fmt.Errorf("%q is none of %s", text, strings.Join(s.Enum, ", "))
		}
	}
	if kindOf(s) == "date" {
		if err := checkDate(s, text); err != nil {
			return nil, err
		}
	}
	return json.Marshal(text)
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// checkDate refuses what is no day; filters take a time as well.
func checkDate(s *description.Schema, text string) error {
	if _, err := tid.ParseDate(text); err == nil {
		return nil
	}
	if s.Name == "FilterDate" {
		if _, err := tid.ParseDateTime(text); err == nil {
			return nil
		}
		return fmt.Errorf("%q is no day such as 2026-10-31, nor a time such as 2026-10-31 14:00:00", text)
	}
	return fmt.Errorf("%q is no day such as 2026-10-31", text)
}

func parsed(text string) (json.RawMessage, error) {
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("%q is not JSON", text)
	}
	return json.RawMessage(text), nil
}

// readSmall reads a file that fits into memory.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 16<<20))
}
