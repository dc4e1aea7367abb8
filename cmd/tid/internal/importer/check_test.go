package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// check checks a file that needs no names.
func check(t *testing.T, content string) *File {
	t.Helper()
	f, err := Check(t.Context(), nil, []byte(content), false)
	require.NoError(t, err)
	return f
}

func texts(notes []Note) (all []string) {
	for _, n := range notes {
		all = append(all, n.String())
	}
	return all
}

func TestFilesAreReadAsSpreadsheetsWriteThem(t *testing.T) {
	want := &tid.TimeReportInput{UserID: 7, Date: tid.NewDate(2026, time.October, 1), ProjectID: 3, ClockStart: tid.NewClockTime(7, 30),
		Hours: dec("7.5"), InvoiceableHours: tid.Set(dec("0")), BreakMinutes: 30, Comment: "a, b; c"}
	for name, content := range map[string]string{
		"commas":           "userId,date,projectId,clockStart,hours,invoiceableHours,breakMinutes,comment\n7,2026-10-01,3,07:30,7.5,0,30,\"a, b; c\"\n",
		"semicolons":       "userId;date;projectId;clockStart;hours;invoiceableHours;breakMinutes;comment\n7;2026-10-01;3;07:30;7,5;0;30;\"a, b; c\"\n",
		"tabs":             "userId\tdate\tprojectId\tclockStart\thours\tinvoiceableHours\tbreakMinutes\tcomment\n7\t2026-10-01\t3\t07:30\t7.5\t0\t30\ta, b; c\n",
		"byte order mark":  "\ufeffuserId;date;projectId;clockStart;hours;invoiceableHours;breakMinutes;comment\r\n7;2026-10-01;3;7:30;7,50;0,00;30;\"a, b; c\"\r\n",
		"names spelt else": "User-ID,DATE,project_id,Clock Start,Hours,invoiceable-hours,breakminutes,Comment\n7,2026-10-01 00:00:00,3,07:30:00,7.500,0,30,\" a, b; c \"\n",
		"empty lines":      "userId,date,projectId,clockStart,hours,invoiceableHours,breakMinutes,comment,activityId\n\n,,,,,,,,\n7,2026-10-01,3,07:30,7.5,0,30,\"a, b; c\",\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := check(t, content)
			require.Empty(t, f.Problems)
			require.Len(t, f.Lines, 1)
			assert.Equal(t, spelling(want), spelling(f.Lines[0].Input))
			assert.Equal(t, want.Comment, f.Lines[0].Input.Comment)
			assert.Equal(t, "7", f.Lines[0].User)
		})
	}
}

