package tid

import (
	"context"
	"iter"
)

// ProjectCollectionsService reads the collections that projects belong to.
type ProjectCollectionsService service

// ProjectCollectionType is the kind of projects that a collection holds.
type ProjectCollectionType string

// The types of project collections.
const (
	ProjectCollectionNormal   ProjectCollectionType = "normal"
	ProjectCollectionAbsence  ProjectCollectionType = "absence"
	ProjectCollectionInternal ProjectCollectionType = "internal"
)

var projectCollectionTypes = enumOf(ProjectCollectionNormal, ProjectCollectionAbsence, ProjectCollectionInternal)

func (ProjectCollectionType) values() enum { return projectCollectionTypes }

// UnmarshalText reads a type in any case and keeps an unknown one.
func (t *ProjectCollectionType) UnmarshalText(text []byte) error {
	return projectCollectionTypes.decode((*string)(t), text)
}

// ProjectCollectionSort is a key that project collections can be sorted by.
type ProjectCollectionSort string

// The sort keys of project collections.
const (
	ProjectCollectionsByName          ProjectCollectionSort = "name"
	ProjectCollectionsByProjectNumber ProjectCollectionSort = "projectNumber"
)

var projectCollectionSorts = enumOf(ProjectCollectionsByName, ProjectCollectionsByProjectNumber)

func (ProjectCollectionSort) values() enum { return projectCollectionSorts }

// ProjectCollection is a collection of projects. All names are inferred.
type ProjectCollection struct {
	ID                    int64                 `json:"id"`
	Name                  string                `json:"name"`
	Number                string                `json:"number,omitzero"`
	ProjectCollectionType ProjectCollectionType `json:"projectCollectionType,omitzero"`
	IsActive              bool                  `json:"isActive"`
	ObjectName            string                `json:"objectName,omitzero"`
}

// ProjectCollectionListOptions choose and order project collections. All filters
// are inferred.
type ProjectCollectionListOptions struct {
	ListOptions
	SortBy ProjectCollectionSort `url:"sortBy,omitempty"`
	Query  string                `url:"filter.query,omitempty"`
}

// List returns one page of the project collections.
//
// API: GET /v1/Core/ProjectCollections (inferred)
func (s *ProjectCollectionsService) List(ctx context.Context, opts *ProjectCollectionListOptions) (*Page[ProjectCollection], error) {
	return list[ProjectCollection](ctx, s.client, "GET /v1/Core/ProjectCollections", opts)
}

// All yields every project collection.
//
// API: GET /v1/Core/ProjectCollections (inferred)
func (s *ProjectCollectionsService) All(ctx context.Context, opts *ProjectCollectionListOptions) iter.Seq2[*ProjectCollection, error] {
	return all[ProjectCollection](ctx, s.client, "GET /v1/Core/ProjectCollections", opts)
}

// Get returns one project collection, or ErrNotFound.
//
// API: GET /v1/Core/ProjectCollections/{id} (inferred)
func (s *ProjectCollectionsService) Get(ctx context.Context, id int64) (*ProjectCollection, error) {
	return detail[ProjectCollection](ctx, s.client, "GET /v1/Core/ProjectCollections/{id}", id)
}

// NextProjectNumber returns the order number that the API suggests for the next
// project of a collection, each of which has its own series. Nothing is reserved:
// another project may take the number first.
//
// API: GET /v1/Core/ProjectCollections/{id}/NextProjectNumber (inferred)
func (s *ProjectCollectionsService) NextProjectNumber(ctx context.Context, id int64) (string, error) {
	var n nextNumber
	err := s.client.exec(ctx, "GET /v1/Core/ProjectCollections/{id}/NextProjectNumber", nil, nil, &n, id)
	return string(n), err
}
