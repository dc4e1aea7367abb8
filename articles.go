package tid

import (
	"context"
	"iter"
)

// ArticlesService reads and writes articles: what is sold and what is reported.
type ArticlesService service

// ArticleType is the kind of an article.
type ArticleType string

// The kinds of articles. ArticleAll is for filters: every kind.
const (
	ArticleAll       ArticleType = "all"
	ArticleAllowance ArticleType = "allowance"
	ArticleMaterial  ArticleType = "material"
	ArticleEquipment ArticleType = "equipment"
	ArticleAddition  ArticleType = "addition"
	ArticleTime      ArticleType = "time"
)

var articleTypes = enumOf(ArticleAll, ArticleAllowance, ArticleMaterial, ArticleEquipment, ArticleAddition, ArticleTime)

func (ArticleType) values() enum { return articleTypes }

// UnmarshalText reads a kind in any case and keeps an unknown one.
func (t *ArticleType) UnmarshalText(text []byte) error {
	return articleTypes.decode((*string)(t), text)
}

// ArticleSort is a key that articles can be sorted by.
type ArticleSort string

// The sort keys of articles.
const (
	ArticlesByName          ArticleSort = "name"
	ArticlesByArticleNumber ArticleSort = "articleNumber"
	ArticlesByCreatedDate   ArticleSort = "createdDate"
	ArticlesByUpdatedDate   ArticleSort = "updatedDate"
)

var articleSorts = enumOf(ArticlesByName, ArticlesByArticleNumber, ArticlesByCreatedDate, ArticlesByUpdatedDate)

func (ArticleSort) values() enum { return articleSorts }

