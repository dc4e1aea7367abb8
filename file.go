package tid

import (
	"context"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"
)

// File is a download that is under way. Close its Body when done with it.
type File struct {
	// Body is the content, straight from the connection.
	Body io.ReadCloser
	// Name is the name that the API gave, made safe: it has no folder, no control
	// characters and is not hidden. It is "" when the API gave none.
	Name string
	// ContentType is the media type, such as "application/pdf".
	ContentType string
	// Size is the number of bytes, or -1 when it is not known.
	Size int64
}

// download starts a download. It is retried until the content begins.
func download(ctx context.Context, c *Client, op string, args ...any) (*File, error) {
	call, err := c.newCall(ctx, op, args, nil, nil)
	if err != nil {
		return nil, err
	}
	call.accept = "*/*"
	file := new(File)
	err = c.do(ctx, call, func(resp *http.Response) error {
		*file = File{
			Body:        resp.Body,
			Name:        fileName(resp.Header.Get("Content-Disposition")),
			ContentType: resp.Header.Get("Content-Type"),
			Size:        resp.ContentLength,
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

const maxFileName = 200

// fileName reads the name out of a Content-Disposition header. It comes from
// outside, so nothing in it may choose a folder.
func fileName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	name := strings.ReplaceAll(strings.ToValidUTF8(params["filename"], "_"), `\`, "/")
	name = path.Base("/" + name)
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) || strings.ContainsRune(`<>:"/|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > maxFileName { // cut before the ending, at a rune
		ending := path.Ext(name)
		if len(ending) > maxFileName/4 {
			ending = ""
		}
		stem := strings.TrimSuffix(name, ending)
		name = strings.TrimRight(strings.ToValidUTF8(stem[:maxFileName-len(ending)], "")+ending, ". ")
	}
	if name == "_" || strings.Trim(name, "_") == "" {
		return ""
	}
	return name
}
