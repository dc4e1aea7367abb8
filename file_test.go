package tid_test

import (
	"mime"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid"
)

func TestTheNameOfADownloadCannotChooseAPlace(t *testing.T) {
	for _, test := range []struct{ disposition, want string }{
		{`attachment; filename=offert.pdf`, "offert.pdf"},
		{`attachment; filename="Offert 17.pdf"`, "Offert 17.pdf"},
		{`inline; FileName="offert.pdf"; size=17`, "offert.pdf"},
		{`attachment; filename="räksmörgås.pdf"`, "räksmörgås.pdf"},
		{`attachment; filename="r_ksm_rg_s.pdf"; filename*=UTF-8''r%C3%A4ksm%C3%B6rg%C3%A5s.pdf`, "räksmörgås.pdf"},
		{`attachment; filename*=utf-8'sv'r%C3%A4k%20a.pdf`, "räk a.pdf"},
		{`attachment; filename="plain.pdf"; filename*=iso-8859-1''r%E4k.pdf`, "plain.pdf"},
		{`attachment; filename*0="off"; filename*1="ert.pdf"`, "offert.pdf"},
		{"attachment; filename=\"r\xe4k.pdf\"", "r_k.pdf"},
		{`attachment; filename="a \"quoted\" name.pdf"`, "a _quoted_ name.pdf"},
		{`attachment; filename="../../etc/passwd"`, "passwd"},
		{`attachment; filename="/etc/passwd"`, "passwd"},
		{`attachment; filename="..\\..\\autoexec.bat"`, "autoexec.bat"},
		{`attachment; filename="C:\\Windows\\win.ini"`, "win.ini"},
		{`attachment; filename="C:win.ini"`, "C_win.ini"},
		{`attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd`, "passwd"},
		{`attachment; filename*=UTF-8''a%5C..%5Cb.pdf`, "b.pdf"},
		{`attachment; filename*=UTF-8''a%00b.pdf`, "a_b.pdf"},
		{`attachment; filename*=UTF-8''%00.bashrc`, "_.bashrc"},
		{`attachment; filename*=UTF-8''a%0d%0ab.pdf`, "a__b.pdf"},
		{`attachment; filename*=UTF-8''gpj.%E2%80%AEexe`, "gpj._exe"},
		{`attachment; filename*=UTF-8''%FF%FE.pdf`, "_.pdf"},
		{`attachment; filename="a<b>c:d\"e|f?g*h.pdf"`, "a_b_c_d_e_f_g_h.pdf"},
		{`attachment; filename=".bashrc"`, "bashrc"},
		{`attachment; filename="...hidden"`, "hidden"},
		{`attachment; filename=". .a. ."`, "a"},
		{`attachment; filename="a.pdf "`, "a.pdf"},
		{`attachment; filename="a.pdf..."`, "a.pdf"},
		{`attachment; filename="mapp/"`, "mapp"},
		{`attachment; filename="."`, ""},
		{`attachment; filename=".."`, ""},
		{`attachment; filename="../.."`, ""},
		{`attachment; filename="/"`, ""},
		{`attachment; filename="\\"`, ""},
		{`attachment; filename="???"`, ""},
		{`attachment; filename=""`, ""},
		{`attachment; filename="   "`, ""},
		{`attachment`, ""},
		{``, ""},
		{`;;;`, ""},
		{`attachment; filename="a.pdf`, ""},
		{`attachment; filename="a.pdf"; filename="b.pdf"`, ""},
		{`attachment; filename="` + strings.Repeat("a", 300) + `.pdf"`, strings.Repeat("a", 196) + ".pdf"},
		{`attachment; filename="` + strings.Repeat("å", 150) + `.pdf"`, strings.Repeat("å", 98) + ".pdf"},
		{`attachment; filename="` + strings.Repeat("å", 101) + `x"`, strings.Repeat("å", 100)},
		{`attachment; filename="` + strings.Repeat("a", 199) + "." + strings.Repeat("b", 100) + `"`, strings.Repeat("a", 199)},
		{`attachment; filename="a.` + strings.Repeat("b", 300) + `"`, "a." + strings.Repeat("b", 198)},
	} {
		t.Run(test.disposition, func(t *testing.T) {
			assert.Equal(t, test.want, tid.FileName(test.disposition))
		})
	}
}

// assertSafeName says that name is one element of a path on any system, and not hidden.
func assertSafeName(t testing.TB, name string) {
	t.Helper()
	if name == "" {
		return
	}
	assert.LessOrEqual(t, len(name), tid.MaxFileName)
	assert.True(t, utf8.ValidString(name), "%q", name)
	assert.False(t, strings.ContainsAny(name, `/\<>:"|?*`), "%q", name)
	assert.Equal(t, -1, strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", name)
	assert.Equal(t, strings.Trim(name, ". "), name, "neither hidden nor ending in what Windows drops")
	assert.True(t, filepath.IsLocal(name), "%q", name)
	assert.Equal(t, name, filepath.Base(name))
	assert.Equal(t, filepath.Join("downloads", name), "downloads"+string(filepath.Separator)+name)
}

func TestEveryNameOfADownloadIsSafe(t *testing.T) {
	pieces := []string{"a", "..", ".", "/", `\`, " ", "å", "\x00", "\n", ":", "\xff", "\u202e", ".pdf", strings.Repeat("å", 99), strings.Repeat(".", 60), strings.Repeat("b", 51)}
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				for _, d := range []string{"", ".pdf", ". "} {
					disposition := mime.FormatMediaType("attachment", map[string]string{"filename": a + b + c + d})
					name := tid.FileName(disposition)
					assertSafeName(t, name)
					if name != "" {
						assert.Equal(t, name, tid.FileName(mime.FormatMediaType("attachment", map[string]string{"filename": name})), "what is safe stays as it is")
					}
				}
			}
		}
	}
}