// Article is an article of any kind.
type Article struct {
	ID            int64       `json:"id"`
	Name          string      `json:"name"`
	ArticleNumber string      `json:"articleNumber,omitzero"`
	ArticleType   ArticleType `json:"articleType,omitzero"`
	// Price is money for one Unit; with or without VAT is unknown.
	Price Decimal `json:"price"`
	// Cost is money for one Unit; with or without VAT is unknown.
	Cost        Decimal  `json:"cost"`                 // inferred
	Description string   `json:"description,omitzero"` // inferred
	Unit        *Ref     `json:"unit,omitzero"`
	IsActive    bool     `json:"isActive"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	UpdatedDate DateTime `json:"updatedDate,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// ArticleInput is all that can be written of an article, whatever its kind. An
// update replaces the article: what is left out is cleared, but for IsActive. The
// vendor gives five limits without naming their properties: that they are the limits of
// ArticleNumber, Price, Name, Description and Cost is inferred. All names but
// IsActive are inferred.
type ArticleInput struct {
	// IsActive is true for a new article unless set, and stays as it is in an
	// update unless set.
	IsActive      Opt[bool] `json:"isActive,omitzero"`
	ArticleNumber string    `json:"articleNumber,omitzero" tid:"max=50?"`
	// Price is money for one unit, with two decimals at the most; with or without
	// VAT is unknown.
	Price       Decimal `json:"price,omitzero" tid:"cents?"`
	Name        string  `json:"name" tid:"required?,max=200?"`
	Description string  `json:"description,omitzero" tid:"max=500?"`
	// Cost is money for one unit, with two decimals at the most; with or without
	// VAT is unknown.
	Cost   Decimal `json:"cost,omitzero" tid:"cents?"`
	UnitID int64   `json:"unitId,omitzero"`
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
}

// Input returns all that can be written of a, unchanged.
func (a *Article) Input() *ArticleInput {
	in := &ArticleInput{
		IsActive:      had(a.answered, "isActive", a.IsActive),
		ArticleNumber: a.ArticleNumber,
		Price:         a.Price,
		Name:          a.Name,
		Description:   a.Description,
		Cost:          a.Cost,
		UnitID:        refID(a.Unit),
	}
	in.Extra, in.carried = handOn(a.Extra, a.answered, in)
	return in
}

func (a *Article) input() writable             { return a.Input() }
func (a *Article) beyond() (*Extra, *answered) { return &a.Extra, &a.answered }

func (in *ArticleInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// ArticleListOptions choose and order articles.
type ArticleListOptions struct {
	ListOptions
	SortBy ArticleSort `url:"sortBy,omitempty"`
	// ArticleType is the kind to list. Left out, it is [ArticleMaterial].
	ArticleType ArticleType `url:"filter.articleType,omitempty"` // inferred
	Query       string      `url:"filter.query,omitempty"`
}

// List returns one page of the articles: of materials only, unless opts name
// another kind or [ArticleAll].
//
// API: GET /v1/Admin/Articles
func (s *ArticlesService) List(ctx context.Context, opts *ArticleListOptions) (*Page[Article], error) {
	return list[Article](ctx, s.client, "GET /v1/Admin/Articles", opts)
}

// All yields every article: materials only, unless opts name another kind or
// [ArticleAll].
//
// API: GET /v1/Admin/Articles
func (s *ArticlesService) All(ctx context.Context, opts *ArticleListOptions) iter.Seq2[*Article, error] {
	return all[Article](ctx, s.client, "GET /v1/Admin/Articles", opts)
}

// ChangedSince yields the articles that were changed at since or later, newest first;
// see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Admin/Articles
func (s *ArticlesService) ChangedSince(ctx context.Context, since DateTime, opts *ArticleListOptions) iter.Seq2[*Article, error] {
	return changedSince[Article](ctx, s.client, "GET /v1/Admin/Articles", since, string(ArticlesByUpdatedDate), opts)
}

// Follow yields the articles that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Admin/Articles
func (s *ArticlesService) Follow(ctx context.Context, cursor *Cursor, opts *ArticleListOptions) iter.Seq2[*Article, error] {
	return follow[Article](ctx, s.client, "GET /v1/Admin/Articles", cursor, string(ArticlesByUpdatedDate), string(ArticlesByCreatedDate), opts)
}

// Get returns one article of any kind, or ErrNotFound.
//
// API: GET /v1/Admin/Articles/{id} (inferred)
func (s *ArticlesService) Get(ctx context.Context, id int64) (*Article, error) {
	return detail[Article](ctx, s.client, "GET /v1/Admin/Articles/{id}", id)
}

// articleOps are the operations that write an article of each kind.
var articleOps = map[ArticleType]struct{ create, update string }{
	ArticleAddition:  {"POST /v1/Admin/Articles/Addition", "PUT /v1/Admin/Articles/Addition/{id}"},
	ArticleAllowance: {"POST /v1/Admin/Articles/Allowance", "PUT /v1/Admin/Articles/Allowance/{id}"},
	ArticleEquipment: {"POST /v1/Admin/Articles/Equipment", "PUT /v1/Admin/Articles/Equipment/{id}"},
	ArticleMaterial:  {"POST /v1/Admin/Articles/Material", "PUT /v1/Admin/Articles/Material/{id}"},
	ArticleTime:      {"POST /v1/Admin/Articles/Time", "PUT /v1/Admin/Articles/Time/{id}"},
}

// Create adds an article of one kind and returns it. ErrInvalidInput for
// [ArticleAll] and unknown kinds and, unless [WithoutChecks] says otherwise, without
// a name, for a number of more than 50 characters, a name of more than 200, a
// description of more than 500, and a price or cost with more than two decimals.
//
// API: POST /v1/Admin/Articles/Addition, …/Allowance, …/Equipment, …/Material
// or …/Time (inferred)
func (s *ArticlesService) Create(ctx context.Context, kind ArticleType, in *ArticleInput) (*Article, error) {
	ops, ok := articleOps[kind]
	if !ok {
		return nil, invalid("POST /v1/Admin/Articles/{kind}", "there are no articles of the kind %s", quote(string(kind)))
	}
	return fetch[Article](ctx, s.client, ops.create, nil, in)
}

// Update replaces an article: what in leaves out is cleared. [Article.Input] gives
// all of it to begin with. kind is the article's own; ErrInvalidInput as in
// [ArticlesService.Create].
//
// API: PUT /v1/Admin/Articles/Addition/{id}, …/Allowance/{id}, …/Equipment/{id},
// …/Material/{id} or …/Time/{id} (inferred)
func (s *ArticlesService) Update(ctx context.Context, kind ArticleType, id int64, in *ArticleInput) (*Article, error) {
	ops, ok := articleOps[kind]
	if !ok {
		return nil, invalid("PUT /v1/Admin/Articles/{kind}/{id}", "there are no articles of the kind %s", quote(string(kind)))
	}
	return put(ctx, s.client, ops.update, in, s.Get, id)
}
