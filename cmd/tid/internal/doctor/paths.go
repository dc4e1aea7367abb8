package doctor

import (
	"slices"
	"strings"
)

// otherNames are what a path element may be called instead. It is kept by hand: add what accounts turn up.
var otherNames = map[string][]string{
	"Attachments":         {"Files", "Documents", "Links"},
	"BookingProjects":     {"EconomyProjects", "AccountingProjects"},
	"ByBookingNumber":     {"BookingNumber", "ByNumber"},
	"Checklists":          {"TodoLists", "ToDos"},
	"Comments":            {"Notes"},
	"Download":            {"Pdf", "File", "Content", "DownloadPdf"},
	"Invoices":            {"CustomerInvoices"},
	"Logs":                {"LogEntries", "ProjectLogs", "EventLogs", "Events"},
	"MaterialReports":     {"Materials", "ArticleReports"},
	"NextProjectNumber":   {"NextNumber", "GetNextProjectNumber", "NextOrderNumber"},
	"OpportunityStatuses": {"OpportunityStates"},
	"PaymentPlans":        {"InvoicePlans", "PaymentSchedules"},
	"ProjectCollections":  {"Collections", "ProjectGroups"},
	"ProjectStatuses":     {"ProjectStates", "Statuses"},
	"SupplierInvoices":    {"VendorInvoices", "PurchaseInvoices"},
	"TaskBoards":          {"Boards"},
	"TimeCalculation":     {"Calculation", "TimePlan"},
	"Timecodes":           {"SalaryCodes", "PayTypes"},
	"UserDayStatistics":   {"DayStatistics", "UserStatistics"},
	"Users":               {"CoWorkers", "Employees"},
	"VacationRequests":    {"Vacations", "VacationApplications", "AbsenceRequests"},
}

// mostAlternatives is how many other paths are tried for one that answers 404.
const mostAlternatives = 10

// likely are the templates that an operation may have instead of the given one. taken are those that the description has,
// which belong to others. Routing ignores case, so spellings need no try.
func likely(template string, taken func(string) bool) []string {
	parts := strings.Split(template, "/") // "", "v1", "Core", …
	var all []string
	add := func(parts []string) {
		path := strings.Join(parts, "/")
		if !strings.EqualFold(path, template) && !taken(path) && !slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, path) }) {
			all = append(all, path)
		}
	}
	with := func(i int, part string) []string {
		other := slices.Clone(parts)
		other[i] = part
		return other
	}
	area := with(2, map[string]string{"Core": "Admin", "Admin": "Core"}[parts[2]])
	add(area)
	for i := len(parts) - 1; i > 2; i-- {
		if strings.HasPrefix(parts[i], "{") {
			continue
		}
		add(with(i, otherNumber(parts[i])))
		for _, name := range otherNames[parts[i]] {
			add(with(i, name))
		}
	}
	return all[:min(len(all), mostAlternatives)]
}

// otherNumber makes a plural of a singular, and the other way round.
func otherNumber(word string) string {
	switch {
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	case strings.HasSuffix(word, "uses"):
		return strings.TrimSuffix(word, "es")
	case strings.HasSuffix(word, "s"):
		return strings.TrimSuffix(word, "s")
	}
	return word + "s"
}
