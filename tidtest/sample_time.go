package tidtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// free are the public holidays that have the same date every year, and the eves on which no work is done.
var free = map[[2]int]bool{
	{1, 1}: true, {1, 6}: true, {5, 1}: true, {6, 6}: true, {12, 24}: true, {12, 25}: true, {12, 26}: true, {12, 31}: true,
}

func isWorkday(d tid.Date) bool {
	return d.Weekday()%6 != 0 && !free[[2]int{int(d.Month()), d.Day()}]
}

// away is a time that a user is absent.
type away struct {
	from, to tid.Date
	why      int // of the absence projects
}

// worker is a user with the habits that show in the time reports.
type worker struct {
	user     *tid.User
	index    int
	begins   int // minutes since midnight
	rest     int // minutes
	minutes  int // of a day
	clocks   bool
	works    []*work
	absences []away
}

// time makes the time reports of every day.
func (m *maker) time() {
	for d := m.Since; !d.After(m.Until); d = d.AddDays(1) {
		if isWorkday(d) {
			m.days = append(m.days, d)
		}
	}
	var crew []*worker
	for i := range m.Users {
		crew = append(crew, m.worker(i))
	}
	for _, d := range m.days {
		for _, w := range crew {
			if d.Before(w.user.StartDate) || !w.user.EndDate.IsZero() && d.After(w.user.EndDate) {
				continue
			}
			m.day(w, d)
		}
	}
}

func (m *maker) worker(i int) *worker {
	w := &worker{
		user: &m.Users[i], index: i, begins: pickOne(m, []int{390, 420, 420, 450, 480}), rest: pickOne(m, []int{30, 30, 45, 60}),
		minutes: 480, clocks: !m.chance(10),
	}
	if w.user.Schedule.ID == m.Schedules[1].ID {
		w.minutes = 360
	}
	var open []*work
	for j := range m.works {
		if m.works[j].open {
			open = append(open, &m.works[j])
		}
	}
	for range min(len(open), m.some(2, 5)) {
		w.works = append(w.works, pickOne(m, open))
	}
	if i == 0 || m.chance(70) { // the summer holiday
		from := m.Since.AddDays(m.rng.IntN(15))
		to := from.AddDays(m.some(9, 18))
		w.absences = append(w.absences, away{from, to, 0})
		m.vacation(w, from, to, tid.VacationRequestAttested)
	}
	for d := m.Since; !d.After(m.Until); d = d.AddDays(1) {
		switch n := m.rng.IntN(1000); {
		case n < 14:
			w.absences = append(w.absences, away{d, d.AddDays(m.some(0, 4)), 1})
		case n < 22:
			w.absences = append(w.absences, away{d, d.AddDays(m.some(0, 1)), 2})
		case n < 23:
			w.absences = append(w.absences, away{d, d.AddDays(m.some(5, 20)), 3})
		}
	}
	if m.chance(25) { // a holiday to come
		from := m.Until.AddDays(m.some(10, 60))
		state := pickOne(m, []tid.VacationRequestState{tid.VacationRequestAwaitingAttest, tid.VacationRequestAwaitingAttest, tid.VacationRequestAttested, tid.VacationRequestDenied})
		m.vacation(w, from, from.AddDays(m.some(0, 11)), state)
	}
	return w
}

func (m *maker) vacation(w *worker, from, to tid.Date, state tid.VacationRequestState) {
	asked := m.back(from, 30, 120)
	if asked.After(m.Until) {
		asked = m.back(m.Until, 1, 10)
	}
	r := tid.VacationRequest{
		ID: m.id(tables.VacationRequests), User: m.userRef(w.index), FromDate: from, ToDate: to, State: state, CreatedDate: m.moment(asked, 19),
		AbsenceProject: &tid.Ref{ID: m.AbsenceProjects[0].ID, Name: m.AbsenceProjects[0].Name},
	}
	if m.chance(30) {
		r.Comment = "Gärna besked före månadsskiftet."
	}
	decided, by := m.moment(asked.AddDays(m.some(1, 5)), 9), m.userRef(0)
	r.UpdatedDate = r.CreatedDate
	switch state {
	case tid.VacationRequestAttested:
		r.AttestedDate, r.AttestedBy, r.UpdatedDate = decided, by, decided
	case tid.VacationRequestDenied:
		r.DeniedDate, r.DeniedBy, r.UpdatedDate = decided, by, decided
	}
	m.VacationRequests = append(m.VacationRequests, r)
}

