package tid_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// Every decoder of foreign bytes, fuzzed: it never panics, what it has read and
// written it reads again as the same, and what it says is bounded. Run one with
//
//	go test -run '^$' -fuzz '^FuzzDate$' -fuzztime 30s .

// stays says that what was decoded from text is encoded, and decoded from that
// again is encoded alike; and that an error is bounded.
func stays[T any](t *testing.T, text []byte) (v T, ok bool) {
	t.Helper()
	if err := tid.Unmarshal(text, &v); err != nil {
		err = tid.Describe(err, text)
		assert.NotEmpty(t, err.Error())
		return v, false
	}
	once, err := json.Marshal(v)
	require.NoError(t, err, "%q was read but cannot be written", text)
	var again T
	require.NoError(t, tid.Unmarshal(once, &again), "%s", once)
	twice, err := json.Marshal(again)
	require.NoError(t, err)
	require.Equal(t, string(once), string(twice))
	return v, true
}

// seed adds the shapes that the contract names, and some that it does not.
func seed(f *testing.F, texts ...string) {
	for _, text := range texts {
		f.Add(text)
	}
}

// dotNetNone is the day by which .NET means that there is none.
const dotNetNone = "0001-01-01"

func FuzzDate(f *testing.F) {
	seed(f, "2024-03-01", "2024-03-01T00:00:00", "2024-03-01 00:00:00", "2024-03-01T00:00:00+00:00", "", "2024-02-30", "0001-01-01T00:00:00",
		"9999-12-31", "2024-3-1", "２０２４-03-01")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := tid.ParseDate(text)
		if err != nil {
			require.Less(t, len(err.Error()), 300)
			require.True(t, utf8.ValidString(err.Error()))
			require.True(t, d.IsZero())
		} else if text[:10] == dotNetNone {
			require.True(t, d.IsZero())
		} else {
			require.Equal(t, text[:10], d.String(), "the first ten characters are the day")
			require.False(t, d.IsZero())
			again, err := tid.ParseDate(d.String())
			require.NoError(t, err)
			require.Equal(t, d, again)
			if later := d.AddDays(400); later.Year() > 0 {
				require.Equal(t, d, later.AddDays(-400))
			}
			require.Equal(t, d, tid.DateOf(d.In(stockholm)))
			require.Zero(t, d.DaysSince(d))
			require.Equal(t, d, decoded[tid.Date](t, encoded(t, d)))
		}
		stays[tid.Date](t, []byte(text))
		stays[tid.Date](t, []byte(encoded(t, text)))
	})
}

func FuzzDateTime(f *testing.F) {
	seed(f, "2024-03-01T14:05:06", "2024-03-01 14:05:06", "2024-03-01", "2024-03-01T14:05:06Z", "2024-04-19 07:17:33 +00:00",
		"2024-03-01T14:05:06.1234567+01:00", "2024-03-01T14:05:06.1234567891-0930", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23", "")
	f.Fuzz(func(t *testing.T, text string) {
		dt, err := tid.ParseDateTime(text)
		if err != nil {
			require.Less(t, len(err.Error()), 300)
			require.True(t, dt.IsZero())
		} else if text[:10] == dotNetNone {
			require.Equal(t, tid.DateTime{}, dt)
		} else {
			require.Equal(t, text[:10], dt.Date().String())
			again, err := tid.ParseDateTime(dt.String())
			require.NoError(t, err, dt.String())
			require.Equal(t, dt, again)
			require.Equal(t, dt, decoded[tid.DateTime](t, encoded(t, dt)))
			if offset, zoned := dt.Offset(); zoned {
				at := dt.In(time.FixedZone("", offset))
				require.Equal(t, dt, tid.DateTimeOf(at))
			} else {
				require.Equal(t, dt, tid.DateTimeOfWall(dt.In(stockholm)))
			}
			_, err = tid.ParseDate(text)
			require.NoError(t, err, "every moment has a day")
		}
		stays[tid.DateTime](t, []byte(text))
		stays[tid.DateTime](t, []byte(encoded(t, text)))
	})
}

func FuzzClockTime(f *testing.F) {
	seed(f, "07:30", "07:30:15", "00:00", "24:00", "24:00:01", "7:30", "", "99:99:99")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := tid.ParseClockTime(text)
		if err != nil {
			require.Less(t, len(err.Error()), 300)
			require.True(t, c.IsZero())
		} else {
			require.False(t, c.IsZero())
			require.GreaterOrEqual(t, c.SinceMidnight(), time.Duration(0))
			require.LessOrEqual(t, c.SinceMidnight(), 24*time.Hour)
			require.True(t, strings.HasPrefix(text, c.String()), "%q became %s", text, c)
			require.Equal(t, c, decoded[tid.ClockTime](t, encoded(t, c)))
		}
		stays[tid.ClockTime](t, []byte(text))
		stays[tid.ClockTime](t, []byte(encoded(t, text)))
	})
}

