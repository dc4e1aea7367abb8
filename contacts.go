package tid

import (
	"context"
	"iter"
	"slices"
)

// ContactsService reads and writes contacts: customers, suppliers and the people
// who work for them.
type ContactsService service

// ContactType says whether a contact is a person or a company.
type ContactType string

// The types of contacts.
const (
	ContactPerson  ContactType = "person"
	ContactCompany ContactType = "company"
)

var contactTypes = enumOf(ContactPerson, ContactCompany)

func (ContactType) values() enum { return contactTypes }

// UnmarshalText reads a type in any case and keeps an unknown one.
func (t *ContactType) UnmarshalText(text []byte) error {
	return contactTypes.decode((*string)(t), text)
}

// ContactRelation is what a contact is to the account.
type ContactRelation string

// The relations of contacts.
const (
	ContactCustomer      ContactRelation = "customer"
	ContactSupplier      ContactRelation = "supplier"
	ContactWholesale     ContactRelation = "wholesale"
	ContactRetail        ContactRelation = "retail"
	ContactSubcontractor ContactRelation = "subcontractor"
	ContactPartner       ContactRelation = "partner"
)

var contactRelations = enumOf(ContactCustomer, ContactSupplier, ContactWholesale, ContactRetail,
	ContactSubcontractor, ContactPartner)

func (ContactRelation) values() enum { return contactRelations }

// UnmarshalText reads a relation in any case and keeps an unknown one.
func (r *ContactRelation) UnmarshalText(text []byte) error {
	return contactRelations.decode((*string)(r), text)
}

// ContactSort is a key that contacts can be sorted by.
type ContactSort string

// The sort keys of contacts.
const (
	ContactsByName           ContactSort = "name"
	ContactsByCustomerNumber ContactSort = "customerNumber"
	ContactsByCreated        ContactSort = "created"
	ContactsByUpdated        ContactSort = "updated"
)

var contactSorts = enumOf(ContactsByName, ContactsByCustomerNumber, ContactsByCreated, ContactsByUpdated)

func (ContactSort) values() enum { return contactSorts }

// ContactSummary is a contact as the list has it.
type ContactSummary struct {
	ID             int64       `json:"id"`
	Name           string      `json:"name"`
	ContactType    ContactType `json:"contactType,omitzero"`
	CustomerNumber string      `json:"customerNumber,omitzero"`
	// OrganizationalOrSocialSecurityNumber is the organisation number of a
	// company, the social security number of a person.
	OrganizationalOrSocialSecurityNumber string `json:"organizationalOrSocialSecurityNumber,omitzero"`
	Email                                string `json:"email,omitzero"`
	InvoiceEmail                         string `json:"invoiceEmail,omitzero"`
	PhoneNumber                          string `json:"phoneNumber,omitzero"`
	CellPhoneNumber                      string `json:"cellPhoneNumber,omitzero"`
	// Company is the company that a person belongs to.
	Company *Ref `json:"company,omitzero"`
	// ParentCompany is the company that a company belongs to.
	ParentCompany        *Ref              `json:"parentCompany,omitzero"`
	Responsible          *Ref              `json:"responsible,omitzero"`
	Tags                 []Tag             `json:"tags,omitzero"`
	IsActive             bool              `json:"isActive"`
	ImportantInformation string            `json:"importantInformation,omitzero"`
	Relations            []ContactRelation `json:"relations,omitzero"`      // inferred
	Website              string            `json:"website,omitzero"`        // inferred
	VATNumber            string            `json:"vatNumber,omitzero"`      // inferred
	VisitAddress         *Address          `json:"visitAddress,omitzero"`   // inferred
	PostalAddress        *Address          `json:"postalAddress,omitzero"`  // inferred
	InvoiceAddress       *Address          `json:"invoiceAddress,omitzero"` // inferred
	Created              DateTime          `json:"created,omitzero"`
	Updated              DateTime          `json:"updated,omitzero"`
	ObjectName           string            `json:"objectName,omitzero"`
}