// day makes the reports of one user for one day, at most times two.
func (m *maker) day(w *worker, d tid.Date) {
	for _, a := range w.absences {
		if d.Before(a.from) || d.After(a.to) {
			continue
		}
		r := m.report(w, d)
		r.AbsenceProject = &tid.Ref{ID: m.AbsenceProjects[a.why].ID, Name: m.AbsenceProjects[a.why].Name}
		r.Hours = tid.NewDecimal(int64(w.minutes/60), 0)
		r.TimeCode = m.timeCode(5)
		m.finish(w, r)
		return
	}
	parts := pickOne(m, []int{1, 2, 2, 2, 2, 3, 3, 3})
	at, left := w.begins+5*m.some(-2, 2), w.minutes+15*m.some(-2, 3)
	hadRest := false
	for i := range parts {
		minutes := left
		if i < parts-1 {
			minutes = left / (parts - i) / 15 * 15
			minutes += 15 * m.some(-2, 2)
		}
		if m.chance(8) {
			minutes += m.some(-7, 7) // a user that counts minutes
		}
		minutes = max(15, minutes)
		r := m.report(w, d)
		if end := at + minutes; !hadRest && (end > 12*60 || i == parts-1) {
			r.BreakMinutes, hadRest = w.rest, true
		}
		end := min(at+minutes+r.BreakMinutes, 23*60+55)
		if w.clocks {
			r.ClockStart, r.ClockEnd = tid.NewClockTime(at/60, at%60), tid.NewClockTime(end/60, end%60)
		}
		r.Hours = hours(end - at - r.BreakMinutes)
		m.purpose(w, r, end-at-r.BreakMinutes)
		m.finish(w, r)
		left -= minutes
		if at = end; left < 15 || at > 22*60 {
			return
		}
	}
}

// hours are minutes as the API counts them: with two decimals.
func hours(minutes int) tid.Decimal {
	return tid.NewDecimal((int64(minutes)*100+30)/60, -2)
}

func (m *maker) timeCode(i int) *tid.Ref {
	return &tid.Ref{ID: m.TimeCodes[i].ID, Name: m.TimeCodes[i].Name}
}

// report is a time report without what it was for.
func (m *maker) report(w *worker, d tid.Date) *tid.TimeReport {
	m.TimeReports = append(m.TimeReports, tid.TimeReport{ID: m.id(tables.TimeReports), Date: d, User: m.userRef(w.index), Cost: w.user.CostPerHour})
	return &m.TimeReports[len(m.TimeReports)-1]
}

// purpose says what the time was spent on.
func (m *maker) purpose(w *worker, r *tid.TimeReport, minutes int) {
	internal := len(w.works) == 0 || m.chance(9)
	if internal {
		p := pickOne(m, m.InternalProjects)
		r.InternalProject = &tid.Ref{ID: p.ID, Name: p.Name}
		r.TimeCode = m.timeCode(4)
		if p.CommentRequiredWhenTimeReporting || m.chance(40) {
			r.Comment = pickOne(m, internalRemarks)
		}
		return
	}
	job := pickOne(m, w.works)
	p := job.project
	activity := m.Activities[0]
	if m.chance(35) {
		activity = m.Activities[m.rng.IntN(len(m.Activities)-1)]
	}
	article, code, rate := m.hourly, 0, job.rate
	if m.chance(4) {
		article, code, rate = m.overtime, 1, job.rate*3/2
	}
	r.Project = &tid.NumberRef{ID: p.ID, Name: p.Title, Number: p.OrderNumber}
	r.Contact = p.Customer
	r.CostCenter = &tid.Ref{ID: p.CostCenter.ID, Name: p.CostCenter.Name}
	r.Activity = &tid.Ref{ID: activity.ID, Name: activity.Name}
	r.TimeCode = m.timeCode(code)
	r.TimeArticle = &tid.Ref{ID: article.ID, Name: article.Name}
	r.Rate = cents(rate)
	switch {
	case p.InvoiceType == tid.InvoiceTypeNone:
	case m.chance(12): // not all of it can be charged
		r.InvoiceableHours = hours(minutes / 30 * 15)
	default:
		r.InvoiceableHours = r.Hours
	}
	if m.chance(6) {
		r.Discount = tid.NewDecimal(int64(pickOne(m, []int{5, 10, 15})), 0)
	}
	if m.chance(45) {
		r.Comment = pickOne(m, remarks)
	}
	if m.chance(5) {
		r.InternalComment = "Kolla tiden med arbetsledaren"
	}
	r.HasAdditions, r.HasEquipment = m.chance(6), m.chance(3)
}