func FuzzDecimal(f *testing.F) {
	seed(f, "7.5", "-1234.50", "0", "-0", "1e99", "1e-100", "1E+5", ".5", "5.", "+1", "", "7,5", "1e1000000000", strings.Repeat("9", 100),
		"-"+strings.Repeat("9", 100)+"."+strings.Repeat("9", 100))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := tid.ParseDecimal(text)
		if err != nil {
			require.Less(t, len(err.Error()), 300)
		} else {
			out := encoded(t, d)
			require.LessOrEqual(t, len(out), 202)
			require.True(t, json.Valid([]byte(out)), out)
			require.NotContains(t, out, `"`, "a number, not a string")
			require.True(t, d.Equal(decoded[tid.Decimal](t, out)), "%s became %s", text, out)
			require.True(t, d.Sub(d).IsZero())
			require.True(t, d.Neg().Neg().Equal(d))
		}
		stays[tid.Decimal](t, []byte(text))
		stays[tid.Decimal](t, []byte(encoded(t, text)))
	})
}

func FuzzOpt(f *testing.F) {
	seed(f, `null`, `false`, `true`, `0`, `"0"`, `7.50`, `"7.50"`, `""`, `"a\"b"`, `"2024-03-01 00:00:00"`, `{"id":1,"name":"Åsa"}`, `[1,2]`)
	type filter[T any] struct {
		V tid.Opt[T] `url:"v,omitempty"`
	}
	f.Fuzz(func(t *testing.T, text string) {
		data := []byte(text)
		stays[tid.Opt[int64]](t, data)
		stays[tid.Opt[tid.Decimal]](t, data)
		stays[tid.Opt[tid.Ref]](t, data)
		stays[tid.Opt[[]tid.Tag]](t, data)
		if o, ok := stays[tid.Opt[bool]](t, data); ok {
			v, set := o.Get()
			require.NotEqual(t, set, o.IsNull())
			require.Equal(t, set, len(asQuery(t, filter[bool]{o})) == 1)
			require.Equal(t, set && v, asQuery(t, filter[bool]{o}).Get("v") == "true")
		}
		if o, ok := stays[tid.Opt[string]](t, data); ok {
			v, _ := o.Get()
			require.Equal(t, v, asQuery(t, filter[string]{o}).Get("v"))
		}
		if o, ok := stays[tid.Opt[tid.Date]](t, data); ok {
			v, _ := o.Get()
			require.Equal(t, v.String(), asQuery(t, filter[tid.Date]{o}).Get("v"))
		}
		require.Equal(t, strings.ToValidUTF8(text, "�"), asQuery(t, filter[string]{tid.Set(strings.ToValidUTF8(text, "�"))}).Get("v"))
	})
}

func FuzzTag(f *testing.F) {
	seed(f, `{"objectName":"core.tag","id":1,"title":"Brådskande","color":"#FF0000"}`, `{"id":1,"name":"Brådskande"}`, `"Brådskande"`, `null`,
		`{"id":"1","title":7,"name":null}`, `{"Id":1,"ID":2,"TITLE":"a"}`, `""`, `17`)
	f.Fuzz(func(t *testing.T, text string) {
		if tag, ok := stays[tid.Tag](t, []byte(text)); ok {
			require.Equal(t, tag, decoded[tid.Tag](t, encoded(t, tag)))
			require.True(t, tag.Title != "" || tag.Name == "", "a name is a title too")
		}
		stays[[]tid.Tag](t, []byte("["+text+"]"))
	})
}