// Contact is a contact as the detail has it.
type Contact struct {
	ContactSummary
	// ContactPersons are the people of a company.
	ContactPersons []ContactPersonRef `json:"contactPersons,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// ContactPersonRef points at a person who works for a company.
type ContactPersonRef struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"` // inferred
	IsPrimary  bool   `json:"isPrimary"`
	ObjectName string `json:"objectName,omitzero"`
}

// ContactInput is all that can be written of a contact. An update replaces the
// contact: what is left out is cleared. All names are inferred.
type ContactInput struct {
	ContactType                          ContactType `json:"contactType" tid:"required?"`
	Name                                 string      `json:"name" tid:"required?"`
	CustomerNumber                       string      `json:"customerNumber,omitzero"`
	OrganizationalOrSocialSecurityNumber string      `json:"organizationalOrSocialSecurityNumber,omitzero"`
	Email                                string      `json:"email,omitzero"`
	InvoiceEmail                         string      `json:"invoiceEmail,omitzero"`
	PhoneNumber                          string      `json:"phoneNumber,omitzero"`
	CellPhoneNumber                      string      `json:"cellPhoneNumber,omitzero"`
	// CompanyID is for persons, and ParentCompanyID for companies.
	CompanyID       int64   `json:"companyId,omitzero"`
	ParentCompanyID int64   `json:"parentCompanyId,omitzero"`
	ResponsibleID   int64   `json:"responsibleId,omitzero"`
	TagIDs          []int64 `json:"tagIds,omitzero"`
	// IsActive is left to the API unless set.
	IsActive             Opt[bool]         `json:"isActive,omitzero"`
	ImportantInformation string            `json:"importantInformation,omitzero"`
	Relations            []ContactRelation `json:"relations,omitzero" tid:"values?"`
	Website              string            `json:"website,omitzero"`
	VATNumber            string            `json:"vatNumber,omitzero"`
	VisitAddress         *Address          `json:"visitAddress,omitzero"`
	PostalAddress        *Address          `json:"postalAddress,omitzero"`
	InvoiceAddress       *Address          `json:"invoiceAddress,omitzero"`
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
}

func (in *ContactInput) check(p *problems) {
	if in.ContactType == ContactCompany && in.CompanyID != 0 {
		p.addBy(inferredRule, "companyId", "is for persons; a company has a parentCompanyId")
	}
	if in.ContactType == ContactPerson && in.ParentCompanyID != 0 {
		p.addBy(inferredRule, "parentCompanyId", "is for companies; a person has a companyId")
	}
}

// Input returns all that can be written of c, unchanged.
func (c *Contact) Input() *ContactInput {
	in := &ContactInput{
		ContactType:                          c.ContactType,
		Name:                                 c.Name,
		CustomerNumber:                       c.CustomerNumber,
		OrganizationalOrSocialSecurityNumber: c.OrganizationalOrSocialSecurityNumber,
		Email:                                c.Email,
		InvoiceEmail:                         c.InvoiceEmail,
		PhoneNumber:                          c.PhoneNumber,
		CellPhoneNumber:                      c.CellPhoneNumber,
		CompanyID:                            refID(c.Company),
		ParentCompanyID:                      refID(c.ParentCompany),
		ResponsibleID:                        refID(c.Responsible),
		TagIDs:                               tagIDs(c.Tags),
		IsActive:                             had(c.answered, "isActive", c.IsActive),
		ImportantInformation:                 c.ImportantInformation,
		Relations:                            slices.Clone(c.Relations),
		Website:                              c.Website,
		VATNumber:                            c.VATNumber,
		VisitAddress:                         clone(c.VisitAddress),
		PostalAddress:                        clone(c.PostalAddress),
		InvoiceAddress:                       clone(c.InvoiceAddress),
	}
	in.Extra, in.carried = handOn(c.Extra, c.answered, in)
	return in
}

func (c *Contact) input() writable             { return c.Input() }
func (c *Contact) beyond() (*Extra, *answered) { return &c.Extra, &c.answered }

