package tidtest

import "github.com/vismatid/tid/tidtest/internal/schema"

// The resources, in the order of their tables.
const (
	// Resources without an endpoint of their own: others refer to them.
	tags schema.ResourceID = iota + 1
	categories
	costCenters
	departments
	units
	schedules
	timeReportingProfiles
	taskBoardColumns

	// Admin.
	users
	absenceProjects
	internalProjects
	activities
	articles
	bookingProjects
	projectStatuses
	timeCodes
	opportunityStatuses
	opportunityTags

	// Core.
	contacts
	projectCollections
	projects
	projectComments
	invoices
	logs
	offers
	opportunities
	taskBoards
	tasks
	taskComments
	taskChecklists
	taskAttachments
	vacationRequests
	materialReports
	paymentPlans
	supplierInvoices
	unhandledInvoices
	travelReports
	plannings
	timeReports

	// What is worked out from others.
	timeCalculations
	dayStatistics
	planningUsers
	planningProjectSums
	planningUserSums
)