func FuzzMember(f *testing.F) {
	seed(f, `{"id":1,"name":"Åsa"}`, `{"userId":1,"userName":"Åsa"}`, `{"userId":"1","userName":null,"id":0}`, `{}`, `null`)
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := stays[tid.Member](t, []byte(text)); ok {
			require.Equal(t, m, decoded[tid.Member](t, encoded(t, m)))
			require.True(t, m.ID != 0 || m.UserID == 0)
			require.True(t, m.Name != "" || m.UserName == "")
		}
	})
}

func FuzzText(f *testing.F) {
	seed(f, `"monthly"`, `2`, `-1.50`, `1e3`, `12345678901234567890`, `""`, `null`, `true`, `"å\"\n"`)
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := stays[tid.Text](t, []byte(text)); ok {
			require.Equal(t, v, decoded[tid.Text](t, encoded(t, v)))
			require.True(t, strings.HasPrefix(encoded(t, v), `"`))
		}
	})
}

func FuzzEnum(f *testing.F) {
	seed(f, "fixedPrice", "FixedPrice", "ONGOING", "none", "perMonth", "", "null", "å\"", "ﬁxedPrice", "\u212a")
	f.Fuzz(func(t *testing.T, text string) {
		var v tid.InvoiceType
		require.NoError(t, v.UnmarshalText([]byte(text)))
		require.True(t, strings.EqualFold(text, string(v)), "%q became %q", text, v)
		again := v
		require.NoError(t, again.UnmarshalText([]byte(v)))
		require.Equal(t, v, again)
		stays[tid.InvoiceType](t, []byte(text))
		stays[[]tid.ContactRelation](t, []byte("["+encoded(t, text)+"]"))
	})
}

