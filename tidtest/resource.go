package tidtest

import (
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

const (
	// Resources without an endpoint of their own: others refer to them.
	tags schema.ResourceID = iota
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

	resourceCount
	noResource schema.ResourceID = -1
)

// A resource is a kind of object: how it looks, how it is listed and written, and the objects themselves.
type resource struct {
	id     schema.ResourceID
	name   string // in messages
	object string // the objectName
	path   string // of the list; empty if there is none
	verbs  []verb // what its endpoints do
	parent schema.ResourceID
	schema *schema.Schema
	named  []string // the fields that make up the name that references show

	sorts   []query.SortKey
	filters []query.Filter
	bare    bool // the list's parameters are not prefixed with filter.

	write []prop
	rules func(*change) // checks and completes a new version of an object

	gather func(*call) ([]*schema.Record, error) // where the rows of a list come from, if not from the store
	erased bool                                  // reading a deleted object answers an empty object

	depends []schema.ResourceID // whose changes may change the order or the choice of rows

	rows
}

// verb is one of the operations that many resources have.
type verb uint8

const (
	verbList verb = iota
	verbGet
	verbCreate
	verbUpdate
	verbDelete
)

// A prop is a property of a request body.
type prop struct {
	name     string
	sets     []string // the fields that it becomes, the first one giving its kind
	required bool
	unset    string        // what it is on create if left out: "true"
	stays    bool          // left out of an update it stays as it was
	as       *schema.Field // the kind of a property that is checked and not kept as it is
}

// same are properties that have the name of the field they set.
func same(names ...string) []prop {
	props := make([]prop, len(names))
	for i, name := range names {
		props[i] = prop{name: name, sets: []string{name}}
	}
	return props
}

// sets is a property that becomes fields of other names.
func sets(name string, fields ...string) prop { return prop{name: name, sets: fields} }

// checked is a property that the rules of its resource look at.
func checked(as *schema.Field) prop { return prop{name: as.Name, as: as} }

// required marks properties without which a request is refused.
func required(props ...prop) []prop {
	for i := range props {
		props[i].required = true
	}
	return props
}

// props joins single properties and lists of them.
func props(parts ...any) []prop {
	var all []prop
	for _, part := range parts {
		switch part := part.(type) {
		case prop:
			all = append(all, part)
		case []prop:
			all = append(all, part...)
		default:
			panic("tidtest: not a property")
		}
	}
	return all
}

// resources builds the tables of all resources of an account, without any object.
func resources(st *state) []*resource {
	all := make([]*resource, resourceCount)
	for _, list := range [][]*resource{hiddenResources(st), adminResources(), coreResources(st), derivedResources()} {
		for _, res := range list {
			if all[res.id] != nil {
				panic("tidtest: two tables for " + res.name)
			}
			all[res.id] = res
		}
	}
	for _, res := range all {
		res.check()
		for _, f := range res.schema.Fields {
			if f.Kind == schema.Ref || f.Kind == schema.Refs {
				res.depends = append(res.depends, f.Target)
			}
		}
		if res.gather != nil {
			for id := range all {
				res.depends = append(res.depends, schema.ResourceID(id))
			}
		}
	}
	return all
}

// check panics if the table refers to fields that it does not have.
func (res *resource) check() {
	for _, key := range res.sorts {
		res.schema.Field(key.Field)
	}
	for _, f := range res.filters {
		for _, name := range f.Fields {
			res.schema.Field(name)
		}
	}
	for i, p := range res.write {
		for _, name := range p.sets {
			res.schema.Field(name)
		}
		if p.as == nil {
			res.write[i].as = res.schema.Field(p.sets[0])
		}
	}
	for _, name := range res.named {
		res.schema.Field(name)
	}
}
