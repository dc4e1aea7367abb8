package tid

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// redactor blanks the credentials of a request in the texts that came back: an answer, or
// an error of net/http, may contain the request, and must not bring its credentials into a
// log.
//
// Servers escape them in many ways, so texts are compared unescaped, layer by layer,
// without case and white space; the part of the original that matched is blanked. Pieces
// of a credential are blanked as well, since texts are cut. [distinct] decides which.
type redactor struct {
	forms    []string         // the credentials, folded
	pieces   map[string]place // all their distinct pieces of the two least lengths
	literals []string         // passwords of which folding leaves too little
	contexts []string         // texts before a credential that could be a word, folded
}

// place is the position of a piece in a form.
type place struct {
	form string
	at   int
}

const (
	leastWhole   = 6 // of a whole credential with letters and digits
	leastMixed   = 8
	leastLetters = 16
)

// distinct reports whether a credential, or a piece of one, differs from ordinary words: it
// has 16 characters, or 8 with a digit. For a whole credential 6 with letters and digits
// are enough. Others are blanked only after the user name and a colon, or after the name
// of the authorization scheme: a password that is an English word must not remove that
// word from every error.
func distinct(s string) bool {
	return len(s) >= leastLetters || len(s) >= leastMixed && strings.ContainsAny(s, "0123456789")
}

// redactorOf returns a redactor for a bearer token, or for the base64 of a user name and a
// password.
func redactorOf(sent string) *redactor {
	r := &redactor{pieces: make(map[string]place), contexts: []string{"bearer", "basic"}}
	r.add(sent)
	if decoded, err := base64.StdEncoding.DecodeString(sent); err == nil {
		if user, password, basic := strings.Cut(string(decoded), ":"); basic {
			r.add(password)
			r.contexts = append(r.contexts, folded(user+":"))
		}
	}
	return r
}

// add learns a credential as it is, and in the encodings that change all characters.
func (r *redactor) add(credential string) {
	r.learn(credential)
	if !distinct(folded(credential)) {
		if utf8.RuneCountInString(credential) >= leastMixed && distinct(credential) {
			r.literals = append(r.literals, credential)
		}
		return
	}
	r.learn(hex.EncodeToString([]byte(credential)))
	for offset := range 3 { // base64 encodes groups of three bytes
		encoded := base64.StdEncoding.EncodeToString([]byte("\x00\x00"[:offset] + credential))[(offset*8+5)/6:]
		r.learn(encoded)                                               // at the end of a text
		r.learn(encoded[:(offset+len(credential))*8/6-(offset*8+5)/6]) // before other bytes
	}
}

// learn adds the folded forms of a text, and their pieces.
func (r *redactor) learn(text string) {
	whole := unitsOf(text)
	for again := true; again; {
		whole, again = unescape(whole)
	}
	unescaped, _ := fold(whole)
	for _, form := range []string{folded(text), unescaped} {
		if form == "" || slices.Contains(r.forms, form) {
			continue
		}
		r.forms = append(r.forms, form)
		for _, length := range []int{leastMixed, leastLetters} {
			for at := 0; at+length <= len(form); at++ {
				if piece := form[at : at+length]; distinct(piece) {
					if _, known := r.pieces[piece]; !known {
						r.pieces[piece] = place{form, at}
					}
				}
			}
		}
	}
}

// maxLayers is the number of times that a credential may have been escaped.
const maxLayers = 8