// finish stamps a report and says how far it has come: those of the first half of the time are attested and those of the last
// days not yet sent, with a few exceptions.
func (m *maker) finish(w *worker, r *tid.TimeReport) {
	written := r.Date
	if m.chance(20) {
		written = written.AddDays(m.some(1, 3))
	}
	r.CreatedDate = m.moment(written, m.some(15, 18))
	r.CreatedBy = m.userRef(w.index)
	r.UpdatedDate, r.UpdatedBy = r.CreatedDate, r.CreatedBy
	if m.chance(10) {
		r.UpdatedDate = m.moment(written.AddDays(1), 7)
	}

	sent, attested := 99, 95
	switch age := m.Until.DaysSince(r.Date); {
	case age < 9:
		sent, attested = 15, 0
	case age < 24:
		sent, attested = 75, 15
	case age < 45:
		sent, attested = 96, 30
	}
	monday := r.Date.AddDays(7 - int(r.Date.Weekday()+6)%7) // of the week after
	on := latest(monday, written.AddDays(1))
	if !m.chance(sent) || on.After(m.Until) {
		return
	}
	r.SentToAttestDate = m.moment(on, 7)
	r.UpdatedDate = r.SentToAttestDate
	for on = on.AddDays(m.rng.IntN(4)); !isWorkday(on); {
		on = on.AddDays(1)
	}
	if !m.chance(attested) || on.After(m.Until) {
		return
	}
	r.AttestedDate = m.moment(on, 10)
	r.UpdatedDate = r.AttestedDate
	if w.user.Manager != nil {
		r.UpdatedBy = w.user.Manager
	}
}

func earliest(a, b tid.Date) tid.Date {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b tid.Date) tid.Date {
	if a.After(b) {
		return a
	}
	return b
}

// plans makes what the users are planned for in the four weeks to come.
func (m *maker) plans() {
	for i := range m.Users {
		if !m.Users[i].EndDate.IsZero() {
			continue
		}
		for week := range 4 {
			monday := m.Until.AddDays(int(8-m.Until.Weekday())%7 + 7*week)
			p := Planning{ID: m.id(tables.Plannings), User: m.userRef(i), FromDate: monday, ToDate: monday.AddDays(4), Hours: cents(int64(m.some(4, 40)) * 100)}
			switch n := m.rng.IntN(10); {
			case n == 0:
				a := pickOne(m, m.AbsenceProjects)
				p.AbsenceProject = &tid.Ref{ID: a.ID, Name: a.Name}
			case n == 1:
				a := pickOne(m, m.InternalProjects)
				p.InternalProject = &tid.Ref{ID: a.ID, Name: a.Name}
			default:
				p.Project = projectRef(pickOne(m, m.works).project)
			}
			m.Plannings = append(m.Plannings, p)
		}
	}
}

