package moment

import "github.com/vismatid/tid"

// The entities that are named more than once.
const (
	claims             = "claims"
	projectExtensions  = "projectExtensions"
	projectMemberships = "projectMemberships"
	tasks              = "tasks"
	timeRecords        = "timeRecords"
)

// Project is what time is registered on.
type Project struct {
	ID            int64        `json:"id,omitzero"`
	Name          string       `json:"name,omitzero"`
	ProjectNumber string       `json:"projectNumber,omitzero"`
	ProjectState  ProjectState `json:"projectState,omitzero"`
	CustomerID    int64        `json:"customerId,omitzero"`
	// CustomerName comes when it is asked for: moment.Include("base", "customer.name").
	CustomerName string `json:"customerName,omitzero" include:"customer.name"`
}

// ProjectState is how far a project has come. One value is known; others are kept.
type ProjectState string

// ProjectInProgress is a project that is being worked on.
const ProjectInProgress ProjectState = "inProgress"

// ProjectInput is what can be written of a project, inferred from what is read.
type ProjectInput struct {
	Name          tid.Opt[string] `json:"name,omitzero"`
	ProjectNumber tid.Opt[string] `json:"projectNumber,omitzero"`
	ProjectState  ProjectState    `json:"projectState,omitzero"`
	CustomerID    tid.Opt[int64]  `json:"customerId,omitzero"`
}

// ProjectExtension is a part of a project, an activity in the application's words.
type ProjectExtension struct {
	ID                    int64  `json:"id,omitzero"`
	Name                  string `json:"name,omitzero"`
	ProjectID             int64  `json:"projectId,omitzero"`
	ProjectExtensionState string `json:"projectExtensionState,omitzero"`
}

// ProjectExtensionInput is what can be written of an activity, inferred from what is read.
type ProjectExtensionInput struct {
	Name                  tid.Opt[string] `json:"name,omitzero"`
	ProjectID             int64           `json:"projectId,omitzero"`
	ProjectExtensionState string          `json:"projectExtensionState,omitzero"`
}

// ProjectExtensionListOptions choose activities.
type ProjectExtensionListOptions struct {
	ListOptions
	ProjectID int64 `url:"projectId,omitempty"`
}

func (*ProjectExtensionListOptions) entity() string { return projectExtensions }

// ProjectMembership is a role of a co-worker on a project; one can have several.
type ProjectMembership struct {
	ID                        int64  `json:"id,omitzero"`
	ProjectID                 int64  `json:"projectId,omitzero"`
	UserAccountID             int64  `json:"userAccountId,omitzero"`
	ProjectMembershipRoleName string `json:"projectMembershipRoleName,omitzero"`
	ProjectMembershipState    string `json:"projectMembershipState,omitzero"`
}

// ProjectMembershipInput is what can be written of a role, inferred from what is read.
type ProjectMembershipInput struct {
	ProjectID              int64  `json:"projectId,omitzero"`
	UserAccountID          int64  `json:"userAccountId,omitzero"`
	ProjectMembershipState string `json:"projectMembershipState,omitzero"`
}

// ProjectMembershipListOptions choose roles.
type ProjectMembershipListOptions struct {
	ListOptions
	UserAccountID          int64  `url:"userAccountId,omitempty"`
	ProjectMembershipState string `url:"projectMembershipState,omitempty"`
}

func (*ProjectMembershipListOptions) entity() string { return projectMemberships }

// UserAccount is a co-worker.
type UserAccount struct {
	ID int64 `json:"id,omitzero"`
	// Email comes when it is asked for: moment.Include("base", "email").
	Email string `json:"email,omitzero"`
	// TimeLockDate is not set for all co-workers.
	TimeLockDate Day `json:"timeLockDate,omitzero"`
}

// UserAccountInput is what can be written of a co-worker, inferred from what is read.
type UserAccountInput struct {
	Email        tid.Opt[string] `json:"email,omitzero"`
	TimeLockDate tid.Opt[Day]    `json:"timeLockDate,omitzero"`
}

// Task is something to be done in an activity.
type Task struct {
	ID                 int64     `json:"id,omitzero"`
	Name               string    `json:"name,omitzero"`
	TaskNumber         string    `json:"taskNumber,omitzero"`
	TaskState          TaskState `json:"taskState,omitzero"`
	ProjectExtensionID int64     `json:"projectExtensionId,omitzero"`
	ProjectID          int64     `json:"projectId,omitzero"`
}