func TestEverythingThatIsWrongIsToldWithItsLine(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"an empty file":      {"\n", []string{"line 1: the file is empty"}},
		"a header alone":     {"userId,date,projectId\n", []string{"line 1: there is no line below the header"}},
		"UTF-16":             {"\xff\xfeu\x00s\x00e\x00r\x00\n\x00", []string{"line 1: it is no text in UTF-8: save it as CSV UTF-8"}},
		"unknown columns":    {"userid,date,project-id,hour,rate\n", []string{`line 1: there is no column "hour": did you mean hours?`, `line 1: there is no column "rate": did you mean date?`}},
		"a column twice":     {"userId,User-Id,date,projectId,DATE\n", []string{"line 1: the columns userId and User-Id are the same property: leave one of them out", "line 1: the column DATE is there twice"}},
		"a name and an id":   {"userId,user,date,projectId\n", []string{"line 1: the columns userId and user are the same property: leave one of them out"}},
		"a column without":   {"userId,,date,projectId\n", []string{"line 1: a column has no name"}},
		"what is required":   {"hours\n", []string{"line 1: there is no column userId", "line 1: there is no column date", "line 1: there is no column projectId, nor internalProjectId, nor absenceProjectId"}},
		"cells":              {"userId,date,projectId\n1,2026-10-01\n1,2026-10-01,1,1\n", []string{"line 2: it has 2 cells, and the header has 3", "line 3: it has 4 cells, and the header has 3"}},
		"a quote":            {"userId,date,projectId,comment\n1,2026-10-01,1,a\"b\n1,2026-10-01,1,c\n", []string{"line 2: bare \" in non-quoted-field"}},
		"another encoding":   {"userId,date,projectId,comment\n1,2026-10-01,1,s\xe5\n", []string{"line 2: comment: is not UTF-8: save the file as CSV UTF-8"}},
		"a text that is cut": {"userId,date,projectId,comment\n1,2026-10-01,1,s\ufffd\n", []string{"line 2: comment: holds U+FFFD"}},
		"an id":              {"userId,date,projectId\nAnna,2026-10-01,0\n", []string{`line 2: userId: "Anna" is no id; a column user takes names`, `line 2: projectId: "0" is no id; a column project takes names`}},
		"a day":              {"userId,date,projectId\n1,2026-02-30,1\n1,1/10/2026,1\n1,2026-10-01 14:00:00,1\n", []string{`line 2: date: "2026-02-30" is no day such as 2026-10-31`, `line 3: date: "1/10/2026" is no day such as 2026-10-31`, `line 4: date: "2026-10-01 14:00:00" is no day such as 2026-10-31`}},
		"times":              {"userId,date,projectId,clockStart,clockEnd,breakMinutes\n1,2026-10-01,1,25:00,7,0.5\n", []string{`line 2: clockStart: "25:00" is no time of day such as 07:30`, `line 2: clockEnd: "7" is no time of day such as 07:30`, `line 2: breakMinutes: "0.5" is no number of minutes`}},
		"numbers":            {"userId,date,projectId,hours,invoiceableHours\n1,2026-10-01,1,7:30,1e3\n1,2026-10-01,1,1 000,\"1.000,5\"\n", []string{`line 2: hours: "7:30" is no number such as 7.5 or 7,5`, `line 2: invoiceableHours: "1e3" is no number such as 7.5 or 7,5`, `line 3: hours: "1 000" is no number such as 7.5 or 7,5`, `line 3: invoiceableHours: "1.000,5" is no number such as 7.5 or 7,5`}},
		"the projects": {"userId,date,projectId,absenceProjectId\n1,2026-10-01,1,2\n1,2026-10-01,,\n", []string{
			"line 2: projectId: exactly one of projectId, internalProjectId and absenceProjectId must be set, not 2",
			"line 3: projectId: exactly one of projectId, internalProjectId and absenceProjectId must be set, not 0"}},
		"a missing value": {"userId,date,projectId\n,0001-01-01,1\n", []string{"line 2: date: is required", "line 2: userId: is required"}},
		"equal lines":     {"userId,date,projectId,hours\n1,2026-10-01,1,7.5\n\n1,2026-10-01,1,\"7,50\"\n", []string{"line 4: it is the same as line 2; --allow-duplicates creates both"}},
		"a long cell":     {"userId,date,projectId,comment\n1,2026-10-01,1," + strings.Repeat("x", maxCell+1) + "\n", []string{"line 2: comment: has more than 65536 bytes"}},
		"a long file":     {strings.Repeat(" ", MaxBytes+1), []string{"line 1: the file has more than 16 MiB: divide it"}},
		"many lines":      {"userId,date,projectId\n" + strings.Repeat("1,2026-10-01,1\n", MaxLines+1), []string{"line 100002: the file has more than 100000 lines: divide it"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := texts(check(t, c.content).Problems)
			if len(c.want) == 1 && len(got) == 1 {
				assert.Contains(t, got[0], c.want[0])
				return
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestWhatIsHardlyMeantIsAWarning(t *testing.T) {
	f := check(t, "userId,date,projectId,hours,clockStart,clockEnd\n1,2026-10-01,1,80,,\n2,2026-10-01,1,-1,,\n3,2026-10-01,1,20,,\n3,2026-10-01,2,5,,\n4,2026-10-01,1,,,\n5,2026-10-01,1,,07:00,16:00\n")
	require.Empty(t, f.Problems)
	assert.Equal(t, []string{"line 2: a day has no 80 hours", "line 3: the hours are less than none: -1", "line 5: with it the user has 25 hours on 2026-10-01",
		"line 6: it has neither hours nor clock times"}, texts(f.Warnings))
}

func TestEqualLinesAreToldApartByTheirNumberAndNotByTheirPlace(t *testing.T) {
	keys := func(lines ...string) (all []Key) {
		f, err := Check(t.Context(), nil, []byte("userId,date,projectId,hours\n"+strings.Join(lines, "")), true)
		require.NoError(t, err)
		require.Empty(t, f.Problems)
		for _, line := range f.Lines {
			all = append(all, line.Key)
		}
		return all
	}
	a, b := "1,2026-10-01,1,7.5\n", "1,2026-10-01,1,8\n"
	before, after := keys(a, b, a), keys("\n", a, a, b)
	assert.ElementsMatch(t, before, after)
	assert.Equal(t, []int{1, 1, 2}, []int{before[0].N, before[1].N, before[2].N})
}

// A ledger that has been written is read by later programs: another hash of the same line would create it again.
func TestTheHashOfALineStaysWhatItIs(t *testing.T) {
	f := check(t, "userId,date,internalProjectId,activityId,timeCodeId,timeArticleId,clockStart,clockEnd,hours,invoiceableHours,breakMinutes,comment,internalComment\n"+
		"1,2026-10-01,2,3,4,5,07:30,16:00,8.00,\"0,50\",30,\"å\r\nb\",c\n")
	require.Empty(t, f.Problems)
	assert.Equal(t, "572434a16a37cb2ca81824d3ad2b5976", f.Lines[0].Hash)
	again, err := spelled(spelling(f.Lines[0].Input))
	require.NoError(t, err)
	assert.Equal(t, f.Lines[0].Hash, hashOf(spelling(again)), "what the ledger holds means the same line")
}

func TestNamesAreLookedUp(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0))
	anna := srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Anna", LastName: "Berg", Email: "anna@example.com", EmployeeNumber: "17"}})
	one := srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Bo", LastName: "Ek", Email: "bo@example.com"}})
	two := srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Bo", LastName: "Ek", Email: "ek@example.com"}})
	project := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{OrderNumber: "1001", Title: "Villa Björk"}})
	internal := srv.InternalProjects.Put(tid.InternalProject{Name: "Möte", IsActive: true})
	absence := srv.AbsenceProjects.Put(tid.AbsenceProject{Name: "Sjuk", IsActive: true})
	activity := srv.Activities.Put(tid.Activity{Name: "Måla", IsActive: true})
	code := srv.TimeCodes.Put(tid.TimeCode{Name: "Övertid", Code: "ÖT", IsActive: true})
	article := srv.Articles.Put(tid.Article{Name: "Arbete", ArticleNumber: "T1", ArticleType: tid.ArticleTime, IsActive: true})
	client := srv.Client(tid.WithLimiter(nil))

	f, err := Check(t.Context(), client, []byte("User;Date;Project;Internal-Project;absenceProject;Activity;Time code;timeArticle;Hours\n"+
		"anna  BERG;2026-10-01;1001;;;måla;öt;T1;1\nanna@example.com;2026-10-01;villa björk;;;;Övertid;Arbete;2\n17;2026-10-01;;möte;;;;;3\nbo@example.com;2026-10-01;;;sjuk;;;;4\n"), false)
	require.NoError(t, err)
	require.Empty(t, f.Problems)
	require.Len(t, f.Lines, 4)
	a, b, c, d := f.Lines[0].Input, f.Lines[1].Input, f.Lines[2].Input, f.Lines[3].Input
	assert.Equal(t, []int64{anna, project, activity, code, article}, []int64{a.UserID, a.ProjectID, a.ActivityID, a.TimeCodeID, a.TimeArticleID})
	assert.Equal(t, []int64{anna, project, 0, code, article}, []int64{b.UserID, b.ProjectID, b.ActivityID, b.TimeCodeID, b.TimeArticleID})
	assert.Equal(t, []int64{anna, internal}, []int64{c.UserID, c.InternalProjectID})
	assert.Equal(t, []int64{one, absence}, []int64{d.UserID, d.AbsenceProjectID})
	assert.Equal(t, "anna  BERG", f.Lines[0].User)

	f, err = Check(t.Context(), client, []byte("user;date;project\nBo Ek;2026-10-01;1001\nCilla;2026-10-01;1002\n"), false)
	require.NoError(t, err)
	assert.Equal(t, []string{
		fmt.Sprintf(`line 2: user: "Bo Ek" is what 2 are called: a column userId can tell the ids %d, %d apart`, one, two),
		`line 3: user: there is none with the name, e-mail or employee number "Cilla"`,
		`line 3: project: there is none with the number or title "1002"`}, texts(f.Problems))
}