// boards makes task boards, tasks and what belongs to them.
func (m *maker) boards() {
	for i := range max(1, m.size/6) {
		at := m.moment(m.back(m.Since, 5, 300), 10)
		b := tid.TaskBoard{ID: m.id(tables.TaskBoards), Name: fmt.Sprintf("Tavla %d", i+1), CreatedDate: at, UpdatedDate: at, Tags: []tid.Tag{}}
		if i > 0 {
			p := &m.Projects[m.rng.IntN(len(m.Projects))]
			b.Name, b.Project = "Tavla "+p.OrderNumber, projectRef(p)
		}
		for _, name := range boardColumns {
			b.Columns = append(b.Columns, tid.TaskBoardColumn{ID: m.id(tables.TaskBoardColumns), Name: name})
		}
		for range min(4, m.size) {
			if u := m.anyUser(); !slices.ContainsFunc(b.Members, func(o tid.Member) bool { return o.ID == u.ID }) {
				b.Members = append(b.Members, tid.Member{ID: u.ID, Name: u.Name})
			}
		}
		m.TaskBoards = append(m.TaskBoards, b)
	}
	for i := range max(5, m.size*2) {
		b := pickOne(m, m.TaskBoards)
		column := m.rng.IntN(len(b.Columns))
		created := m.back(m.Until, 1, 90)
		t := tid.Task{
			ID: m.id(tables.Tasks), Title: pickOne(m, taskWords), Board: &tid.Ref{ID: b.ID, Name: b.Name}, Project: b.Project,
			BoardColumn: &tid.Ref{ID: b.Columns[column].ID, Name: b.Columns[column].Name}, CreatedDate: m.moment(created, 9),
		}
		t.UpdatedDate = t.CreatedDate
		if m.chance(70) {
			t.StartDate, t.EndDate = created.AddDays(1), created.AddDays(m.some(1, 21))
		}
		if m.chance(30) && !t.StartDate.IsZero() {
			t.StartTime, t.EndTime = tid.NewClockTime(8, 0), tid.NewClockTime(m.some(9, 16), 30)
		}
		if m.chance(50) {
			t.Description = pickOne(m, commentWords)
		}
		t.Members = append(t.Members, b.Members[:m.rng.IntN(len(b.Members)+1)]...)
		if m.chance(20) {
			t.Tags = []tid.Tag{m.Tags[2]}
		}
		if column == 2 {
			t.CompletedDate = m.moment(created.AddDays(m.some(1, 10)), 15)
			t.UpdatedDate = t.CompletedDate
			if m.chance(40) {
				t.ArchivedDate = m.notAfter(t.CompletedDate.In(time.UTC).Add(72 * time.Hour))
				t.UpdatedDate = t.ArchivedDate
			}
		}
		m.Tasks = append(m.Tasks, t)
		if i == 0 || m.chance(30) {
			m.TaskComments[t.ID] = []tid.Comment{{
				ID: m.id(tables.TaskComments), Text: pickOne(m, commentWords), User: m.anyUser(), CreatedDate: t.CreatedDate, UpdatedDate: t.CreatedDate,
			}}
		}
		if i == 0 || m.chance(25) {
			list := tid.Checklist{ID: m.id(tables.TaskChecklists), Name: pickOne(m, checklistWords)}
			for i := range m.some(2, len(checklistItems)) {
				list.Items = append(list.Items, tid.ChecklistItem{ID: int64(i + 1), Text: checklistItems[i], IsCompleted: m.chance(50), SortOrder: i + 1})
			}
			m.TaskChecklists[t.ID] = []tid.Checklist{list}
		}
		if i == 0 || m.chance(20) {
			file := tid.Attachment{ID: m.id(tables.TaskAttachments), CreatedDate: t.CreatedDate, CreatedBy: m.anyUser()}
			if n := m.some(1, 99); i == 0 || m.chance(50) {
				file.Name, file.ContentType, file.Size = fmt.Sprintf("foto-%d.jpg", n), "image/jpeg", int64(m.some(8, 64))*1024
			} else {
				file.Name, file.Provider = fmt.Sprintf("Ritning A%d", n), tid.AttachmentGoogleDrive
				file.URL = fmt.Sprintf("https://files.example/ritning/%d", n)
			}
			m.TaskAttachments[t.ID] = []tid.Attachment{file}
		}
	}
}