// blank returns s with an ellipsis in the place of each credential.
func (r *redactor) blank(s string) string {
	var found []span
	layer := unitsOf(s)
	for range maxLayers {
		found = append(found, r.find(layer)...)
		var escaped bool
		if layer, escaped = unescape(layer); !escaped {
			break
		}
	}
	if found == nil {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for i := 0; i < len(found); {
		from, to := found[i].from, found[i].to
		for i++; i < len(found) && found[i].from <= to; i++ {
			to = max(to, found[i].to)
		}
		b.WriteString(s[at:from] + "…")
		at = to
	}
	return b.String() + s[at:]
}

// span is a part of the original text.
type span struct{ from, to int }

// find returns where the credentials are in a layer.
func (r *redactor) find(layer []unit) (found []span) {
	text, index := fold(layer)
	add := func(from, to int) {
		found = append(found, span{int(layer[index[from]].from), int(layer[index[to-1]].to)})
	}
	for _, form := range r.forms {
		certain := distinct(form) || len(form) >= leastWhole && strings.ContainsAny(form, "0123456789") && strings.ContainsFunc(form, unicode.IsLetter)
		for at := 0; ; {
			i := strings.Index(text[at:], form)
			if i < 0 {
				break
			}
			begin, end := at+i, at+i+len(form)
			if certain || r.inContext(text[:begin]) && (end == len(text) || !isAlphanumeric(text[end]) ||
				layer[index[end-1]].to < layer[index[end]].from) {
				add(begin, end)
			}
			at = begin + 1
			if certain {
				at = end
			}
		}
	}
	for at := 0; at+leastMixed <= len(text); at++ {
		for _, length := range []int{leastMixed, leastLetters} {
			p, known := place{}, false
			if at+length <= len(text) {
				p, known = r.pieces[text[at:at+length]]
			}
			if !known {
				continue
			}
			begin, end, first, last := at, at+length, p.at, p.at+length
			for begin > 0 && first > 0 && text[begin-1] == p.form[first-1] {
				begin, first = begin-1, first-1
			}
			for end < len(text) && last < len(p.form) && text[end] == p.form[last] {
				end, last = end+1, last+1
			}
			add(begin, end)
			at = end - length // the next piece may overlap this one
			break
		}
	}
	for _, literal := range r.literals {
		plain := make([]byte, len(layer))
		for i, u := range layer {
			plain[i] = u.char
		}
		for at := 0; ; at += len(literal) {
			i := strings.Index(string(plain[at:]), literal)
			if i < 0 {
				break
			}
			at += i
			found = append(found, span{int(layer[at].from), int(layer[at+len(literal)-1].to)})
		}
	}
	return found
}

// inContext reports whether a credential is expected after the text.
func (r *redactor) inContext(before string) bool {
	before = strings.TrimRight(before, `"'`)
	return slices.ContainsFunc(r.contexts, func(c string) bool {
		return strings.HasSuffix(before, c) || strings.HasSuffix(strings.TrimRight(before, ":="), c)
	})
}

// unit is a byte of a layer, and the part of the original that it came from.
type unit struct {
	char     byte
	from, to int32
}

func unitsOf(s string) []unit {
	units := make([]unit, len(s))
	for i := range len(s) {
		units[i] = unit{s[i], int32(i), int32(i + 1)}
	}
	return units
}

// fold removes what may differ in a copy: white space and line breaks, what is not ASCII,
// characters that encodings write differently, and the difference of upper and lower
// case. index holds the unit that each byte came from.
func fold(layer []unit) (text string, index []int32) {
	var b strings.Builder
	b.Grow(len(layer))
	index = make([]int32, 0, len(layer))
	for i, u := range layer {
		c := u.char
		switch {
		case c <= ' ' || c > '~' || c == '+' || c == '-' || c == '\\':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '/': // as in the base64 of URLs
			c = '_'
		}
		b.WriteByte(c)
		index = append(index, int32(i))
	}
	return b.String(), index
}

func folded(s string) string {
	text, _ := fold(unitsOf(s))
	return text
}

// unescape removes one layer of escapes: those of URLs, quoted-printable, HTML and string
// literals. It reports whether there were any.
func unescape(layer []unit) (plain []unit, escaped bool) {
	if !slices.ContainsFunc(layer, func(u unit) bool { return beginsEscape(u.char) }) {
		return layer, false
	}
	plain = make([]unit, 0, len(layer))
	head := make([]byte, 0, maxEscape)
	for i := 0; i < len(layer); {
		if beginsEscape(layer[i].char) {
			head = head[:0]
			for _, u := range layer[i:min(i+maxEscape, len(layer))] {
				head = append(head, u.char)
			}
			if text, length := readEscape(string(head)); length > 0 {
				from, to := layer[i].from, layer[i+length-1].to
				for _, c := range []byte(text) {
					plain = append(plain, unit{c, from, to})
				}
				i, escaped = i+length, true
				continue
			}
		}
		plain = append(plain, layer[i])
		i++
	}
	return plain, escaped
}

func beginsEscape(c byte) bool { return c == '%' || c == '=' || c == '&' || c == '\\' }

// maxEscape is longer than any escape: the longest names of HTML have 32 characters.
const maxEscape = 40

// readEscape reads the escape that s begins with; length is 0 when it is none.
func readEscape(s string) (text string, length int) {
	switch s[0] {
	case '%', '=':
		if s[0] == '%' && len(s) > 1 && (s[1] == 'u' || s[1] == 'U') {
			return hexRune(s, 2, 4)
		}
		if n, ok := hexDigits(s, 1, 2); ok {
			return string([]byte{byte(n)}), 3
		}
	case '&':
		end := 1
		for end < len(s) && (isAlphanumeric(s[end]) || end == 1 && s[end] == '#') {
			end++
		}
		if end < len(s) && s[end] == ';' {
			end++
		}
		// A name without a semicolon may end within a word: take the longest.
		if text = html.UnescapeString(s[:end]); text == s[:end] {
			return "", 0
		}
		return text, end
	case '\\':
		at := 1
		for at < len(s) && s[at] == '\\' { // strings within strings
			at++
		}
		if at == len(s) {
			return "", 0
		}
		switch c := s[at]; {
		case strings.IndexByte("abfnrtv", c) >= 0: // folding removes all of these
			return " ", at + 1
		case c == 'u' && at+1 < len(s) && s[at+1] == '{':
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return "", 0
			}
			if n, err := strconv.ParseUint(s[at+2:end], 16, 21); err == nil {
				return string(rune(n)), end + 1
			}
		case c == 'u':
			return hexRune(s, at+1, 4)
		case c == 'U':
			return hexRune(s, at+1, 8)
		case c == 'x':
			if n, ok := hexDigits(s, at+1, 2); ok {
				return string([]byte{byte(n)}), at + 3
			}
		case '0' <= c && c <= '3' && len(s) >= at+3:
			if n, err := strconv.ParseUint(s[at:at+3], 8, 8); err == nil {
				return string([]byte{byte(n)}), at + 3
			}
		}
	}
	return "", 0
}

func hexRune(s string, at, digits int) (text string, length int) {
	n, ok := hexDigits(s, at, digits)
	if !ok {
		return "", 0
	}
	return string(rune(n)), at + digits
}

func hexDigits(s string, at, digits int) (n uint64, ok bool) {
	if len(s) < at+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(s[at:at+digits], 16, 32)
	return n, err == nil
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// redactedErr returns err, or a copy with another text if it shows a credential.
func redactedErr(err error, sent string) error {
	if err == nil || err == io.EOF || sent == "" {
		return err
	}
	text := err.Error()
	blanked := redactorOf(sent).blank(text)
	if blanked == text {
		return err
	}
	return &redacted{text: blanked, cause: func() error { return err }}
}

// redacted replaces an error whose text shows a credential. errors.Is and errors.As still
// find the error; formatting does not find its text.
type redacted struct {
	text  string
	cause func() error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.cause(), target) }
func (e *redacted) As(target any) bool   { return errors.As(e.cause(), target) }