func FuzzUnmarshal(f *testing.F) {
	seed(f,
		`{"objectName":"core.timereports","page":1,"pageSize":100,"itemCount":1,"totalItemCount":1234,"totalPages":13,"items":[{"id":17,
			"date":"2024-03-01T00:00:00","clockStart":"07:30","clockEnd":null,"hours":7.5,"invoiceableHours":"7.50","breakMinutes":30,
			"user":{"objectName":"admin.user","id":5,"name":"Åsa"},"project":{"id":9,"name":"Tak","number":"17"},"absenceProject":null,
			"attestedDate":"2024-03-02 10:00:00","createdDate":"2024-03-01T14:05:06.1234567+01:00","hasAdditions":false}]}`,
		`{"page":"1","items":[{"id":"17","hours":"","comment":12,"hasEquipment":"True","invoiceId":null}, null]}`,
		`{"items":[],"totalPages":0}`, `{"items":null}`, `{"items":{}}`, `{}`, `null`, `[]`, `""`, "\ufeff{}", `{"items":[`, `{"items":[[]]}`,
		`{"id":4711,"orderNumber":17,"title":"Tak","status":{"id":1,"name":"Pågående","isCompletedStatus":"false"},"tags":["a",{"id":"2","name":"b"}],
			"invoiceType":"FixedPrice","location":{"longitude":"18.07","latitude":59.3},"costCenter":{"id":1,"name":"x","code":"C"},
			"created":"2024-03-01","workSiteAddress":{"city":"Umeå","longitude":0},"allIsMember":true}`,
		strings.Repeat(`{"items":[`, 100), `{"id":1e400}`, `{"id":1.5}`, `{"ID":1,"Id":"2","id":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		data := []byte(text)
		if page, ok := stays[tid.Page[tid.TimeReport]](t, data); ok {
			for _, r := range page.Items {
				if r != nil {
					_, _ = r.Attest(), r.Kind()
					encoded(t, r.Input())
				}
			}
		}
		stays[tid.Page[tid.ProjectSummary]](t, data)
		if p, ok := stays[tid.Project](t, data); ok {
			encoded(t, p.Input())
		}
		if c, ok := stays[tid.Contact](t, data); ok {
			encoded(t, c.Input())
		}
		stays[tid.User](t, data)
		// What encoding/json reads is read the same.
		var strict, lenient tid.Project
		if json.Unmarshal(data, &strict) == nil {
			require.NoError(t, tid.Unmarshal(data, &lenient))
			require.Equal(t, strict, lenient)
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	seed(f, `{"message":"PageSize must be between 1 and 100"}`, `{"error":"no"}`, `{"error":{"message":"no"}}`,
		`{"title":"Bad","errors":{"Title":["is required"],"Hours":"is negative"}}`, `{"errors":["a","b"]}`, `"Åtkomst nekad"`, "Service Unavailable",
		"<html><head><title>502 Bad Gateway</title></head></html>", "<html><style>p{}</style><body>down &amp; out", "", "\x89PNG\r\n\x1a\n\x00",
		`{"message":"cut o`, "\ufeff{}", `{"waitInSeconds":3}`, "<script><script>", "<title>", "&#0;&#x202e;")
	f.Fuzz(func(t *testing.T, text string) {
		message, fields := tid.ReadErrorBody([]byte(text))
		assertOneLine(t, message, tid.MaxErrorMessage+1)
		for field, texts := range fields {
			assertOneLine(t, field, tid.MaxErrorMessage+1)
			require.NotEmpty(t, texts)
			for _, text := range texts {
				assertOneLine(t, text, tid.MaxErrorMessage+1)
			}
		}
		e := &tid.Error{Operation: "GET /x", StatusCode: 400, Message: message, Fields: fields, Body: []byte(text)}
		assertOneLine(t, e.Error(), 20*tid.MaxErrorMessage)
		_, err := json.Marshal(e)
		require.NoError(t, err)
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{"1", "0.5", "-1", "", "soon", "31536000", "1e400", "Inf", "NaN", "0x1p10", "1_0", "Fri, 01 Mar 2024 12:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(header, `{"waitInSeconds":7}`)
		f.Add("", `{"waitInSeconds":"`+header+`"}`)
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		now := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
		require.GreaterOrEqual(t, tid.ParseRetryAfter(header, now), time.Duration(0))
		resp := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {header}}}
		wait := tid.RetryAfter(resp, []byte(body))
		require.Positive(t, wait, "a 429 always says how long to wait")
		p := tid.RetryPolicy{Retries: 4, MaxWait: time.Minute}
		next, again := p.Next("POST", tid.Outcome{Status: 429, RetryAfter: wait, Reached: true}, 1, 0)
		require.Equal(t, wait <= time.Minute, again)
		require.LessOrEqual(t, next, time.Minute)
		resp.StatusCode = 503
		require.GreaterOrEqual(t, tid.RetryAfter(resp, []byte(body)), time.Duration(0))
	})
}

func FuzzFileName(f *testing.F) {
	seed(f, `attachment; filename=offert.pdf`, `attachment; filename="Offert 17.pdf"`, `attachment; filename="x"; filename*=UTF-8''r%C3%A4k%2F..%5C.pdf`,
		`attachment; filename="../../etc/passwd"`, `attachment; filename=".."`, `attachment; filename*0="a"; filename*1="b"`, ``, `;`, "attachment; filename=\"\xff\"",
		`attachment; filename="`+strings.Repeat("å", 150)+`.pdf"`, `attachment; filename*=UTF-8''%00.a`)
	f.Fuzz(func(t *testing.T, disposition string) {
		assertSafeName(t, tid.FileName(disposition))
	})
}

func FuzzTokenExpires(f *testing.F) {
	for _, expires := range []string{"2024-04-19 07:17:33 +00:00", "2024-04-19 07:17:33", "2024-04-19T07:17:33Z", "2024-04-19T07:17:33.5+02:00", "", "soon",
		"0001-01-01 00:00:00 +00:00", "9999-12-31 23:59:59 -23:59", " 2024-04-19 "} {
		f.Add(expires, "Fri, 19 Apr 2024 06:17:33 GMT")
		f.Add(expires, "")
	}
	f.Fuzz(func(t *testing.T, expires, date string) {
		now := time.Date(2024, 4, 19, 6, 17, 33, 0, time.UTC)
		life := tid.TokenLifetime(expires, date, now)
		if _, err := tid.ParseDateTime(strings.TrimSpace(expires)); err != nil {
			require.Equal(t, time.Hour, life, "an hour is assumed where the answer does not say")
		}
		_ = now.Add(life)
	})
}
