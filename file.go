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

// File is a download in progress. Close its Body after reading it.
type File struct {
	// Body is the content, streamed from the connection.
	Body io.ReadCloser
	// Name is the file name in the answer, made safe: without a folder and control
	// characters, and not hidden. It is "" when the answer has none.
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

// fileName reads the name in a Content-Disposition header. The server chooses it, so it
// must not lead to another folder.
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
