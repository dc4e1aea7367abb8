// Package tables has a table of properties, filters and sort keys for each resource, to be compared with api/openapi.yaml line
// by line, and the rules that a table cannot express.
package tables

import (
	"time"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// Open makes an account that has all resources, without any object.
func Open(now func() time.Time) *account.Account {
	acct := account.New(now)
	acct.Describe(hiddenResources(acct), adminResources(), coreResources(acct), derivedResources())
	return acct
}

// The resources, in the order of their tables.
const (
	// Resources without an endpoint of their own: others refer to them.
	Tags schema.ResourceID = iota + 1
	Categories
	CostCenters
	Departments
	Units
	Schedules
	TimeReportingProfiles
	TaskBoardColumns

	// Admin.
	Users
	AbsenceProjects
	InternalProjects
	Activities
	Articles
	BookingProjects
	ProjectStatuses
	TimeCodes
	OpportunityStatuses
	OpportunityTags

	// Core.
	Contacts
	ProjectCollections
	Projects
	ProjectComments
	Invoices
	Logs
	Offers
	Opportunities
	TaskBoards
	Tasks
	TaskComments
	TaskChecklists
	TaskAttachments
	VacationRequests
	MaterialReports
	PaymentPlans
	SupplierInvoices
	UnhandledInvoices
	TravelReports
	Plannings
	TimeReports

	// What is worked out from others.
	TimeCalculations
	DayStatistics
	PlanningUsers
	PlanningProjectSums
	PlanningUserSums
)