func (in *ContactInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// ContactListOptions choose and order contacts.
type ContactListOptions struct {
	ListOptions
	SortBy ContactSort `url:"sortBy,omitempty"`
	// Query matches the name or the customer number.
	Query       string            `url:"filter.query,omitempty"`
	ContactType ContactType       `url:"filter.contactType,omitempty"`
	Relations   []ContactRelation `url:"filter.relations,comma,omitempty"`
}

// List returns one page of the contacts.
//
// API: GET /v1/Core/Contacts
func (s *ContactsService) List(ctx context.Context, opts *ContactListOptions) (*Page[ContactSummary], error) {
	return list[ContactSummary](ctx, s.client, "GET /v1/Core/Contacts", opts)
}

// All yields every contact.
//
// API: GET /v1/Core/Contacts
func (s *ContactsService) All(ctx context.Context, opts *ContactListOptions) iter.Seq2[*ContactSummary, error] {
	return all[ContactSummary](ctx, s.client, "GET /v1/Core/Contacts", opts)
}

// ChangedSince yields the contacts that were changed at since or later, newest first;
// see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/Contacts
func (s *ContactsService) ChangedSince(ctx context.Context, since DateTime, opts *ContactListOptions) iter.Seq2[*ContactSummary, error] {
	return changedSince[ContactSummary](ctx, s.client, "GET /v1/Core/Contacts", since, string(ContactsByUpdated), opts)
}

// Follow yields the contacts that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/Contacts
func (s *ContactsService) Follow(ctx context.Context, cursor *Cursor, opts *ContactListOptions) iter.Seq2[*ContactSummary, error] {
	return follow[ContactSummary](ctx, s.client, "GET /v1/Core/Contacts", cursor, string(ContactsByUpdated), string(ContactsByCreated), opts)
}

// Gone yields the ids of those contacts in known that the API does not have any more.
// known gives ids, each with its Created; see [TimeReportsService.Gone].
// ErrInvalidInput where known is nil, or has an id below 1.
//
// API: GET /v1/Core/Contacts, then GET /v1/Core/Contacts/{id}
func (s *ContactsService) Gone(ctx context.Context, known iter.Seq2[int64, DateTime]) iter.Seq2[int64, error] {
	return findGone[ContactSummary](ctx, s.client, "GET /v1/Core/Contacts", string(ContactsByCreated), known, func(ctx context.Context, id int64) error {
		_, err := s.Get(ctx, id)
		return err
	})
}

// Get returns one contact, or ErrNotFound.
//
// API: GET /v1/Core/Contacts/{id}
func (s *ContactsService) Get(ctx context.Context, id int64) (*Contact, error) {
	return detail[Contact](ctx, s.client, "GET /v1/Core/Contacts/{id}", id)
}

// Create adds a contact and returns it. ErrInvalidInput without a type or a name.
//
// API: POST /v1/Core/Contacts (inferred)
func (s *ContactsService) Create(ctx context.Context, in *ContactInput) (*Contact, error) {
	return fetch[Contact](ctx, s.client, "POST /v1/Core/Contacts", nil, in)
}

// Update replaces a contact: what in leaves out is cleared. [ContactsService.Modify]
// changes a part of one.
//
// API: PUT /v1/Core/Contacts/{id} (inferred)
func (s *ContactsService) Update(ctx context.Context, id int64, in *ContactInput) (*Contact, error) {
	return put(ctx, s.client, "PUT /v1/Core/Contacts/{id}", in, s.Get, id)
}

// Modify reads a contact, lets edit change it, and writes the whole back. When
// edit returns an error nothing is written, and Modify returns that error.
//
// API: GET, then PUT /v1/Core/Contacts/{id} (inferred)
func (s *ContactsService) Modify(ctx context.Context, id int64, edit func(*ContactInput) error) (*Contact, error) {
	return modify(ctx, s.client, "PUT /v1/Core/Contacts/{id}", id, s.Get, (*Contact).Input, edit)
}

// Delete removes a contact.
//
// API: DELETE /v1/Core/Contacts/{id} (inferred)
func (s *ContactsService) Delete(ctx context.Context, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Contacts/{id}", nil, nil, nil, id)
}