// TaskState says whether a task is done. Values that are not known are kept.
type TaskState string

// The states of a task.
const (
	TaskOpen   TaskState = "open"
	TaskClosed TaskState = "closed"
)

// TaskInput is what can be written of a task, inferred from what is read.
type TaskInput struct {
	Name               tid.Opt[string] `json:"name,omitzero"`
	TaskNumber         tid.Opt[string] `json:"taskNumber,omitzero"`
	TaskState          TaskState       `json:"taskState,omitzero"`
	ProjectExtensionID tid.Opt[int64]  `json:"projectExtensionId,omitzero"`
	ProjectID          int64           `json:"projectId,omitzero"`
}

// TaskListOptions choose tasks.
type TaskListOptions struct {
	ListOptions
	ProjectID          int64 `url:"projectId,omitempty"`
	ProjectExtensionID int64 `url:"projectExtensionId,omitempty"`
}

func (*TaskListOptions) entity() string { return tasks }

// Offer is an offer to a customer. What "base" leaves out must be included:
// CurrencyCode by "currencyCode", the customer by "customer.id" and "customer.name".
type Offer struct {
	ID           int64  `json:"id,omitzero"`
	Name         string `json:"name,omitzero"`
	IssueDate    Day    `json:"issueDate,omitzero"`
	CurrencyCode string `json:"currencyCode,omitzero"`
	CustomerID   int64  `json:"customerId,omitzero" include:"customer.id"`
	CustomerName string `json:"customerName,omitzero" include:"customer.name"`
}

// OfferMetadata is what "metadata.overviewPage" gives for a list of offers.
type OfferMetadata struct {
	TotalSumInCompanyCurrency tid.Decimal `json:"totalSumInCompanyCurrency"`
}

// OfferInput is what can be written of an offer. That CustomerID can be is
// documented, the rest is inferred from what is read.
type OfferInput struct {
	Name         tid.Opt[string] `json:"name,omitzero"`
	IssueDate    tid.Opt[Day]    `json:"issueDate,omitzero"`
	CurrencyCode tid.Opt[string] `json:"currencyCode,omitzero"`
	CustomerID   tid.Opt[int64]  `json:"customerId,omitzero"`
}

// Invoice is an invoice to a customer.
type Invoice struct {
	ID            int64            `json:"id,omitzero"`
	InvoiceNumber int64            `json:"invoiceNumber,omitzero"`
	Customer      *InvoiceCustomer `json:"customer,omitzero"`
	Project       *InvoiceProject  `json:"project,omitzero"`
	// Fields of the two that are asked for come as fields of the invoice, as with
	// moment.Include("customer.id", "customer.name", "project.id", "project.name").
	CustomerID   int64  `json:"customerId,omitzero" include:"customer.id"`
	CustomerName string `json:"customerName,omitzero" include:"customer.name"`
	ProjectID    int64  `json:"projectId,omitzero" include:"project.id"`
	ProjectName  string `json:"projectName,omitzero" include:"project.name"`
}

// InvoiceInput is what can be written of an invoice, inferred from what is read, and
// from offers, whose customer is written as customerId.
type InvoiceInput struct {
	InvoiceNumber tid.Opt[int64] `json:"invoiceNumber,omitzero"`
	CustomerID    tid.Opt[int64] `json:"customerId,omitzero"`
	ProjectID     tid.Opt[int64] `json:"projectId,omitzero"`
}

// InvoiceCustomer is the customer of an invoice.
type InvoiceCustomer struct {
	ID             int64  `json:"id,omitzero"`
	CustomerNumber string `json:"customerNumber,omitzero"`
}

// InvoiceProject is the project of an invoice.
type InvoiceProject struct {
	ID            int64  `json:"id,omitzero"`
	ProjectNumber string `json:"projectNumber,omitzero"`
}

// Customer is the customer of projects.
type Customer struct {
	ID             int64  `json:"id,omitzero"`
	Name           string `json:"name,omitzero"`
	CustomerNumber string `json:"customerNumber,omitzero"`
}

// CustomerInput is what can be written of a customer, inferred from what is read.
type CustomerInput struct {
	Name           tid.Opt[string] `json:"name,omitzero"`
	CustomerNumber tid.Opt[string] `json:"customerNumber,omitzero"`
}

// Claim is a claim. Its fields are not known: define a struct with those that you know, and
// use moment.Of[Row](c, "claims").
type Claim struct {
	ID int64 `json:"id,omitzero"`
}
